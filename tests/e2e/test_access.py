"""Who gets in, and how. First of all: this folder's server has had no visitor before."""

from __future__ import annotations

import httpx
import pytest

from tests.crash.desk import ADMIN
from tests.crash.waiting import wait_for
from tests.e2e.conftest import App
from tests.e2e.person import Person


def test_a_deep_link_is_the_first_thing_a_fresh_server_sees(stranger: Person) -> None:
    """Streamlit would run pages/ by itself, or call the page unknown, until app.py has run once."""
    stranger.open("/bulk_refund?operation=nobody")

    stranger.sees("Sign in to Credit Desk")
    stranger.does_not_see("Page not found")
    stranger.does_not_see("There is nothing at this address")


@pytest.mark.parametrize("address", ["/batch_cancellation", "/operations", "/"])
def test_no_page_shows_anything_signed_out(stranger: Person, address: str) -> None:
    stranger.open(address)

    stranger.sees("Sign in to Credit Desk")
    assert not stranger.page.get_by_test_id("stDataFrame").count()


def test_signing_in_leads_back_to_where_one_wanted_to_go(stranger: Person) -> None:
    stranger.open("/batch_cancellation?plan=nobody")

    stranger.sign_in(ADMIN)

    stranger.sees("There is nothing at this address")
    assert stranger.page.url.endswith("/batch_cancellation?plan=nobody")


def test_signing_out_shuts_the_desk(stranger: Person) -> None:
    stranger.open("/operations")
    stranger.sign_in(ADMIN)

    stranger.press(ADMIN)
    stranger.page.get_by_role("menuitem", name="Sign out").click()

    stranger.sees("Sign in to Credit Desk")


def test_signing_out_in_one_tab_shuts_the_other(stranger: Person) -> None:
    stranger.open("/operations")
    stranger.sign_in(ADMIN)
    other = Person(stranger.page.context.new_page(), stranger.origin)
    other.open("/audit")

    stranger.press(ADMIN)
    stranger.page.get_by_role("menuitem", name="Sign out").click()
    stranger.sees("Sign in to Credit Desk")
    other.press("CSV")
    other.sees("Failed to generate file for download")
    other.press("Verify the whole log")

    other.sees("Your sign-in has ended")
    assert not other.page.get_by_test_id("stDataFrame").count()


def test_who_has_no_role_is_told_whom_to_ask(stranger: Person) -> None:
    stranger.open("/bulk_refund")
    stranger.press("Sign in as Sam Staff")

    stranger.sees("Bulk refund is not open to you")
    stranger.sees("Ask an admin")


def test_every_answer_carries_the_headers(app: App) -> None:
    answer = httpx.get(app.origin, timeout=60)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_streamlit_s_metrics_are_nobody_s_business(app: App) -> None:
    assert 404 == httpx.get(f"{app.origin}/_stcore/metrics", timeout=60).status_code


def test_readiness_tells_its_parts_to_the_monitoring_alone(app: App) -> None:
    def found(headers: dict[str, str]) -> dict[str, object]:
        url = f"{app.origin}/api/readyz"
        return dict(httpx.get(url, headers=headers, timeout=60).json())

    wait_for(lambda: found({})["status"] == "ready")
    assert {"status"} == found({}).keys()
    assert "1 at work" in str(found(app.desk.bearer)["parts"])


def test_a_stranger_s_address_is_never_led_to(app: App) -> None:
    """The way back is kept in a cookie, which anybody can set in their own browser."""
    answer = httpx.get(
        f"{app.origin}/auth/login",
        headers={"Referer": "https://evil.test/bulk_refund", "Sec-Fetch-Site": "same-origin"},
        timeout=60,
    )

    assert "credit_desk_wanted=%2F;" in answer.headers["set-cookie"]
