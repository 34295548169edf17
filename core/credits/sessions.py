"""Exam sessions: seats and bookings of each, and when a scheduled one is due. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.credits.records import TOTAL_BOOKINGS, Booking, BookingStatus, Exam, ExamId


class Opening(StrEnum):
    """The values of an exam's ``is_active``."""

    ACTIVE = "true"
    INACTIVE = "false"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Bookings of one session by what became of them."""

    active: int = 0
    completed: int = 0
    cancelled: int = 0
    #: Cancelled, spent a credit, not marked refunded.
    owed: int = 0
    #: Their status is none of the three, so nobody can say whether they hold a seat.
    unclear: int = 0

    @property
    def seats(self) -> int:
        """Seats that are taken: ``total_bookings`` should say the same."""
        return self.active + self.completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One exam with its bookings counted. ``counts`` None: nobody could count them just now."""

    exam: Exam
    counts: Counts | None

    @property
    def counted(self) -> int | None:
        """``total_bookings``; None when it cannot be read."""
        return self.exam.balances.get(TOTAL_BOOKINGS)

    @property
    def drift(self) -> int:
        """By how much ``total_bookings`` is too high (above 0) or too low; 0 when unknown."""
        if self.counts is None or self.counted is None or self.counts.unclear:
            return 0
        return self.counted - self.counts.seats


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions to list. Empty fields do not narrow."""

    since: date | None = None
    until: date | None = None
    mock_type: str = ""
    place: str = ""
    opening: Opening | None = None


def count(bookings: Iterable[Booking], owed: int) -> Counts:
    """Bookings as the truth holds them; ``owed`` is counted by whoever knows the movements."""
    found = Counter(booking.status for booking in bookings)
    return Counts(
        active=found[BookingStatus.ACTIVE],
        completed=found[BookingStatus.COMPLETED],
        cancelled=found[BookingStatus.CANCELLED],
        owed=owed,
        unclear=found[BookingStatus.UNKNOWN],
    )


def narrowed(found: Iterable[Session], narrow: SessionFilter) -> list[Session]:
    """Those that fit type, place and opening, soonest first. Days are the store's to narrow."""
    kept = [
        each
        for each in found
        if (not narrow.mock_type or each.exam.mock_type == narrow.mock_type)
        and (not narrow.place or each.exam.location == narrow.place)
        and (narrow.opening is None or each.exam.is_active == narrow.opening)
    ]
    return sorted(kept, key=lambda s: (s.exam.exam_date or date.max, s.exam.start_time, s.exam.id))


def places(found: Sequence[Session]) -> list[str]:
    """Every place named, once."""
    return sorted({each.exam.location for each in found if each.exam.location})


# activation


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamChange:
    """What an exam's opening shall be: absolute, so that sending it again changes nothing."""

    opening: Opening
    #: Only with ``SCHEDULED``; the others leave what is there as the record of it.
    at: datetime | None = None

    def __post_init__(self) -> None:
        """A schedule without its time would never come due."""
        if (self.opening is Opening.SCHEDULED) != (self.at is not None):
            raise ValueError("a scheduled exam has the time of its activation, no other has one")


class Activated(StrEnum):
    """What became of one exam in a scheduled activation."""

    ACTIVATED = "activated"
    WOULD_ACTIVATE = "would be activated"
    #: Search found it, a fresh read says otherwise.
    NOT_DUE = "not due any more"
    GONE = "gone from HubSpot"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRow:
    """One exam of a scheduled activation."""

    exam_id: ExamId
    what: Activated
    #: The exam in words.
    name: str = ""
    due_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One run of the scheduled activation."""

    at: datetime
    by: str
    dry_run: bool
    rows: tuple[ActivationRow, ...] = ()

    def having(self, what: Activated) -> tuple[ActivationRow, ...]:
        """The rows with this end."""
        return tuple(row for row in self.rows if row.what is what)


def is_due(exam: Exam, now: datetime) -> bool:
    """Whether this exam is to become active by now."""
    at = exam.scheduled_activation_at
    scheduled = exam.is_active == Opening.SCHEDULED and not exam.cancelled
    return scheduled and at is not None and at <= now
