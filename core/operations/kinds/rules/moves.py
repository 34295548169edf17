"""Bookings that are to go to one exam, looked at together: the student's day, and the seats. Pure.

Who comes first in the list has the seat; whoever finds none stays where they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from core.credits.catalogue import DayRule
from core.credits.moves import Student
from core.credits.records import Booking, BookingId, ContactId, Exam
from core.operations.booking_rules import (
    Seat,
    judge_day,
    judge_student,
    seats_left,
    seats_unreadable,
)
from core.operations.plans import Judgement, blocked
from core.operations.verdicts import Verdict, Why

#: A student of whom nothing was read.
_UNKNOWN = Student(contact=None)


def misfits(
    bookings: Sequence[Booking],
    to: Exam,
    students: Mapping[ContactId, Student],
    rule: DayRule,
    *,
    seated: Collection[BookingId] = (),
) -> dict[BookingId, Judgement]:
    """Why some of these do not fit at that exam, in this order. See ``MovingKind.misfits``."""
    unreadable = seats_unreadable(to)
    left = None if unreadable else seats_left(to)
    coming: dict[ContactId, list[Booking]] = {}
    faults: dict[BookingId, Judgement] = {}
    for booking in bookings:
        whose = booking.contact_id or ContactId("")
        student = students.get(whose, _UNKNOWN)
        others = [held for held in student.bookings if held.id != booking.id]
        there = coming.setdefault(whose, [])
        fault = judge_student(student.contact) or judge_day(
            [*others, *there], to.exam_date, to.mock_type, rule
        )
        if fault is None and booking.id not in seated:
            fault = unreadable or _no_seat(to, left)
            left = left if fault or left is None else left - 1
        if fault is None:
            there.append(replace(booking, exam_date=to.exam_date, mock_type=to.mock_type))
        else:
            faults[booking.id] = blocked(fault.why, fault.detail)
    return faults


def _no_seat(to: Exam, left: int | None) -> Seat | None:
    if left is None or left > 0:
        return None
    told = f"all {to.capacity} are taken, or go to bookings before it in the list"
    return Seat(verdict=Verdict.BLOCKED, why=Why.NO_SEAT_LEFT, detail=told)
