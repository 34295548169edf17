"""People: who has which role, and the forms by which admins change it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.access.people import BY_SETTINGS
from core.credits.roles import ALLOWED, Grant, Role
from pages.shared.access.people import listing
from pages.shared.places import CONTACTS, OPERATIONS, OVERVIEW, PEOPLE, PLACES, Place
from scripts.processes import ROOT
from tests.pages.acts import frame_with, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ADMIN, Stage, signed_in

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
    assert f"{BEN} is now {listing.WORDS[role]}." in said(at)
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
    at.user = as_(BEN)

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
