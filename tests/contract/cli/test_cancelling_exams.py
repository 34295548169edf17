"""Cancelling an exam from the command line, over the real stack."""

from __future__ import annotations

from typing import Any

from core.cli.commands import cancelling_exams, lookup  # noqa: F401 - they add their commands
from core.credits.catalogue import SCHOOL
from tests.contract.cli.test_five_operations import Before, Counter, counter  # noqa: F401
from tests.crash.waiting import wait_for

SJ, CS, *_ = SCHOOL.keys


def test_a_cancelled_exam_is_closed_in_both_stores_and_booked_by_nobody_until_it_is_reopened(
    counter: Counter,  # noqa: F811 - a fixture
) -> None:
    school, desk = counter.school, counter.desk
    exam, student = school.exam("Clinical Skills", day=90), school.contact(**{CS: 1})
    booking = ("book", "--contact", student, "--exam", exam, "--hand", "right", "--dry-run")

    closed = counter.says("cancel-exam", exam, "--reason", "the room is closed")

    assert closed["closed_in_hubspot"]
    assert "inactive" == counter.says("exams", "--id", exam)["state"]
    (row,) = desk.supabase.get("/hubspot_mock_exams", params={"hubspot_id": f"eq.{exam}"}).json()
    assert "false" == row["is_active"]
    assert closed["cancellation"] == counter.says("exams", "--id", exam)["cancellation"]
    assert "the room is closed" in closed["cancellation"]
    (refused,) = counter.says(*booking)["rows"]
    assert refused["why"].startswith("the exam is cancelled")

    counter.says("reopen-exam", exam, "--reason", "another room")

    assert counter.says("exams", "--id", exam)["cancellation"] is None
    (refused,) = counter.says(*booking)["rows"]
    assert refused["why"].startswith("the exam is not open for booking")


def test_an_exam_is_cancelled_with_its_bookings_as_one_act_with_one_report(
    counter: Counter,  # noqa: F811 - a fixture
) -> None:
    """One seat for two: one is moved, the other is cancelled."""
    school = counter.school
    here = school.exam("Clinical Skills", day=92)
    there = school.exam("Clinical Skills", day=93, left=1)
    students = [school.contact(**{CS: 1}) for _ in range(2)]
    for student in students:
        school.booking(student, here, "Clinical Skills Token")
    then = Before(counter)
    asked = ("cancel-exam", here, "--to", there, "--give-back")

    plan = counter.says(*asked, "--dry-run")

    assert (1, 1, {"given back": 1}, []) == (
        plan["move"], plan["cancel"], plan["credits"], plan["not_done"],
    )  # fmt: skip
    told = ("--tell", "--reason-for-students", "no heating")
    off = counter.refused(*asked, "--reason", "the room is closed", *told)
    assert "telling students is off" in off
    alone = counter.refused("cancel-exam", here, *told)
    assert "--tell goes with --give-back or --keep" in alone
    assert counter.says("exams", "--id", here)["cancellation"] is None
    counter.says(*asked, "--reason", "the room is closed")
    report = wait_for(lambda: _ended(counter, here))
    assert ("done", True, "", []) == (
        report["state"], report["closed"], report["why"], report["not_done"],
    )  # fmt: skip
    assert (1, 1, {CS: 1}) == (
        report["moved"]["done"], report["cancelled"]["done"], report["cancelled"]["credits"],
    )  # fmt: skip
    counter.begun += [report["moved"], report["cancelled"]]
    moved = [
        student
        for student in students
        if there in {booking["exam"] for booking in counter.says("contact", student)["bookings"]}
    ]
    (gone,) = [student for student in students if student not in moved]
    then.moved(gone, CS, 1)
    then.seats[here] -= 2
    then.seats[there] += 1
    then.is_so()


def _ended(counter: Counter, exam: str) -> dict[str, Any] | None:  # noqa: F811 - a class
    """The report of its act, once there is nothing more to come."""
    report = counter.says("exams", "--id", exam)["cancelling"]
    return dict(report) if report["state"] in {"done", "stopped"} else None
