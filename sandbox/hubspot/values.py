"""Which values a property takes, and the text HubSpot keeps for them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sandbox.hubspot.definitions import Definition

DAY_MS = 86_400_000
TEXT_MAX = 65_536
DIGITS_MAX = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_WHOLE = re.compile(r"-?\d{1,15}")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_MS_MAX = 253_402_300_799_999  # the last millisecond of the year 9999


@dataclass(frozen=True, slots=True)
class BadValue(Exception):
    """A value that the property does not take; the code is HubSpot's."""

    code: str
    message: str


@lru_cache(maxsize=65_536)
def iso(ms: int) -> str:
    """HubSpot's text of a moment: UTC, and no fraction when it is a whole second."""
    exact = "milliseconds" if ms % 1000 else "seconds"
    return f"{(EPOCH + timedelta(milliseconds=ms)).isoformat(timespec=exact)[:-6]}Z"


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch, exactly."""
    since = moment - EPOCH
    return since.days * DAY_MS + since.seconds * 1_000 + since.microseconds // 1_000


def as_text(raw: Any) -> str | None:
    """The text of a JSON scalar as HubSpot reads it. Raises TypeError for lists and objects."""
    if raw is None or isinstance(raw, str):
        return raw or None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    raise TypeError(type(raw).__name__)


def stored(definition: Definition, text: str) -> str:
    """The text that is kept for a new, non-empty value. Raises BadValue."""
    match definition.type:
        case "number":
            return _number(text)
        case "enumeration":
            return _option(definition, text)
        case "bool":
            return _bool(text)
        case "date":
            return _date(text)
        case "datetime":
            return _datetime(text)
        case _ if definition.name == "email":
            return _email(text)
        case _:
            return _string(text)


def _number(text: str) -> str:
    """Every form that some version or screen of HubSpot takes; see numbers.py."""
    try:
        known = _NUMBER.fullmatch(text) and abs(Decimal(text).adjusted()) < DIGITS_MAX
    except InvalidOperation:  # an exponent of twenty digits
        known = False
    if not known:
        raise BadValue("INVALID_INTEGER", f"{text} was not a valid number.")
    return text


def _option(definition: Definition, text: str) -> str:
    if not definition.allows(text):
        shown = ", ".join(
            f'label: "{label}" value: "{value}"' for value, label in definition.options
        )
        raise BadValue("INVALID_OPTION", f"{text} was not one of the allowed options: [{shown}]")
    return text


def _bool(text: str) -> str:
    if text not in {"true", "false"}:
        raise BadValue("INVALID_BOOLEAN", f"{text} was not a valid boolean.")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise BadValue("INVALID_EMAIL", f"Email address {text} is invalid")
    return text.lower()


def _string(text: str) -> str:
    if len(text) > TEXT_MAX:
        raise BadValue("INVALID_LENGTH", f"Value is longer than {TEXT_MAX} characters")
    return text


def _date(text: str) -> str:
    ms = _whole_ms(text)
    if ms is not None:
        if ms % DAY_MS:
            clock = EPOCH + timedelta(milliseconds=ms)
            raise BadValue("INVALID_DATE", f"{text} is at {clock:%H:%M:%S.%f} UTC, not midnight!")
        return iso(ms)[:10]
    try:
        return date.fromisoformat(text[:10] if "T" in text else text).isoformat()
    except ValueError:
        raise BadValue("INVALID_DATE", f"{text} was not a valid date.") from None


def _datetime(text: str) -> str:
    ms = _whole_ms(text)
    if ms is None:
        ms = _parsed_ms(text)
    if ms is None:
        raise BadValue("INVALID_LONG", f"{text} was not a valid long.")
    return iso(ms)


def _whole_ms(text: str) -> int | None:
    if not (text.isascii() and _WHOLE.fullmatch(text)):
        return None
    ms = int(text)
    return ms if 0 <= ms <= _MS_MAX else None


def _parsed_ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0, to_ms(moment))


def moment_ms(text: str) -> int | None:
    """A search filter's value as ms: HubSpot takes ms, a date, or ISO text."""
    whole = _whole_ms(text)
    return _parsed_ms(text) if whole is None else whole
