"""Exam sessions: seats, filters, and when an activation is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.credits.records import TOTAL_BOOKINGS, Booking, BookingId, BookingStatus, Exam
from core.credits.sessions import (
    Counts,
    ExamChange,
    Opening,
    Session,
    SessionFilter,
    count,
    is_due,
    narrowed,
    places,
)

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def exam(id_: str = "1", seats: int | None = 3, **fields: Any) -> Exam:
    balances = {} if seats is None else {TOTAL_BOOKINGS: seats}
    return Exam(**{"id": id_, "balances": balances, "modified_at": NOON, **fields})


def booking(id_: int, status: BookingStatus) -> Booking:
    return Booking(id=BookingId(str(id_)), status=status, modified_at=NOON)


def test_a_seat_is_taken_until_its_booking_is_cancelled() -> None:
    statuses = [BookingStatus.ACTIVE, BookingStatus.COMPLETED, *[BookingStatus.CANCELLED] * 2]
    counts = count([booking(n, status) for n, status in enumerate(statuses)], owed=1)

    assert Counts(active=1, completed=1, cancelled=2, owed=1) == counts
    assert 2 == counts.seats


@pytest.mark.parametrize(
    ("seats", "counts", "drift"),
    [
        (5, Counts(active=3), 2),
        (1, Counts(active=3), -2),
        (3, Counts(active=2, completed=1), 0),
        (None, Counts(active=3), 0),
        (3, None, 0),
    ],
)
def test_the_drift_of_a_seat_count_is_nought_when_nobody_can_tell(
    seats: int | None, counts: Counts | None, drift: int
) -> None:
    assert drift == Session(exam=exam(seats=seats), counts=counts).drift


def test_filters_narrow_together_and_days_without_a_date_come_last() -> None:
    found = [
        Session(exam=exam("1", location="Calgary", mock_type="Mini-mock"), counts=None),
        Session(exam=exam("2", location="Online", mock_type="Mini-mock"), counts=None),
        Session(
            exam=exam("3", location="Calgary", mock_type="Mini-mock", exam_date=date(2026, 6, 1)),
            counts=None,
        ),
        Session(exam=exam("4", location="Calgary", is_active="scheduled"), counts=None),
    ]
    both = narrowed(found, SessionFilter(mock_type="Mini-mock", place="Calgary"))

    assert ["3", "1"] == [each.exam.id for each in both]
    assert ["4"] == [s.exam.id for s in narrowed(found, SessionFilter(opening=Opening.SCHEDULED))]
    assert ["Calgary", "Online"] == places(found)


@pytest.mark.parametrize(
    ("state", "hours", "due"),
    [
        ("scheduled", -1, True),
        ("scheduled", 0, True),
        ("scheduled", 1, False),
        ("scheduled", None, False),
        ("true", -1, False),
        ("false", -1, False),
    ],
)
def test_only_a_scheduled_exam_whose_time_has_come_is_due(
    state: str, hours: int | None, due: bool
) -> None:
    at = None if hours is None else NOON + timedelta(hours=hours)

    assert due is is_due(exam(is_active=state, scheduled_activation_at=at), NOON)


@pytest.mark.parametrize(("opening", "at"), [(Opening.SCHEDULED, None), (Opening.ACTIVE, NOON)])
def test_a_schedule_has_a_time_and_nothing_else_has(opening: Opening, at: datetime | None) -> None:
    with pytest.raises(ValueError, match="scheduled"):
        ExamChange(opening=opening, at=at)
