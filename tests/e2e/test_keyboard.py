"""The main jobs by keyboard alone, and what keys never do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, expect

from core.credits.catalogue import SCHOOL
from tests.crash.school import School
from tests.e2e.conftest import App
from tests.e2e.person import SLOW_MS, Person

CS = SCHOOL.keys[1]
BEN = "ben@example.test"
TOKEN, ASKED = "Clinical Skills Token", "Asked for by Ben"
ITEMS = "Every booking of the operation with what became of it"
OPERATIONS, DRIFTS = "Operations, newest first", "Records that differ between HubSpot and Supabase"


@dataclass(frozen=True)
class Work:
    """What waits for the admin."""

    student: str
    #: Asked for by another admin.
    asked: str


@pytest.fixture
def work(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """A row that differs in Supabase, and a refund that waits for a second admin."""
    school = School(app.desk, tag="keyboard")
    student = school.contact(**{CS: 2})
    booking = school.booking(
        student, school.exam("Clinical Skills", day=110), TOKEN, status="Cancelled"
    )
    school.known_to_the_mirror()
    app.desk.until_copied()
    wrong = app.desk.supabase.patch(
        "/hubspot_contact_credits", params={"hubspot_id": f"eq.{student}"}, json={CS: 9}
    )
    wrong.raise_for_status()
    app.desk.core("sweep", "--full", fails=None)
    app.desk.core("roles", "grant", f"{BEN}=admin")
    monkeypatch.setitem(app.desk.environment, "CREDIT_DESK_SECOND_ADMIN_ABOVE_CREDITS", "0")
    asked = app.desk.core("refund", "--ids", booking, "--reason", ASKED, "--as", BEN)
    yield Work(student, asked["operation"])
    app.desk.core("roles", "withdraw", BEN)


def status(person: Person) -> Locator:
    return person.page.get_by_role("status").filter(has_text="Ticked: row 1")


def confirmed(person: Person, reason: str, button: str) -> str:
    """From a preview to its operation."""
    expect(person.page.get_by_role("textbox", name="Reason")).to_be_visible(timeout=SLOW_MS)
    person.tab_to("Reason")
    person.page.keyboard.type(reason)
    asked = person.page.get_by_label(re.compile("Type .* to confirm"))
    if asked.count():
        person.tab_to("Type")
        person.page.keyboard.type(re.findall(r"[\d,]+", asked.get_attribute("aria-label") or "")[0])
    expect(person.page.get_by_role("button", name=button)).to_be_enabled(timeout=SLOW_MS)
    person.tab_to(button)
    person.page.keyboard.press("Enter")
    operation = person.operation()
    person.sees("Nothing has been changed yet.")
    person.wait()
    return operation


def test_the_main_jobs_are_done_by_keyboard_alone(app: App, admin: Person, work: Work) -> None:
    """What is confirmed is held for a while: one waits while the next is done."""
    keyboard = admin.page.keyboard
    admin.open("/overview")

    # refund what is owed, from choosing on
    admin.go("r", "bulk_refund")
    admin.tab_to("Exam", whole=True)
    ways = admin.page.get_by_role("radio")
    for _ in range(ways.count() - 1):
        keyboard.press("ArrowRight")
    keyboard.press("Space")
    admin.sees("takes all of them")
    admin.tick_here("Owed credits, longest first", 0)
    expect(status(admin)).to_be_attached(timeout=SLOW_MS)
    admin.tab_to("Preview")
    keyboard.press("Enter")
    admin.sees("To give back")
    refund = confirmed(admin, "Owed for long", "Give back")

    # cancel an exam's bookings
    admin.go("b", "batch_cancellation")
    admin.tick_here("Exams to pick from", 2)
    admin.sees("1 exam selected")
    admin.tab_to("Preview")
    keyboard.press("Enter")
    admin.sees("To cancel")
    cancellation = confirmed(admin, "Venue closed", "Cancel")

    # approve what another admin asked for
    admin.go("p", "operations")
    admin.sees("awaits a second admin")
    admin.enter_row(OPERATIONS, ASKED)
    assert work.asked == admin.operation()
    approve = admin.page.get_by_role("button", name="Approve: give back")
    expect(approve).to_be_enabled(timeout=SLOW_MS)
    admin.tab_to("Approve: give back")
    keyboard.press("Enter")
    expect(approve).to_have_count(0, timeout=SLOW_MS)

    # repair what differs
    admin.open(f"/drift?find={work.student}")
    admin.keys_are_there()
    admin.enter_row(DRIFTS, work.student)
    admin.sees("Preview its repair")
    admin.tab_to("Preview its repair")
    keyboard.press("Enter")
    admin.sees("Both stores read")
    admin.tab_to("Reason")
    keyboard.type("By hand")
    repair = admin.page.get_by_role("button", name="Repair 1 record")
    expect(repair).to_be_enabled(timeout=SLOW_MS)
    admin.tab_to("Repair 1 record")
    keyboard.press("Enter")
    admin.sees("Repaired and verified")

    # what became of the others
    for operation in (refund, cancellation, work.asked):
        app.desk.until_ended({"operation": operation})
    admin.go("p", "operations")
    admin.enter_row(OPERATIONS, "Owed for long")
    admin.sees("1 of 1 booking refunded")
    admin.walk_to_row(ITEMS, 0)
    keyboard.press("Enter")
    admin.page.wait_for_url(re.compile(r"/contacts\?id=\d+$"), timeout=SLOW_MS)

    # keys that come faster than the focus moves
    admin.go("p", "operations")
    admin.focus_table(OPERATIONS)
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    assert app.desk.journal.operations()[1].id == admin.operation()
    assert {(work.student, CS): 3} == app.desk.balances([(work.student, CS)])


def test_keys_do_nothing_in_a_field_under_a_dialog_or_when_turned_off(admin: Person) -> None:
    page, keyboard = admin.page, admin.page.keyboard
    admin.open("/contacts")
    admin.keys_are_there()
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused(timeout=SLOW_MS)

    keyboard.type("g d ? /")
    expect(box).to_have_value("g d ? /")

    keyboard.press("Control+a")
    keyboard.press("Delete")
    admin.tab_to("All students as CSV")
    keyboard.press("?")
    single = page.get_by_role("switch", name="Single-key shortcuts")
    expect(single).to_be_focused(timeout=SLOW_MS)
    keyboard.press("g")
    keyboard.press("d")
    keyboard.press("Space")
    admin.sees("Anywhere (off)")
    keyboard.press("Escape")
    expect(single).to_have_count(0, timeout=SLOW_MS)
    keyboard.press("g")
    keyboard.press("d")
    admin.wait()
    assert page.url.endswith("/contacts")

    admin.open("/operations")
    admin.keys_are_there()
    keyboard.press("?")
    admin.tab_to("keyboard")
    expect(single).to_have_count(0)
    keyboard.press("Enter")
    expect(single).not_to_be_checked(timeout=SLOW_MS)
