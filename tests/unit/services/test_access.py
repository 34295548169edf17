"""Who has which role, who gives it, and what becomes of what they confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.api_key_rules import Scope
from core.access.identities import Account
from core.access.people import BY_SETTINGS, Access
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Act, Actor, Grant, NotAllowed, Role, RoleRequest
from core.operations.approval_rules import SecondAdmin
from core.operations.states import OperationState
from tests.unit.services.desk import ADMIN, CS, TestDesk

BEN = "ben@example.test"


def claims_of(email: str, *, subject: str = "1", **more: object) -> dict[str, object]:
    account = {"iss": "https://id.example.test", "sub": subject}
    return {"email": email, "email_verified": True, **account, **more}


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def test_admins_of_the_settings_are_admins_whatever_the_journal_says(desk: TestDesk) -> None:
    assert desk.core.access.actor(f" {ADMIN.email.upper()} ").role is Role.ADMIN


@pytest.mark.parametrize("email", ["", "  ", "stranger@example.test"])
def test_who_has_no_role_is_told_whom_to_ask(desk: TestDesk, email: str) -> None:
    with pytest.raises(NotAllowed, match="Ask an admin"):
        desk.core.access.actor(email)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_was_given_holds_from_then_on(desk: TestDesk, role: Role) -> None:
    desk.core.access.grant("Ben@Example.test", role, ADMIN)

    assert desk.core.access.actor(BEN) == Actor(email=BEN, role=role)


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_only_admins_give_and_withdraw_and_see_people(desk: TestDesk, role: Role) -> None:
    other = Actor(email="x@example.test", role=role)
    access = desk.core.access
    for attempt in (
        lambda: access.grant(BEN, Role.ADMIN, other),
        lambda: access.withdraw(BEN, other),
        lambda: access.people(other),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert desk.journal.grants() == []


@pytest.mark.parametrize("email", ["", "ben", "ben@", "ben@host", "a b@example.test", "@x.test"])
def test_a_slip_in_the_address_gives_nobody_a_role(desk: TestDesk, email: str) -> None:
    with pytest.raises(BadList, match="not an e-mail address"):
        desk.core.access.grant(email, Role.STAFF, ADMIN)


def test_an_admin_of_the_settings_is_changed_there_alone(desk: TestDesk) -> None:
    with pytest.raises(StateConflict, match=BY_SETTINGS):
        desk.core.access.grant(ADMIN.email, Role.STAFF, ADMIN)
    with pytest.raises(StateConflict, match=BY_SETTINGS):
        desk.core.access.withdraw(ADMIN.email, ADMIN)


def test_withdrawing_from_who_has_none_says_so(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="has no role"):
        desk.core.access.withdraw(BEN, ADMIN)


def test_everybody_stands_in_the_list_once_settings_first(desk: TestDesk) -> None:
    desk.core.access.grant(BEN, Role.MANAGER, ADMIN)

    people = desk.core.access.people(ADMIN)

    assert [(p.email, p.role, p.by) for p in people] == [
        (ADMIN.email, Role.ADMIN, BY_SETTINGS),
        (BEN, Role.MANAGER, ADMIN.email),
    ]


def test_what_a_withdrawn_admin_had_confirmed_does_not_begin(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    ben = Actor(email=BEN, role=Role.ADMIN)
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)
    plan = desk.plan("51", actor=ben)
    held = desk.core.operation_commands.confirm(plan.id, ben, reason="the last day")

    desk.core.access.withdraw(BEN, ADMIN)
    desk.time += timedelta(minutes=1)
    ended = desk.carry(held)

    assert ended.state is OperationState.CALLED_OFF
    assert desk.held("1", "cs_credits") == 2
    (event,) = (
        e for e in desk.core.operation_commands.history(held.id, ADMIN) if e.what == "called off"
    )
    assert event.detail["detail"] == f"{BEN} may no longer {Act.RUN_BATCHES}"


def test_what_has_begun_goes_on_when_its_admin_is_withdrawn(desk: TestDesk) -> None:
    """Half a change is worse than a whole one: an admin can stop it."""
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    ben = Actor(email=BEN, role=Role.ADMIN)
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)
    held = desk.core.operation_commands.confirm(
        desk.plan("51", actor=ben).id, ben, reason="the last day"
    )
    desk.time = held.hold_until
    desk.journal.move(held.id, OperationState.RUNNING, at=desk.time, actor=BEN)

    desk.core.access.withdraw(BEN, ADMIN)

    assert desk.carry(held).state is OperationState.DONE
    assert desk.held("1", "cs_credits") == 3


@pytest.fixture
def school(desk: TestDesk) -> Access:
    """Only people of the school may be here."""
    return replace(desk.core.access, domains=("school.test",))


def test_an_address_of_another_domain_is_nobody_s_whatever_its_role(
    desk: TestDesk, school: Access
) -> None:
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)

    for email in (BEN, ADMIN.email, "ben@school.test.evil.test", "ben@evil-school.test"):
        with pytest.raises(NotAllowed, match="only addresses of"):
            school.actor(email)
    assert not school.may(BEN, Act.LOOK_UP)


def test_a_role_is_given_only_within_the_domains(school: Access) -> None:
    with pytest.raises(BadList, match="is not of"):
        school.grant(BEN, Role.STAFF, ADMIN)

    assert school.grant("Ben@School.test", Role.STAFF, ADMIN).email == "ben@school.test"
    assert school.actor("BEN@SCHOOL.TEST").role is Role.STAFF


def test_letters_that_fold_into_others_make_nobody_somebody_else(desk: TestDesk) -> None:
    """The long s and the Kelvin sign fold into s and k: two mailboxes would be one person."""
    desk.core.access.grant("sk@example.test", Role.ADMIN, ADMIN)
    twin = "\N{LATIN SMALL LETTER LONG S}\N{KELVIN SIGN}@example.test"
    assert twin.casefold() == "sk@example.test"

    with pytest.raises(NotAllowed):
        desk.core.access.actor(twin)
    with pytest.raises(BadList):
        desk.core.access.grant(twin, Role.STAFF, ADMIN)


def test_a_sign_in_is_worth_what_its_provider_vouches_for(desk: TestDesk) -> None:
    access = desk.core.access
    claims = claims_of(ADMIN.email)

    assert access.signed_in(claims) == access.actor(ADMIN.email)
    with pytest.raises(NotAllowed):
        access.signed_in(claims | {"email_verified": False})


def test_nobody_signs_in_as_an_api_client(desk: TestDesk) -> None:
    """Whatever address a provider vouches for: a key opens the API, not a page."""
    key, _ = desk.core.api_keys.make("app", [Scope.READ, Scope.BOOK], ADMIN)
    claims = {"email": key.address, "email_verified": True}
    assert desk.core.access.actor(key.address) == key.actor

    with pytest.raises(NotAllowed, match="API clients do not sign in"):
        desk.core.access.signed_in(claims)


LATER = timedelta(hours=1)
DEE, CY = "dee@example.test", "cy@example.test"


@pytest.fixture
def two() -> TestDesk:
    """A new admin needs the word of a second one; there are two."""
    made = TestDesk(second=SecondAdmin(for_admins=True), admins=[ADMIN.email, DEE])
    made.time += LATER
    return made


def admin(email: str) -> Actor:
    return Actor(email=email, role=Role.ADMIN)


def test_a_new_admin_waits_for_a_second_admin_where_the_settings_say_so(two: TestDesk) -> None:
    asked = two.core.access.grant("Ben@Example.test", Role.ADMIN, ADMIN)

    assert RoleRequest(email=BEN, role=Role.ADMIN, by=ADMIN.email, at=two.time) == asked
    assert [asked] == two.core.access.requests(ADMIN)
    with pytest.raises(NotAllowed, match="has no role"):
        two.core.access.actor(BEN)
    given = two.core.access.approve(BEN, admin(DEE))
    assert (BEN, Role.ADMIN, DEE) == (given.email, given.role, given.by)
    assert Role.ADMIN is two.core.access.actor(BEN).role
    assert [] == two.core.access.requests(ADMIN)


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_other_roles_need_one_admin(two: TestDesk, role: Role) -> None:
    two.core.access.grant(BEN, role, ADMIN)

    assert role is two.core.access.actor(BEN).role


@pytest.mark.parametrize("email", [ADMIN.email, ADMIN.email.upper()])
def test_nobody_approves_an_admin_they_asked_for(two: TestDesk, email: str) -> None:
    two.core.access.grant(BEN, Role.ADMIN, ADMIN)

    with pytest.raises(NotAllowed, match="another admin has to approve"):
        two.core.access.approve(BEN, admin(email))
    assert two.journal.granted(BEN) is None


def test_who_tries_to_approve_their_own_request_is_named_by_the_refusal(two: TestDesk) -> None:
    """So that it is in the audit as any other refusal is."""
    two.core.access.grant(BEN, Role.ADMIN, ADMIN)

    with pytest.raises(NotAllowed) as refusal:
        two.core.access.approve(BEN, ADMIN)
    assert ADMIN.email == refusal.value.who


def test_a_second_address_of_one_mailbox_is_no_second_admin() -> None:
    alias = ADMIN.email.replace("@", "+two@")
    desk = TestDesk(second=SecondAdmin(for_admins=True), admins=[ADMIN.email, alias, DEE])
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)

    with pytest.raises(NotAllowed, match="one mailbox"):
        desk.core.access.approve(BEN, admin(alias))
    assert {ADMIN.email: [alias]} == desk.core.access.same_people([ADMIN.email])
    assert [DEE] == desk.core.access.other_admins(ADMIN.email)


def test_who_became_an_admin_after_the_request_cannot_approve_it(two: TestDesk) -> None:
    two.core.access.grant(BEN, Role.ADMIN, ADMIN)
    two.time += LATER
    two.journal.grant(Grant(email=CY, role=Role.ADMIN, by=ADMIN.email, at=two.time))

    with pytest.raises(NotAllowed, match="became an admin after"):
        two.core.access.approve(BEN, admin(CY))
    assert [DEE] == two.core.access.seconds(ADMIN.email, two.time - LATER)


def test_a_request_ends_with_its_time_a_refusal_or_the_role_of_who_asked(two: TestDesk) -> None:
    access = two.core.access
    two.journal.grant(Grant(email=CY, role=Role.ADMIN, by=DEE, at=two.time))
    access.grant(BEN, Role.ADMIN, admin(CY))
    access.withdraw(CY, ADMIN)
    with pytest.raises(NotAllowed, match="may no longer give roles"):
        access.approve(BEN, admin(DEE))

    assert BEN == access.refuse(BEN, admin(DEE)).email
    with pytest.raises(BadList, match="nobody asks"):
        access.refuse(BEN, admin(DEE))

    access.grant(BEN, Role.ADMIN, ADMIN)
    two.time += timedelta(hours=24)
    assert [] == access.requests(ADMIN)
    with pytest.raises(BadList, match="its time is over"):
        access.approve(BEN, admin(DEE))


def test_a_lone_admin_is_told_that_nobody_can_approve() -> None:
    desk = TestDesk(second=SecondAdmin(for_admins=True))

    with pytest.raises(StateConflict, match=f"there is none: name two in {BY_SETTINGS}"):
        desk.core.access.grant(BEN, Role.ADMIN, ADMIN)


def test_another_account_with_the_address_is_refused_until_an_admin_accepts_it(
    desk: TestDesk,
) -> None:
    access = desk.core.access
    access.grant(BEN, Role.STAFF, ADMIN)
    first, other = claims_of(BEN), claims_of("Ben@example.test", subject="2")
    assert BEN == access.signed_in(first).email

    for _ in range(2):
        with pytest.raises(NotAllowed, match="belongs to another account here"):
            access.signed_in(other)
    [known] = access.strangers(ADMIN)
    assert known.other == Account(issuer="https://id.example.test", subject="2")
    assert BEN == access.signed_in(first).email, "the first one stays"

    access.accept(BEN, known.other, ADMIN)
    assert BEN.casefold() == access.signed_in(other).email.casefold()
    with pytest.raises(NotAllowed, match="belongs to another account"):
        access.signed_in(first)


def test_the_same_subject_of_another_provider_is_another_account(desk: TestDesk) -> None:
    desk.core.access.signed_in(claims_of(ADMIN.email))

    with pytest.raises(NotAllowed, match="belongs to another account"):
        desk.core.access.signed_in(claims_of(ADMIN.email, iss="https://evil.example.test"))


@pytest.mark.parametrize("missing", ["iss", "sub"])
def test_a_sign_in_without_an_account_is_refused(desk: TestDesk, missing: str) -> None:
    with pytest.raises(NotAllowed, match="does not name the account"):
        desk.core.access.signed_in(claims_of(ADMIN.email) | {missing: ""})


def test_a_stranger_without_a_role_leaves_no_account_behind(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        desk.core.access.signed_in(claims_of("eve@example.test"))

    assert [] == desk.journal.accounts()


def test_only_the_account_that_was_seen_is_accepted(desk: TestDesk) -> None:
    access = desk.core.access
    access.signed_in(claims_of(ADMIN.email))
    with pytest.raises(NotAllowed):
        access.signed_in(claims_of(ADMIN.email, subject="2"))
    seen = Account(issuer="https://id.example.test", subject="2")
    with pytest.raises(NotAllowed):
        access.signed_in(claims_of(ADMIN.email, subject="3"))

    with pytest.raises(BadList, match="no such account"):
        access.accept(ADMIN.email, seen, ADMIN)


def test_a_domain_is_bound_to_its_provider(desk: TestDesk) -> None:
    bound = replace(desk.core.access, bound={"example.test": ("google",)})

    with pytest.raises(NotAllowed, match="must sign in with google, and this sign-in is from"):
        bound.signed_in(claims_of(ADMIN.email, provider="microsoft"))
    with pytest.raises(NotAllowed, match="from default"):
        bound.signed_in(claims_of(ADMIN.email))
    assert [] == desk.journal.accounts()
    assert ADMIN.email == bound.signed_in(claims_of(ADMIN.email, provider="google")).email
