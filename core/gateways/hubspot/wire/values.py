"""Single values as HubSpot sends them: everything a string, null and "" alike."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

#: No exam of a school on HubSpot is of an earlier year.
FIRST_YEAR = 2000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(raw: object) -> str:
    """Null is empty."""
    return "" if raw is None else str(raw)


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
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def day(raw: object) -> date | None:
    """``YYYY-MM-DD``, or a moment: HubSpot keeps dates as midnight UTC.

    A number that would be a day before ``FIRST_YEAR`` is no moment: "2026" is nothing of 1970.
    """
    told = text(raw).strip()
    if _DAY.fullmatch(told) is None:
        at = moment(told)
        return at.date() if at is not None and at.year >= FIRST_YEAR else None
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None


def is_nothing(raw: object) -> bool:
    """Whether nothing is written there: null, empty, or blanks."""
    return not text(raw).strip()


def whole(raw: object) -> int | None:
    """A whole number from "30" or "30.0"; None for anything else."""
    number = _number(text(raw).strip())
    return int(number) if number is not None and number == number.to_integral_value() else None


def milliseconds(at: datetime) -> str:
    """A moment as HubSpot takes it, in whole numbers: a float may miss by one."""
    return str((at - EPOCH) // timedelta(milliseconds=1))


def _number(told: str) -> Decimal | None:
    try:
        number = Decimal(told)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
