"""People: who has which role, and the forms by which admins change it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.access.people import BY_SETTINGS
from core.app import wiring
from core.credits.roles import ALLOWED, Grant, Role
from core.operations.approval_rules import SecondAdmin
from pages.shared import pace
from pages.shared.access.people.pending import WORDS
from pages.shared.places import CONTACTS, OPERATIONS, OVERVIEW, PEOPLE, PLACES, Place
from scripts.processes import ROOT
from tests.pages.acts import frame_with, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ADMIN, Stage, come_in, signed_in, stage

BEN = "ben@example.test"


def give(made: Stage, role: Role, email: str = BEN) -> None:
    made.journal.grant(Grant(email=email, role=role, by=ADMIN, at=made.clock()))


def as_(email: str) -> dict[str, object]:
    return signed_in(email=email)


def give_on_page(at: AppTest, email: str, role: Role) -> AppTest:
    at.text_input(key="give_email").input(email)
    at.radio(key="give_role").set_value(role)
    return at.button(key="give_sure").click().run()


def test_everybody_with_a_role_is_listed_with_who_gave_it(open_page: Open, made: Stage) -> None:
    give(made, Role.MANAGER)

    shown = frame_with(open_page(PEOPLE), "Role", "Person")

    assert [ADMIN, BEN] == list(shown["Person"])
    assert [["Admin"], ["Manager"]] == list(shown["Role"])
    assert [f"the setting {BY_SETTINGS}", ADMIN] == list(shown["Given by"])


@pytest.mark.parametrize("role", list(Role))
def test_an_admin_gives_a_role(open_page: Open, made: Stage, role: Role) -> None:
    at = give_on_page(open_page(PEOPLE), " Ben@Example.test ", role)

    assert made.journal.granted(BEN) is role
    assert f"{BEN} is now {WORDS[role]}." in said(at)
    assert BEN in list(frame_with(at, "Person")["Person"])
    assert "" == at.text_input(key="give_email").value


def test_giving_another_role_says_what_it_was(open_page: Open, made: Stage) -> None:
    give(made, Role.STAFF)

    assert "is now Manager, Staff before." in said(
        give_on_page(open_page(PEOPLE), BEN, Role.MANAGER)
    )


@pytest.mark.parametrize("email", ["", "ben", ADMIN])
def test_a_slip_is_told_and_changes_nothing(open_page: Open, made: Stage, email: str) -> None:
    at = give_on_page(open_page(PEOPLE), email, Role.STAFF)

    assert "Nothing was changed." in said(at)
    assert [] == made.journal.grants()


def test_the_ticked_person_s_role_is_withdrawn(open_page: Open, made: Stage) -> None:
    give(made, Role.MANAGER)
    at = tick(open_page(PEOPLE), "people_", [1])
    assert f"Remove the role Manager from {BEN}" == at.button(key="withdraw").label

    at.button(key="withdraw").click().run()

    assert made.journal.granted(BEN) is None
    assert f"{BEN} has no role any more." in said(at)


def test_an_admin_of_the_settings_has_no_button(open_page: Open) -> None:
    at = tick(open_page(PEOPLE), "people_", [0])

    assert "is changed in the settings" in said(at)
    assert "withdraw" not in {button.key for button in at.button}


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_others_are_refused(open_page: Open, made: Stage, role: Role) -> None:
    give(made, role)

    at = open_page(PEOPLE, who=as_(BEN))

    assert "People is not open to you" == at.title[0].value
    assert not at.dataframe


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_each_role_opens_exactly_its_pages(
    open_page: Open, made: Stage, role: Role, place: Place
) -> None:
    give(made, role)

    at = open_page(place, who=as_(BEN))

    refused = at.title[0].value == f"{place.title} is not open to you"
    assert refused == (place.act not in ALLOWED[role])
    assert not at.exception


@pytest.mark.parametrize(
    ("role", "home"),
    [(Role.STAFF, CONTACTS), (Role.MANAGER, OVERVIEW), (Role.ADMIN, OVERVIEW)],
)
def test_the_bare_address_leads_to_a_page_of_one_s_own(
    made: Stage, role: Role, home: Place
) -> None:
    give(made, role)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = dict(come_in(made.journal, as_(BEN)))

    assert home.title == at.run().title[0].value


def test_the_bare_address_lets_people_sign_in_before_it_leads_anywhere(made: Stage) -> None:
    del made
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = {}

    assert "Sign in to Credit Desk" == at.run().title[0].value


def test_who_loses_the_role_loses_the_page_at_the_next_click(open_page: Open, made: Stage) -> None:
    give(made, Role.MANAGER)
    at = open_page(OPERATIONS, who=as_(BEN))
    assert "Operations" == at.title[0].value

    made.journal.withdraw(BEN, by=ADMIN, at=made.clock())

    assert "Operations is not open to you" == at.run().title[0].value


DEE = "dee@example.test"


@pytest.fixture
def two() -> Iterator[Stage]:
    """A new admin needs the word of a second one."""
    made = stage(second=SecondAdmin(for_admins=True))
    give(made, Role.ADMIN, DEE)
    made.clock.pass_(hours=1)
    with wiring.use(made.core):
        yield made


def people(made: Stage, email: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    came = signed_in(email=email, iat=made.clock().timestamp())
    at.user = dict(come_in(made.journal, came))
    at.session_state[pace.PAINTED] = True
    return at.run().switch_page(str(ROOT / PEOPLE.path)).run()


def test_a_new_admin_waits_until_another_admin_approves(two: Stage) -> None:
    at = give_on_page(people(two, ADMIN), BEN, Role.ADMIN)
    assert f"Another admin must approve that {BEN} becomes Admin." in said(at)
    assert two.journal.granted(BEN) is None
    assert f"{ADMIN} asked for it, so another admin has to approve it." in said(at)
    assert f"yes_{BEN}" not in {button.key for button in at.button}

    other = people(two, DEE)
    assert f"**{ADMIN}** asks that **{BEN}** becomes Admin" in said(other)
    other.button(key=f"yes_{BEN}").click().run()

    assert f"{BEN} is now Admin." in said(other)
    assert two.journal.granted(BEN) is Role.ADMIN


@pytest.mark.parametrize(("who", "word"), [(ADMIN, "Withdraw"), (DEE, "Refuse")])
def test_a_request_can_be_refused_or_withdrawn(two: Stage, who: str, word: str) -> None:
    give_on_page(people(two, ADMIN), BEN, Role.ADMIN)
    at = people(two, who)
    assert f"{word} the request" == at.button(key=f"no_{BEN}").label

    at.button(key=f"no_{BEN}").click().run()

    assert f"{BEN} does not become Admin." in said(at)
    assert ([], None) == (two.journal.role_requests(), two.journal.granted(BEN))


def test_a_plus_address_of_somebody_with_a_role_is_told(open_page: Open) -> None:
    alias = ADMIN.replace("@", "+two@")

    at = give_on_page(open_page(PEOPLE), alias, Role.ADMIN)

    assert f"This address and {ADMIN} are the same mailbox" in said(at)


def test_another_account_is_refused_until_an_admin_accepts_it_here(
    open_page: Open, made: Stage
) -> None:
    give(made, Role.MANAGER)
    other = {"email": BEN, "sub": "another"}
    assert "Operations" == open_page(OPERATIONS, who=as_(BEN)).title[0].value
    refused = open_page(OPERATIONS, who=other)
    assert "Operations is not open to you" == refused.title[0].value
    assert "belongs to another account here" in said(refused)

    at = open_page(PEOPLE)
    assert f"**{BEN}**: account another at https://" in said(at)
    at.button(key=f"accept_{BEN}").click().run()

    assert f"The other account now signs in as {BEN}." in said(at)
    assert "Operations" == open_page(OPERATIONS, who=other).title[0].value
    assert "Operations is not open to you" == open_page(OPERATIONS, who=as_(BEN)).title[0].value
