"""How sessions are said: their state, their seats, where the count is wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from core.credits.records import Exam
from core.credits.sessions import Activated, Opening, Session

#: Times of one day that are told one by one.
TIMES_TOLD = 4
ONE_DAY = timedelta(days=1)
#: A word with a sign, and its colour.
OPENING = {
    Opening.ACTIVE: ("✓ Active", "green"),
    Opening.INACTIVE: ("– Inactive", "gray"),
    Opening.SCHEDULED: ("◦ Scheduled", "blue"),
}
#: Whatever HubSpot says: the desk books nobody there.
CANCELLED = ("✕ Cancelled", "red")
UNKNOWN = ("? Unknown", "orange")
OVERDUE = ("! Overdue", "orange")

ACTIVATED = {
    Activated.ACTIVATED: ("✓ Activated", "green"),
    Activated.WOULD_ACTIVATE: ("◦ Due", "blue"),
    Activated.NOT_DUE: ("– Not due any more", "gray"),
    Activated.GONE: ("– Gone", "gray"),
    Activated.FAILED: ("✕ Failed", "red"),
}

assert OPENING.keys() == set(Opening), "every opening has its word"
assert ACTIVATED.keys() == set(Activated), "every end of an activation has its word"


def opening(exam: Exam, now: datetime) -> tuple[str, str]:
    """The state of the exam, in a word and its colour."""
    if exam.cancelled:
        return CANCELLED
    at = exam.scheduled_activation_at
    if exam.is_active == Opening.SCHEDULED and (at is None or at <= now):
        return OVERDUE
    found = {each.value: told for each, told in OPENING.items()}
    return found.get(exam.is_active, UNKNOWN)


def run_times(times: Sequence[datetime], now: datetime, zone: tzinfo) -> str:
    """When a schedule runs, on the clock of its zone: "at 5:00 and 17:00 (America/Toronto)".

    ``times``: those within a day from now, or the first after it; none: it is off.
    """
    if not times:
        return ""
    first = times[0].astimezone(zone)
    if len(times) > TIMES_TOLD:
        return f"many times a day, next at {first:%-H:%M} ({zone})"
    if times[0] - now > ONE_DAY:
        return f"next on {first:%-d %b %Y at %-H:%M} ({zone})"
    hours = sorted({at.astimezone(zone).time() for at in times})
    told = [f"{hour:%-H:%M}" for hour in hours]
    return f"at {' and '.join(filter(None, [', '.join(told[:-1]), told[-1]]))} ({zone})"


def seats(session: Session) -> str:
    """Seats taken of those there are, as the exam's own counter says."""
    if session.counted is None:
        return "unreadable"
    capacity = session.exam.capacity
    return f"{session.counted:,}" if capacity is None else f"{session.counted:,} of {capacity:,}"


def miscount(session: Session) -> str:
    """By how much the counter is wrong; "" when it is right or nobody could count."""
    if not session.drift:
        return ""
    direction = "too many" if session.drift > 0 else "too few"
    return f"{abs(session.drift):,} {direction}"


def drift_words(session: Session) -> str:
    """The miscount as a sentence."""
    counts = session.counts
    if counts is None or not session.drift:
        return "The seat count is right."
    held = f"{counts.active:,} active and {counts.completed:,} completed ones"
    return (
        f"The exam counts {session.counted:,} taken seats, "
        f"its bookings make {counts.seats:,}: {held}."
    )
