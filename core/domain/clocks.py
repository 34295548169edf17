"""Clocks that are set while the program runs: what a time that was taken down still tells.

The wall clock can be put forward or back at any moment; seconds counted by the machine cannot. The
difference of the two shows when the wall clock was set, and by how much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: NTP moves a clock by less than this without a jump; times of one machine agree within it.
TOLERANCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The wall clock was set."""

    #: What it would have shown when that was noticed.
    would_be: datetime
    #: How far it was put forward; negative: back.
    by: timedelta

    @property
    def to(self) -> datetime:
        """What it showed when that was noticed."""
        return self.would_be + self.by


def between(start: datetime, end: datetime, jumps: Iterable[Jump]) -> timedelta:
    """The least time from ``start`` to ``end``, both read from a clock with these jumps.

    Never more than it was. Negative when ``start`` is in a future that no jump explains.
    """
    passed = end - start
    for jump in jumps:
        if jump.by > timedelta(0) and start <= jump.would_be and end >= jump.to - TOLERANCE:
            passed -= jump.by
    backwards = [jump for jump in jumps if jump.by < timedelta(0)]
    for jump in backwards:
        # taken before it was put back; a time that both could be counts as the later one
        if passed < timedelta(0) and start <= jump.would_be + TOLERANCE:
            passed -= jump.by
    return passed


def within(at: datetime, now: datetime, limit: timedelta) -> bool:
    """Whether ``at`` is at most ``limit`` ago. A time still to come is not: the clock was set."""
    return -TOLERANCE <= now - at < limit
