"""One batch cancellation: called off, then left to run with the tab closed."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import BrowserContext

from tests.crash.desk import BOOKINGS, Counter_
from tests.crash.waiting import wait_for
from tests.e2e.conftest import App
from tests.e2e.person import Person
from tests.e2e.test_refund import WILL, gains

EXAMS = (0, 1)


def preview(person: Person) -> list[dict[str, str]]:
    person.open("/batch_cancellation")
    person.tick(*EXAMS, told="2 exams selected")
    person.press("Preview")
    assert person.figure("To cancel") > 0
    return person.download("CSV")


def statuses(app: App, rows: list[dict[str, str]]) -> set[str]:
    ids = [row["record_id"] for row in rows if row["verdict"] == WILL]
    return {row["is_active"] for row in app.desk.objects(BOOKINGS, ids, ["is_active"]).values()}


def test_called_off_in_time_changes_nothing(admin: Person, app: App) -> None:
    promised = preview(admin)
    before = app.desk.balances(credited(promised))

    admin.confirm("Wrong exam", "Cancel")
    admin.press("Withdraw")

    admin.sees("Withdrawn before it started. Nothing was changed.")
    assert {"Active"} == statuses(app, promised)
    assert before == app.desk.balances(before)


def test_a_closed_tab_stops_nothing(
    admin: Person, app: App, context_of_admin: BrowserContext
) -> None:
    promised = preview(admin)
    before = app.desk.balances(credited(promised))

    operation = admin.confirm("Venue closed", "Cancel")
    address = admin.page.url.removeprefix(app.origin)
    admin.page.close()
    later = Person(context_of_admin.new_page(), app.origin)
    later.open(address)

    app.desk.until_ended({"operation": operation})
    later.sees("bookings cancelled")
    assert {"Cancelled"} == statuses(app, promised)
    after = {counter: n + credited(promised)[counter] for counter, n in before.items()}
    assert after == app.desk.balances(after)
    wait_for(lambda: app.desk.mirrored(after) == after)
    assert not later.faults_of_access()


def credited(rows: list[dict[str, str]]) -> Counter[Counter_]:
    return gains([row for row in rows if row["credit"]])
