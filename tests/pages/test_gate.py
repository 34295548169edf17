from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.places import BULK_REFUND, PLACES, Place
from scripts.processes import ROOT
from tests.pages.conftest import Open
from tests.pages.stage import ADMIN, NOON, Stage


def test_the_bare_address_leads_to_the_operations(made: Stage) -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.user = {"is_logged_in": True, "email": ADMIN}

    assert "Operations" == at.run().title[0].value


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_nobody_sees_a_page_signed_out(open_page: Open, place: Place) -> None:
    at = open_page(place, who={})

    assert ["Sign in to Credit Desk"] == [title.value for title in at.title]
    assert not at.dataframe


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_a_stranger_is_told_whom_to_ask(open_page: Open, place: Place) -> None:
    at = open_page(place, who={"is_logged_in": True, "email": "eve@example.test"})

    assert f"{place.title} is not open to you" == at.title[0].value
    assert "Ask an admin" in at.warning[0].value
    assert not at.dataframe


def test_an_address_its_provider_did_not_verify_is_nobody_s(open_page: Open) -> None:
    claims = {"is_logged_in": True, "email": ADMIN, "email_verified": False}

    at = open_page(BULK_REFUND, who=claims)

    assert "Bulk refund is not open to you" == at.title[0].value


def test_a_sign_in_ends_with_its_token(open_page: Open, made: Stage) -> None:
    exp = (NOON + timedelta(minutes=5)).timestamp()
    at = open_page(BULK_REFUND, who={"is_logged_in": True, "email": ADMIN, "exp": exp})
    assert "Bulk refund" == at.title[0].value

    made.clock.pass_(minutes=5)
    at.run()

    assert "Your sign-in has ended" == at.title[0].value


def test_a_sign_in_without_an_end_lasts_a_working_day(open_page: Open, made: Stage) -> None:
    claims = {"is_logged_in": True, "email": ADMIN, "iat": NOON.timestamp()}
    made.clock.pass_(hours=12)

    at = open_page(BULK_REFUND, who=claims)

    assert "Your sign-in has ended" == at.title[0].value
