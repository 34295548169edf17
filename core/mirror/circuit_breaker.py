"""Whether the mirror as a whole is down: then nothing is taken from the outbox but to probe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Rows in one copy while all is well; a probe has one, and each success doubles it.
BATCH_MAX = 200
PROBE_FIRST_S = 0.25
PROBE_MAX_S = 5.0
ASKED_MAX_S = 60.0
LONGEST = timedelta(seconds=ASKED_MAX_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """The mirror is down, for people."""

    since: datetime
    why: str
    next_try_at: datetime


@dataclass(slots=True)
class Outage:
    """Shared by the threads of one process. ``chance`` gives 0..1, so that processes spread out."""

    chance: Callable[[], float]
    _down: Down | None = None
    _room: int = BATCH_MAX
    _wait_s: float = PROBE_FIRST_S
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def down(self) -> Down | None:
        """None while the mirror answers, as far as we know."""
        return self._down

    def room(self, now: datetime) -> int:
        """How many rows may be offered now: 0 while paused, else 1 to ``BATCH_MAX``.

        Who is given room during an outage is the only one to probe for ``PROBE_MAX_S``.
        """
        with self._lock:
            if self._down is None:
                return self._room
            if timedelta(0) < self._down.next_try_at - now <= LONGEST:
                return 0  # further ahead: the clock was set back since
            self._set(self._down.since, self._down.why, now, PROBE_MAX_S)
            return 1

    def failed(self, why: str, *, now: datetime, asked_s: float | None = None) -> None:
        """A call failed, for whatever row it was. ``asked_s``: wait at least so long, they said."""
        with self._lock:
            if self._down is None:
                self._wait_s = PROBE_FIRST_S
            wait_s = self._wait_s * (0.5 + 0.5 * self.chance())
            wait_s = max(wait_s, min(asked_s or 0, ASKED_MAX_S))
            self._set(self._down.since if self._down else now, why, now, wait_s)
            self._wait_s = min(self._wait_s * 2, PROBE_MAX_S)
            self._room = 1

    def succeeded(self) -> bool:
        """A call was answered, whatever the answer said of its rows. True: an outage is over."""
        with self._lock:
            over, self._down = self._down is not None, None
            self._room = min(self._room * 2, BATCH_MAX)
            return over

    def _set(self, since: datetime, why: str, now: datetime, wait_s: float) -> None:
        self._down = Down(since=since, why=why, next_try_at=now + timedelta(seconds=wait_s))
