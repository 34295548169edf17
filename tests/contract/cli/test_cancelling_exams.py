"""Cancelling an exam from the command line, over the real stack."""

from __future__ import annotations

from core.cli import cancelling_exams, lookup  # noqa: F401 - they add their commands
from core.domain.credits import SCHOOL
from tests.contract.cli.test_five_operations import Counter, counter  # noqa: F401

SJ, CS, *_ = SCHOOL.keys


def test_a_cancelled_exam_is_closed_in_both_stores_and_booked_by_nobody_until_it_is_reopened(
    counter: Counter,  # noqa: F811 - a fixture
) -> None:
    school, desk = counter.school, counter.desk
    exam, student = school.exam("Clinical Skills", day=90), school.contact(**{CS: 1})
    booking = ("book", "--contact", student, "--exam", exam, "--hand", "right", "--dry-run")

    closed = counter.says("cancel-exam", exam, "--reason", "the room is closed")

    assert closed["closed_in_hubspot"]
    assert "false" == counter.says("exams", "--id", exam)["open"]
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
