"""A steady clock: how long ago something was, though the wall clock was set meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.work.clocks import TOLERANCE, Jump, Stretch, began, ended

#: Jumps and the stretches between them that are remembered.
JUMPS_KEPT = 100
#: Times from the future that are remembered, each since it was first seen.
STRAYS_KEPT = 1000


@dataclass(slots=True)
class SteadyClock:
    """One for each process. Safe for threads.

    ``wall`` may be set at any moment; ``monotonic`` counts seconds that never go back. Each look
    compares the two, so that a time taken down before the wall clock was set still tells how long
    ago it was. Times from before this process began are taken by the wall clock alone.
    """

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]
    _noticed: int = field(default=0, init=False)
    _jumps: list[Jump] = field(default_factory=list, init=False)
    #: The last one goes on.
    _stretches: list[Stretch] = field(default_factory=list, init=False)
    _strays: dict[datetime, float] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def now(self) -> datetime:
        """The wall clock; notices that it was set."""
        with self._lock:
            return self._look().wall

    def passed(self, start: datetime, end: datetime | None = None) -> timedelta:
        """How long it is from ``start`` to ``end``, or to now: never more than it was.

        A start in the future counts from when it was first asked for.
        """
        with self._lock:
            current = self._look()
            began_at = began(start, self._stretches, current.ticks)
            if began_at is None:
                self._forget_strays()
                began_at = self._strays.setdefault(start, current.ticks)
            elif start in self._strays:
                began_at = min(began_at, self._strays[start])
            ticks = current.ticks if end is None else ended(end, began_at, self._stretches)
            return timedelta(seconds=max(0.0, ticks - began_at))

    def noticed(self) -> tuple[int, tuple[Jump, ...]]:
        """How many jumps were noticed since this process began, and the last of them in order."""
        with self._lock:
            return self._noticed, tuple(self._jumps)

    def _look(self) -> Stretch:
        ticks, wall = self.monotonic(), self.wall()
        if not self._stretches:
            self._stretches = [Stretch(since=None, until=wall, wall=wall, ticks=ticks)]
            return self._stretches[-1]
        last = self._stretches[-1]
        would_be = last.wall + timedelta(seconds=ticks - last.ticks)
        by = wall - would_be
        if abs(by) <= TOLERANCE:
            until = max(last.until, wall)
            current = Stretch(since=last.since, until=until, wall=wall, ticks=ticks)
            self._stretches[-1] = current
            return current
        self._noticed += 1
        self._jumps = [*self._jumps, Jump(at=wall, by=by)][-JUMPS_KEPT:]
        # when, between this look and the one before, nobody knows: each may reach to the other
        before = replace(last, until=max(last.until, would_be))
        begun = Stretch(since=min(wall, last.wall + by), until=wall, wall=wall, ticks=ticks)
        self._stretches = [*self._stretches[:-1], before, begun][-JUMPS_KEPT:]
        return begun

    def _forget_strays(self) -> None:
        while len(self._strays) >= STRAYS_KEPT:
            del self._strays[next(iter(self._strays))]


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """For so long after it was sent, a request may still arrive (``core.credits.writes``)."""

    length: timedelta
    clock: SteadyClock

    def over(self, sent_at: datetime, asked: datetime | None = None) -> bool:
        """Whether nothing sent then can arrive any more, as of ``asked``, or of now."""
        return self.clock.passed(sent_at, asked) >= self.length

    def left(self, sent_at: datetime) -> timedelta:
        """For how long it may still arrive; never negative."""
        return max(timedelta(0), self.length - self.clock.passed(sent_at))
