"""Pacing: how much one person or app may do within a time, and what of it is unusual. Pure.

What is counted is kept for as long as it counts, and no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Counted(StrEnum):
    """What is counted; the value reads on after a number."""

    #: Different students whose page one person opened.
    OPENED = "students opened"
    #: Students that searches listed to one person.
    LISTED = "students listed by searches"
    #: Students whom tables of ids named to one person.
    NAMED = "students named in tables"
    #: Bookings and cancellations that one API key confirmed.
    WRITES = "bookings and cancellations"
    #: Different students for whom one API key confirmed them.
    STUDENTS = "students acted for"


#: How far back each counts.
WITHIN: dict[Counted, timedelta] = {
    Counted.OPENED: timedelta(minutes=10),
    Counted.LISTED: timedelta(seconds=15),
    Counted.NAMED: timedelta(minutes=10),
    Counted.WRITES: timedelta(days=1),
    Counted.STUDENTS: timedelta(minutes=10),
}

assert WITHIN.keys() == set(Counted), "everything that is counted has its time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing that counts."""

    #: Whoever did it: an e-mail, or the acting address of a key.
    actor: str
    counted: Counted
    #: What comes again under the same name counts once.
    name: str
    at: datetime
    number: int = 1

    @property
    def since(self) -> datetime:
        """What is not after this counts no more."""
        return self.at - WITHIN[self.counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """How a use stands."""

    #: All that counts now, with this use if it is kept.
    total: int
    #: False: it would have been more than the most that may be.
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None: no limit, and nobody is told."""

    #: Of one person within ten minutes: more are refused.
    opened: int | None = 100
    #: Of one person within 15 seconds: more are refused.
    listed: int | None = 300
    #: Of one person within ten minutes: more are shown by their ids alone.
    named: int | None = 3000
    #: Of one key within a day, unless the key has its own: more are refused.
    writes: int | None = 500
    #: Of one key within ten minutes: people are told of more.
    students: int | None = 20


_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
#: Unless the settings say otherwise.
USUAL = Limits()


def spans(at: datetime, length: timedelta) -> int:
    """How many such lengths have passed: the same for all times within one of them."""
    return (at - _BEGINNING) // length


def span_words(length: timedelta) -> str:
    """A time as people say it: "10 minutes", "15 seconds", "24 hours"."""
    seconds = round(length.total_seconds())
    for size, noun in ((3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{number} {noun}{'' if number == 1 else 's'}"
    return f"{seconds} seconds"
