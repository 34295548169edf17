from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.access.sign_ins import RECORD
from core.app import wiring
from core.credits.errors import JournalError, StoreFull
from core.credits.roles import Grant, Role
from pages.shared import gate
from pages.shared.places import BULK_REFUND, CONTACTS, OVERVIEW, PEOPLE, PLACES, Place
from scripts.processes import ROOT
from tests.pages.acts import press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, ADMIN, NOON, Stage, come_in, signed_in

MANAGER = "manager@example.test"


def test_the_bare_address_leads_to_the_overview(made: Stage) -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = dict(come_in(made.journal, signed_in(email=ADMIN)))

    assert "Overview" == at.run().title[0].value


@pytest.mark.parametrize("who", [{}, signed_in(email=ADMIN)], ids=["signed out", "signed in"])
@pytest.mark.parametrize("script", ["app.py", BULK_REFUND.path], ids=["home", "a page"])
def test_pages_without_a_desk_behind_them_say_what_to_run(
    script: str, who: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``streamlit run app.py`` serves them."""
    monkeypatch.setattr(wiring, "_core", None)
    at = AppTest.from_file(str(ROOT / script), default_timeout=60)
    at.user = who
    at.run()

    assert ["Start Credit Desk with asgi.py"] == [title.value for title in at.title]
    assert "python -m streamlit run asgi.py" == at.code[0].value
    assert not at.button


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_nobody_sees_a_page_signed_out(open_page: Open, place: Place) -> None:
    at = open_page(place, who={})

    assert ["Sign in to Credit Desk"] == [title.value for title in at.title]
    assert not at.dataframe


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_a_stranger_is_told_whom_to_ask(open_page: Open, place: Place) -> None:
    at = open_page(place, who=signed_in(email="eve@example.test"))

    assert f"{place.title} is not open to you" == at.title[0].value
    assert "Ask an admin" in at.warning[0].value
    assert not at.dataframe


@pytest.mark.parametrize(
    ("role", "place", "open_to", "first"),
    [
        (Role.STAFF, BULK_REFUND, "admins", "Contacts"),
        (Role.STAFF, OVERVIEW, "managers and admins", "Contacts"),
        (Role.MANAGER, PEOPLE, "admins", "Overview"),
    ],
)
def test_whose_page_it_is_and_whom_to_ask_is_said_and_one_is_led_on(
    open_page: Open, made: Stage, role: Role, place: Place, open_to: str, first: str
) -> None:
    made.journal.grant(Grant(email=MANAGER, role=role, by=ADMIN, at=NOON))
    at = open_page(place, who={"email": MANAGER})

    assert f"{place.title} is not open to you" == at.title[0].value
    assert at.markdown[0].value.endswith(f"This page is open to {open_to}.")
    assert f"The admin {ADMIN} may, or can give the role" in said(at)
    assert f"Go to {first}" == at.button(key="lead_on").label
    assert first == press(at, "lead_on").title[0].value


def test_a_stranger_is_led_nowhere_and_told_no_names(open_page: Open) -> None:
    at = open_page(OVERVIEW, who=signed_in(email="eve@example.test"))

    assert ["Sign out"] == [button.label for button in at.button]
    assert ADMIN not in said(at)


def test_an_address_its_provider_did_not_verify_is_nobody_s(open_page: Open) -> None:
    claims = signed_in(email=ADMIN, email_verified=False)

    at = open_page(BULK_REFUND, who=claims)

    assert "Bulk refund is not open to you" == at.title[0].value


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (JournalError("the store postgresql://db failed"), "The desk's database does not answer"),
        (StoreFull("the disk of postgresql://db is full"), "The desk's disk is full"),
    ],
)
def test_while_the_database_is_away_nobody_is_let_in_and_that_is_said_without_its_words(
    open_page: Open,
    made: Stage,
    monkeypatch: pytest.MonkeyPatch,
    error: JournalError,
    title: str,
) -> None:
    def away(_: object) -> None:
        raise error

    monkeypatch.setattr(type(made.core.sign_ins), "require", lambda _self, claims: away(claims))

    at = open_page(BULK_REFUND)

    assert [title] == [each.value for each in at.title]
    assert "Confirmed operations are kept, and each is carried out once." in said(at)
    assert "postgresql" not in said(at)
    assert not at.button


def test_a_sign_in_ends_with_its_token(open_page: Open, made: Stage) -> None:
    exp = (NOON + timedelta(minutes=5)).timestamp()
    at = open_page(BULK_REFUND, who=signed_in(email=ADMIN, exp=exp))
    assert "Bulk refund" == at.title[0].value

    made.clock.pass_(minutes=5)
    at.run()

    assert "Your sign-in has ended" == at.title[0].value
    assert "What you clicked after it ended was not done." in said(at)


def test_a_page_asks_the_store_once_who_is_there(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The navigation and the gate of one run share what was found."""
    made.journal.grant(Grant(email=MANAGER, role=Role.MANAGER, by=ADMIN, at=NOON))
    at = open_page(CONTACTS, who={"email": MANAGER})
    asked: list[str] = []
    for name in ("sign_in", "granted", "grants", "account"):
        ask = getattr(made.journal, name)

        def noted(*given: object, name: str = name, ask: Callable[..., Any] = ask) -> Any:
            asked.append(name)
            return ask(*given)

        monkeypatch.setattr(made.journal, name, noted)
    at.run()

    assert "Contacts" == at.title[0].value
    assert ["account", "granted", "grants", "sign_in"] == sorted(asked)


def test_what_the_navigation_found_is_for_one_page_and_the_same_sign_in(
    made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = come_in(made.journal, signed_in(email=ADMIN))
    monkeypatch.setattr(gate, "signed_in", lambda: claims)

    gate.visible()
    assert ACTOR == gate._just_found(claims)
    assert gate._just_found(claims) is None

    gate.visible()
    assert gate._just_found({**claims, RECORD: "another"}) is None

    gate.visible()
    made.journal.end_sign_in(str(claims[RECORD]))
    assert [] == gate.visible()
    assert gate._just_found(claims) is None


def test_a_sign_in_without_an_end_lasts_a_working_day(open_page: Open, made: Stage) -> None:
    claims = signed_in(email=ADMIN)
    made.clock.pass_(hours=12)

    at = open_page(BULK_REFUND, who=claims)

    assert "Your sign-in has ended" == at.title[0].value


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "never"},
        {"exp": float("nan")},
        {"exp": 1e300},
        {"iat": None},
        {"iat": 4e9},
    ],
    ids=str,
)
def test_claims_that_cannot_be_read_open_nothing(open_page: Open, claims: dict[str, Any]) -> None:
    at = open_page(BULK_REFUND, who={"email": ADMIN} | claims)

    assert "Your sign-in has ended" == at.title[0].value
    assert not at.exception


def test_a_provider_that_does_not_say_verified_opens_nothing_and_is_told(open_page: Open) -> None:
    at = open_page(BULK_REFUND, who={"email": ADMIN, "email_verified": None})

    assert "Bulk refund is not open to you" == at.title[0].value
    assert "CREDIT_DESK_UNVERIFIED_PROVIDERS" in said(at)


def test_only_allowed_domains_come_in(open_page: Open, made: Stage) -> None:
    access = replace(made.core.access, domains=("school.test",))
    with wiring.use(replace(made.core, access=access)):
        at = open_page(BULK_REFUND)

    assert "Bulk refund is not open to you" == at.title[0].value
    assert "only addresses of school.test" in said(at)
