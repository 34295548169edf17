"""One bulk refund, from the sign-in to the last credit in both stores."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.crash.desk import BOOKINGS, Counter_
from tests.crash.school import School
from tests.crash.waiting import wait_for
from tests.e2e.conftest import App
from tests.e2e.person import Person

WILL = "will change"
TOKEN = "Clinical Skills Token"


def gains(rows: list[dict[str, str]]) -> Counter[Counter_]:
    """What the preview's CSV promises: credits by student and type."""
    return Counter((row["contact_id"], row["credit"]) for row in rows if row["verdict"] == WILL)


def test_a_refund_lands_in_both_stores(admin: Person, app: App) -> None:
    admin.open("/bulk_refund")
    admin.tick(0, 1, 2, 3, 4, 5, told="6 exams selected")
    assert not admin.faults_of_access()
    admin.press("Preview")
    back = admin.figure("To give back")
    promised = admin.download("CSV")
    before = app.desk.balances(gains(promised))
    assert back == gains(promised).total() > 0
    assert not admin.faults_of_access()

    operation = admin.confirm("Venue closed", "Give back")
    admin.sees("Nothing has been changed yet.")
    assert not admin.faults_of_access()
    app.desk.until_ended({"operation": operation})
    admin.sees(f"{back} of {len(promised)} bookings refunded, {back} credits given back")
    assert not admin.faults_of_access()

    after = {counter: n + gains(promised)[counter] for counter, n in before.items()}
    assert after == app.desk.balances(after)
    wait_for(lambda: app.desk.mirrored(after) == after)
    ids = [row["record_id"] for row in promised if row["verdict"] == WILL]
    refunded = app.desk.objects(BOOKINGS, ids, ["token_refunded"])
    assert {"true"} == {row["token_refunded"] for row in refunded.values()}


@dataclass(frozen=True)
class Refunded:
    """What the newest operation of all gave back."""

    operation: str
    bookings: list[str]


@pytest.fixture
def refunded(app: App, request: pytest.FixtureRequest) -> Refunded:
    school = School(app.desk, tag=request.node.name)
    student = school.contact()
    bookings = [
        school.booking(student, school.exam("Clinical Skills", day=day), TOKEN, status="Cancelled")
        for day in (90, 91)
    ]
    operation = app.desk.core("refund", "--ids", ",".join(bookings), "--reason", "Given before")
    app.desk.until_ended(operation)
    return Refunded(operation["operation"], bookings)


def test_the_same_choice_again_changes_nothing(admin: Person, refunded: Refunded) -> None:
    admin.open("/bulk_refund")
    admin.page.get_by_role("radio", name="Pasted list").click()
    admin.write("Bookings, one per line", "\n".join(refunded.bookings))
    admin.press("Preview")

    admin.sees("Nothing to confirm")
    assert 0 == admin.figure("To give back")


def test_the_result_is_there_tomorrow_and_in_the_record(admin: Person, refunded: Refunded) -> None:
    admin.open("/operations")
    admin.sees("New bulk refund")
    admin.press_in_row(0)

    assert refunded.operation == admin.operation()
    admin.sees("2 of 2 bookings refunded")
    admin.page.get_by_role("radio", name="Writes").or_(
        admin.page.get_by_role("button", name="Writes")
    ).first.click()
    admin.sees("Against HubSpot's history")
    assert not admin.faults_of_access()


def test_an_undo_leaves_both_stores_as_they_were_before_the_refund(
    admin: Person, app: App, refunded: Refunded
) -> None:
    admin.open("/operations")
    admin.sees("New bulk refund")
    admin.press_in_row(0)
    assert refunded.operation == admin.operation()
    admin.press("Undo this refund")
    back = admin.figure("To take back")
    promised = admin.download("CSV")
    before = app.desk.balances(gains(promised))
    assert back == gains(promised).total() > 0
    assert not admin.faults_of_access()

    operation = admin.confirm("Wrong exams", "Take back")
    admin.sees("Nothing has been changed yet.")
    app.desk.until_ended({"operation": operation})
    admin.sees(f"{back} of {back} bookings owed again, {back} credits taken back.")
    assert not admin.faults_of_access()

    after = {counter: n - gains(promised)[counter] for counter, n in before.items()}
    assert after == app.desk.balances(after)
    wait_for(lambda: app.desk.mirrored(after) == after)
    ids = [row["record_id"] for row in promised if row["verdict"] == WILL]
    marks = app.desk.objects(BOOKINGS, ids, ["token_refunded"])
    assert {""} == {row["token_refunded"] or "" for row in marks.values()}

    admin.page.get_by_role("link", name="The refund that this takes back").click()
    admin.sees(f"{back} credits taken back by")
    admin.open("/bulk_refund?by=Owed")
    admin.sees(f"{back} more credits were taken back by an undo")
    assert not admin.faults_of_access()
