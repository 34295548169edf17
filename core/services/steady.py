"""A steady clock: how long ago something was, though the wall clock was set meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.clocks import TOLERANCE, Jump, between

#: Jumps that are remembered: each matters for as long as a request can live.
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
    _jumps: list[Jump] = field(default_factory=list, init=False)
    _noticed: int = field(default=0, init=False)
    _last: tuple[datetime, float] | None = field(default=None, init=False)
    _strays: dict[datetime, float] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def now(self) -> datetime:
        """The wall clock; notices that it was set."""
        with self._lock:
            ticks, wall = self.monotonic(), self.wall()
            if self._last is not None:
                then, ticked = self._last
                would_be = then + timedelta(seconds=ticks - ticked)
                if abs(wall - would_be) > TOLERANCE:
                    self._noticed += 1
                    jump = Jump(would_be=would_be, by=wall - would_be)
                    self._jumps = [*self._jumps, jump][-JUMPS_KEPT:]
            self._last = (wall, ticks)
            return wall

    def passed(self, start: datetime, end: datetime | None = None) -> timedelta:
        """How long it is from ``start`` to ``end``, or to now: never more than it was.

        A start in the future counts from when it was first asked for.
        """
        now = self.now()
        with self._lock:
            end = end or now
            passed = between(start, end, self._jumps)
            since = self._strays.get(start)
            if since is None and passed < timedelta(0):
                self._forget_strays()
                since = self._strays[start] = self.monotonic()
            if since is None:
                return passed
            seen = timedelta(seconds=self.monotonic() - since)
            # what was read before it was answered ended earlier than now
            return max(passed, seen - max(timedelta(0), now - end), timedelta(0))

    def noticed(self) -> tuple[int, tuple[Jump, ...]]:
        """How many jumps were noticed since this process began, and the last of them in order."""
        with self._lock:
            return self._noticed, tuple(self._jumps)

    def _forget_strays(self) -> None:
        while len(self._strays) >= STRAYS_KEPT:
            del self._strays[next(iter(self._strays))]


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """For so long after it was sent, a request may still arrive (``core.domain.writes``)."""

    length: timedelta
    clock: SteadyClock

    def over(self, sent_at: datetime, asked: datetime | None = None) -> bool:
        """Whether nothing sent then can arrive any more, as of ``asked``, or of now."""
        return self.clock.passed(sent_at, asked) >= self.length

    def left(self, sent_at: datetime) -> timedelta:
        """For how long it may still arrive; never negative."""
        return max(timedelta(0), self.length - self.clock.passed(sent_at))
