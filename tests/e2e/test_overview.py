"""The page that stays open all day: it follows by itself, disturbs nobody, and leads on."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.sync_api import expect

from core.credits.catalogue import SCHOOL
from core.drift.store.trends_port import Gauge, Measure
from tests.crash.desk import ADMIN
from tests.e2e.conftest import App
from tests.e2e.person import SLOW_MS, Person

#: And what the desk itself has counted of the other credits by then.
OWED = re.compile(r"7,3\d\d credits of cancelled bookings are owed to students\.")


def test_the_overview_follows_by_itself_closes_nothing_and_leads_to_where_it_is_mended(
    app: App, admin: Person
) -> None:
    admin.open("/")
    admin.page.wait_for_url(re.compile("/overview$"), timeout=SLOW_MS)
    admin.sees("System status")
    admin.does_not_see(OWED)
    admin.press(ADMIN)
    menu = admin.page.get_by_role("menuitem", name="Sign out")
    expect(menu).to_be_visible(timeout=SLOW_MS)

    counted = {"at": datetime.now(UTC), "gauge": Gauge.OWED, "of": SCHOOL.keys[0]}
    app.desk.journal.add_measures([Measure(**counted, value=7301)])  # type: ignore[arg-type]

    admin.sees(OWED)
    expect(menu).to_be_visible()
    admin.page.keyboard.press("Escape")
    assert not admin.faults_of_access()
    admin.page.get_by_role("link", name="Refund owed").click()
    admin.page.wait_for_url(re.compile("/bulk_refund"), timeout=SLOW_MS)
    chosen = admin.page.get_by_role("radio", name="Owed")
    expect(chosen).to_be_checked(timeout=SLOW_MS)
