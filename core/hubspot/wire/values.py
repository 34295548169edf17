"""Single values as HubSpot sends them: everything a string, null and "" alike."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

#: No exam of a school on HubSpot is of an earlier year.
FIRST_YEAR = 2000
#: A day outside of these is a typing error; the day after the last one that Python knows is none.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A number with more digits than this counts nothing of a school's; made into an integer,
#: ``1e999999`` would take all memory.
DIGITS_MAX = 18


def text(raw: object) -> str:
    """Null is empty; JSON's own true, false, numbers and lists are their JSON text."""
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    return str(raw) if type(raw) is int else json.dumps(raw, ensure_ascii=False)


def moment(raw: object) -> datetime | None:
    """ISO 8601 or ms since the epoch, aware; None for nothing and for what is neither."""
    told = text(raw).strip()
    if not told:
        return None
    number = _number(told)
    try:
        if number is not None:
            return datetime.fromtimestamp(float(number) / 1000, UTC)
        at = datetime.fromisoformat(told)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day(raw: object) -> date | None:
    """``YYYY-MM-DD``, or a moment: HubSpot keeps dates as midnight UTC.

    A number that would be a day before ``FIRST_YEAR`` is no moment: "2026" is nothing of 1970.
    """
    told = text(raw).strip()
    if _DAY.fullmatch(told) is None:
        at = moment(told)
        return at.date() if at is not None and FIRST_YEAR <= at.year <= LAST_DAY.year else None
    try:
        found = date.fromisoformat(told)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= LAST_DAY else None


def is_nothing(raw: object) -> bool:
    """Whether nothing is written there: null, empty, or blanks."""
    return not text(raw).strip()


def whole(raw: object) -> int | None:
    """A whole number from "30" or "30.0", of at most 18 digits; None for anything else."""
    number = _number(text(raw).strip())
    if number is None or number.adjusted() >= DIGITS_MAX:
        return None
    return int(number) if number == number.to_integral_value() else None


def milliseconds(at: datetime) -> str:
    """A moment as HubSpot takes it, in whole numbers: a float may miss by one."""
    return str((at - EPOCH) // timedelta(milliseconds=1))


def _number(told: str) -> Decimal | None:
    try:
        number = Decimal(told)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
