"""Booking one seat for one contact: what it needs, what it spends, and why not (section 4).

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from core.credits.catalogue import ADMIN_OVERRIDE, Catalogue, CreditType, DayRule
from core.credits.exam_times import is_over
from core.credits.records import (
    CAPACITY,
    HANDS,
    TOTAL_BOOKINGS,
    Booking,
    BookingKey,
    BookingStatus,
    Contact,
    ContactId,
    Exam,
    ExamId,
)
from core.credits.sessions import Opening
from core.operations.verdicts import Verdict, Why

#: The property that says on which day a booking's exam is.
EXAM_DATE = "exam_date"
#: One student, one day, one name; later ones of that day count on: "… (2)".
NAMES_MAX = 9


#: A student's day is kept for one booking so long; renewed with each look at it. It is free as
#: soon as the operation ends, so that only one that nobody carries any more lets it lapse.
DAY_KEPT = timedelta(days=1)


class Ask(StrEnum):
    """What an exam asks the student beside the seat."""

    DOMINANT_HAND = "dominant hand"
    ATTENDING_LOCATION = "attending location"


#: By mock type, as the school's own apps ask. A type that is not named asks nothing.
ASKS: Mapping[str, Ask] = {
    "Clinical Skills": Ask.DOMINANT_HAND,
    "Situational Judgment": Ask.ATTENDING_LOCATION,
    "Mini-mock": Ask.ATTENDING_LOCATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A seat that somebody wants for a student."""

    contact_id: ContactId
    exam_id: ExamId
    attending_location: str = ""
    dominant_hand: str = ""
    #: Without a credit; for admins.
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A verdict on a wish."""

    verdict: Verdict
    why: Why
    detail: str = ""
    #: What it spends; None by admin override, or when it is not to be.
    credit: CreditType | None = None


def names_for(mock_type: str, student_id: str, day: date) -> list[str]:
    """Names that such a booking may have, the usual one first (design, section 3).

    A cancelled booking keeps its name and its past; the next one of that day takes the next.
    """
    name = f"{mock_type}-{student_id}-{day:%B} {day.day}, {day.year}"
    return [name, *(f"{name} ({n})" for n in range(2, NAMES_MAX + 1))]


def key_of(name: str, operation_id: str) -> BookingKey:
    """What stands in the booking's place until it has an id: each attempt moves its own credit."""
    return BookingKey(f"{name}/{operation_id}")


def name_in(key: str) -> str:
    """The booking's name."""
    return key.rpartition("/")[0]


def day_of(contact_id: ContactId, day: date | None) -> str:
    """What two bookings of one student on one date would both need."""
    return f"{contact_id}/{day.isoformat() if day else ''}"


def token_of(credit: CreditType | None, catalogue: Catalogue) -> str:
    """The booking's own word for what it spent."""
    return ADMIN_OVERRIDE if credit is None else catalogue.by_key(credit).token


def seats_left(exam: Exam) -> int | None:
    """None: as many as come. Raises ``KeyError`` when the count cannot be read.

    Of a capacity that cannot be read nothing is known: ``Exam.unclear`` says so.
    """
    return None if exam.capacity is None else exam.capacity - exam.balances[TOTAL_BOOKINGS]


def judge_exam(
    exam: Exam | None, *, at: datetime, zone: tzinfo, seated: bool = False
) -> Seat | None:
    """Why nobody can be booked on it; None when somebody can. ``seated``: has a seat already.

    An exam that has begun can be booked until it ends: a student may come late.
    """
    if exam is None:
        return _blocked(Why.EXAM_GONE)
    if exam.cancelled:
        return _blocked(Why.EXAM_CANCELLED, f"on {exam.cancelled.at:%-d %B %Y}")
    if exam.is_active != Opening.ACTIVE:
        return _blocked(Why.EXAM_CLOSED, f"is_active is {exam.is_active!r}")
    if exam.exam_date is None:
        return _blocked(Why.EXAM_DATELESS, exam.unclear.get("exam_date", ""))
    if is_over(exam, at, zone):
        return _blocked(Why.EXAM_PAST, f"{exam.exam_date:%-d %B %Y}")
    if seated:
        return None
    if fault := seats_unreadable(exam):
        return fault
    left = seats_left(exam)
    if left is not None and left <= 0:
        return _blocked(Why.EXAM_FULL, f"{exam.capacity} seats")
    return None


def seats_unreadable(exam: Exam) -> Seat | None:
    """Why nobody can say how many seats are left; None when somebody can."""
    if exam.unreadable:
        return _blocked(Why.SEATS_UNREADABLE, "; ".join(exam.unreadable.values()))
    if CAPACITY in exam.unclear:
        return _blocked(Why.SEATS_UNREADABLE, f"{CAPACITY} {exam.unclear[CAPACITY]}")
    return None


def judge_day(
    bookings: Iterable[Booking],
    day: date | None,
    mock_type: str,
    rule: DayRule,
    *,
    but: str = "",
) -> Seat | None:
    """Why the student cannot sit an exam of that type on that day, by the school's rule.

    ``but``: the ``booking_id`` not to mind. A booking whose status, date or type cannot be read
    may be an active one of that day and type.
    """
    if rule is DayRule.OFF:
        return None
    unclear: Seat | None = None
    for booking in bookings:
        if rule is DayRule.SAME and booking.mock_type not in {"", mock_type}:
            continue
        ended = booking.status in {BookingStatus.CANCELLED, BookingStatus.COMPLETED}
        if ended or (but and booking.booking_id == but):
            continue
        name, unread = booking.booking_id or booking.id, booking.unclear.get(EXAM_DATE, "")
        if booking.exam_date != day and not unread:
            continue
        if booking.status is BookingStatus.ACTIVE and not unread:
            return _blocked(Why.BOOKED_THAT_DAY, name)
        found = f"{EXAM_DATE} {unread}" if unread else f"is_active is {booking.raw_status!r}"
        unclear = _blocked(Why.DAY_UNCLEAR, f"{name}: {found}")
    return unclear


def judge_credit(contact: Contact, mock_type: str, catalogue: Catalogue, *, override: bool) -> Seat:
    """What the booking spends: the specific credit first, then the shared one where it may."""
    if override:
        return Seat(verdict=Verdict.WILL_CHANGE, why=Why.BOOK_FREE)
    may = catalogue.payable_with(mock_type)
    if not may:
        return _blocked(Why.NO_CREDIT_TYPE, mock_type)
    for credit in may:
        if credit.key in contact.unreadable:
            told = f"{credit.key} {contact.unreadable[credit.key]}"
            return _blocked(Why.BALANCE_UNREADABLE, told)
        if contact.balances.get(credit.key, 0) > 0:
            return Seat(verdict=Verdict.WILL_CHANGE, why=Why.BOOK, credit=credit.key)
    return _blocked(Why.NO_CREDIT, ", ".join(f"{credit.label} 0" for credit in may))


def judge_wish(
    wish: Wish,
    contact: Contact | None,
    exam: Exam | None,
    bookings: Iterable[Booking],
    catalogue: Catalogue,
    *,
    at: datetime,
    zone: tzinfo,
) -> Seat:
    """The verdict on a booking to be; the first reason against it is told."""
    against = objections(wish, contact, exam, bookings, catalogue, at=at, zone=zone)
    if against or contact is None or exam is None:
        return against[0]
    return judge_credit(contact, exam.mock_type, catalogue, override=wish.override)


def objections(
    wish: Wish,
    contact: Contact | None,
    exam: Exam | None,
    bookings: Iterable[Booking],
    catalogue: Catalogue,
    *,
    at: datetime,
    zone: tzinfo,
) -> list[Seat]:
    """All that speaks against a booking to be, the gravest first; empty: it may be."""
    found = [judge_student(contact), judge_exam(exam, at=at, zone=zone)]
    if exam is not None:
        if exam.exam_date is not None:
            rule = catalogue.day_rule
            found.append(judge_day(bookings, exam.exam_date, exam.mock_type, rule))
        missing = missing_answer(exam.mock_type, wish.attending_location, wish.dominant_hand)
        if missing is not None:
            found.append(_blocked(Why.ANSWER_MISSING, missing))
        if contact is not None:
            spends = judge_credit(contact, exam.mock_type, catalogue, override=wish.override)
            found.append(None if spends.verdict is Verdict.WILL_CHANGE else spends)
    return [fault for fault in found if fault is not None]


def judge_student(contact: Contact | None) -> Seat | None:
    """Why nothing can be booked for this student."""
    if contact is None:
        return _blocked(Why.CONTACT_GONE)
    return None if contact.student_id.strip() else _blocked(Why.NO_STUDENT_ID)


def missing_answer(mock_type: str, attending_location: str, dominant_hand: str) -> str | None:
    """What the exam asks and nobody answered, with what can be answered."""
    match ASKS.get(mock_type):
        case Ask.DOMINANT_HAND if dominant_hand not in HANDS:
            return f"{Ask.DOMINANT_HAND}: {' or '.join(HANDS)}"
        case Ask.ATTENDING_LOCATION if not attending_location.strip():
            return str(Ask.ATTENDING_LOCATION)
    return None


def _blocked(why: Why, detail: str = "") -> Seat:
    return Seat(verdict=Verdict.BLOCKED, why=why, detail=detail)
