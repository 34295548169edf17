"""A bell that wakes one waiting thread; rung many times before anyone listens, it rings once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class WakeUp:
    """Ringing never waits for whoever listens."""

    _condition: threading.Condition = field(default_factory=threading.Condition)
    _rung: bool = False
    _closed: bool = False

    def ring(self) -> None:
        """Wake one listener, now or as soon as one listens."""
        with self._condition:
            self._rung = True
            self._condition.notify()

    def close(self) -> None:
        """Nobody waits any more, now or later."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def wait(self, timeout_s: float | None) -> None:
        """Until it rings (or has rung since the last listener woke), closes, or time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung or self._closed, timeout_s)
            self._rung = False
