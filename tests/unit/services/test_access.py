"""Who has which role, who gives it, and what becomes of what they confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.api_key_rules import Scope
from core.access.people import BY_SETTINGS, Access
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Act, Actor, NotAllowed, Role
from core.operations.states import OperationState
from tests.unit.services.desk import ADMIN, CS, TestDesk

BEN = "ben@example.test"


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
    held = desk.core.operating.confirm(plan.id, ben, reason="the last day")

    desk.core.access.withdraw(BEN, ADMIN)
    desk.time += timedelta(minutes=1)
    ended = desk.carry(held)

    assert ended.state is OperationState.CALLED_OFF
    assert desk.held("1", "cs_credits") == 2
    (event,) = (e for e in desk.core.operating.history(held.id, ADMIN) if e.what == "called off")
    assert event.detail["detail"] == f"{BEN} may no longer {Act.RUN_BATCHES}"


def test_what_has_begun_goes_on_when_its_admin_is_withdrawn(desk: TestDesk) -> None:
    """Half a change is worse than a whole one: an admin can stop it."""
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    ben = Actor(email=BEN, role=Role.ADMIN)
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)
    held = desk.core.operating.confirm(desk.plan("51", actor=ben).id, ben, reason="the last day")
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
    claims = {"email": ADMIN.email, "email_verified": True}

    assert access.signed_in(claims) == access.actor(ADMIN.email)
    with pytest.raises(NotAllowed):
        access.signed_in(claims | {"email_verified": False})


def test_nobody_signs_in_as_an_api_client(desk: TestDesk) -> None:
    """Whatever address a provider vouches for: a key opens the API, not a page."""
    key, _ = desk.core.admitting.make("app", [Scope.READ, Scope.BOOK], ADMIN)
    claims = {"email": key.address, "email_verified": True}
    assert desk.core.access.actor(key.address) == key.actor

    with pytest.raises(NotAllowed, match="API clients do not sign in"):
        desk.core.access.signed_in(claims)
