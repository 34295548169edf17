"""Clocks that are set while the program runs: what a time that was taken down still tells.

The wall clock can be put forward or back at any moment; the seconds that a machine counts cannot.
The difference of the two shows when the wall clock was set, and by how much.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: NTP moves a clock by less than this between two looks; times of one machine agree within it.
TOLERANCE = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The wall clock was set."""

    #: What it showed when that was noticed.
    at: datetime
    #: How far it was put forward; negative: back.
    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which the wall clock was not set."""

    #: The first and the last moment that it can have shown; None: since before we looked.
    since: datetime | None
    until: datetime
    #: What it showed at some moment of it, and what the seconds were then.
    wall: datetime
    ticks: float

    def ticks_at(self, at: datetime) -> float | None:
        """The seconds when the wall clock showed this; None when it did not in this stretch."""
        if at > self.until + TOLERANCE or (self.since is not None and at < self.since - TOLERANCE):
            return None
        return self.ticks + (at - self.wall).total_seconds()


def began(start: datetime, stretches: Sequence[Stretch], now: float) -> float | None:
    """The seconds at ``start``: the latest that it can have been. None: it is still to come.

    ``now``: the seconds by now.
    """
    found = [ticks for one in stretches if (ticks := one.ticks_at(start)) is not None]
    past = [ticks for ticks in found if ticks <= now]
    return max(past, default=now if found else None)


def ended(end: datetime, began_at: float, stretches: Sequence[Stretch]) -> float:
    """The seconds at ``end``: the earliest that it can have been after that beginning."""
    found = [ticks for one in stretches if (ticks := one.ticks_at(end)) is not None]
    return min((ticks for ticks in found if ticks >= began_at), default=began_at)


def whole_minute(now: datetime) -> datetime:
    """When this minute began: whoever asks again within it asks the same."""
    return now.replace(second=0, microsecond=0)


def within(at: datetime, now: datetime, limit: timedelta) -> bool:
    """Whether ``at`` is at most ``limit`` ago. A time still to come is not: the clock was set."""
    return -TOLERANCE <= now - at < limit
