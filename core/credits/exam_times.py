"""When an exam begins and ends, in the school's time zone.

HubSpot holds the day as a date and both times as text or as moments. A time that cannot be read
is counted on the side that moves no credit by mistake: the exam begins with its day and ends with
it.

Pure.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.credits.records import Booking, Exam

#: "9", "9:30", "09:30:00", "9.30", each with or without am or pm.
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?"
    r"\s*(?:(?P<half>[ap])\.?\s?m\.?)?",
    re.IGNORECASE,
)
_MILLISECONDS = re.compile(r"\d{11,14}")
#: A moment further than this from the exam's day is of another day, and tells nothing.
_NEAR = timedelta(hours=36)
_DAY = timedelta(days=1)


def begins(exam: Exam | Booking, zone: tzinfo) -> datetime | None:
    """When it begins; midnight of its day if no time can be read. None: it has no day."""
    if exam.exam_date is None:
        return None
    read = _moment(exam.exam_date, exam.start_time, zone)
    return read or _midnight(exam.exam_date, zone)


def ends(exam: Exam | Booking, zone: tzinfo) -> datetime | None:
    """When it ends; the end of its day if no time can be read. None: it has no day."""
    if exam.exam_date is None:
        return None
    end = _moment(exam.exam_date, exam.end_time, zone)
    if end is None:
        return _midnight(exam.exam_date + _DAY, zone)
    start = _moment(exam.exam_date, exam.start_time, zone)
    past_midnight = start is not None and end < start
    return end + _DAY if past_midnight else end


def clock(raw: str, zone: tzinfo) -> str:
    """A time as people read it: a moment on the school's clock, a text as it is written."""
    at = absolute(raw.strip())
    return raw if at is None else f"{at.astimezone(zone):%H:%M}"


def hours(exam: Exam | Booking, zone: tzinfo) -> str:
    """From when to when, on the school's clock; "" when neither is written."""
    told = (clock(raw, zone) for raw in (exam.start_time, exam.end_time))
    return " – ".join(filter(None, told))


def is_same_time(day: date, one: str, other: str, zone: tzinfo) -> bool:
    """Whether a text and a moment, or two texts, are one time of that day on the school's clock."""
    read = _moment(day, one, zone)
    return read is not None and read == _moment(day, other, zone)


def is_over(exam: Exam | Booking, at: datetime, zone: tzinfo) -> bool:
    """Whether it has ended; False when it has no day, of which nothing can be said."""
    end = ends(exam, zone)
    return end is not None and end <= at


def has_begun(exam: Exam | Booking, at: datetime, zone: tzinfo) -> bool:
    """Whether it has begun, or may have; False when it has no day."""
    start = begins(exam, zone)
    return start is not None and start <= at


def day_in(zone: tzinfo, at: datetime) -> date:
    """The school's date at this moment."""
    return at.astimezone(zone).date()


def _moment(day: date, raw: str, zone: tzinfo) -> datetime | None:
    told = raw.strip()
    if clock := _CLOCK.fullmatch(told):
        return _on(day, clock, zone)
    at = absolute(told)
    if at is None or abs(at - _on_noon(day, zone)) > _NEAR:
        return None
    return at


def _on(day: date, clock: re.Match[str], zone: tzinfo) -> datetime | None:
    hour, minute = int(clock["hour"]), int(clock["minute"] or 0)
    half = (clock["half"] or "").casefold()
    if half and not 1 <= hour <= 12:
        return None
    if not half and clock["minute"] is None:
        return None  # a bare number may be an hour, or anything else
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        local = datetime.combine(day, time(hour, minute, int(clock["second"] or 0)), zone)
    except ValueError:
        return None
    return local.astimezone(UTC)


def absolute(told: str) -> datetime | None:
    """A moment as HubSpot states one: in milliseconds, or in ISO 8601 with its zone."""
    try:
        if _MILLISECONDS.fullmatch(told):
            return datetime.fromtimestamp(int(told) / 1000, UTC)
        at = datetime.fromisoformat(told)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _on_noon(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(12), zone).astimezone(UTC)
