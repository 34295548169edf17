"""Processor time: whether this process has too little of it for what it has in hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

#: Python runs on one processor at a time: a process that uses so much of one waits for little else.
SHORT_FROM = 0.7
#: Seconds over which it is reckoned.
OVER_S = 0.5


@dataclass(slots=True)
class ProcessorTime:
    """Of this process. Threads may share it."""

    #: Seconds of processor time that it has used.
    used: Callable[[], float]
    #: Seconds that never go back.
    monotonic: Callable[[], float]
    #: How many processors it may use.
    allowed: Callable[[], float] = lambda: 1.0
    _at: float = 0.0
    _before: float = 0.0
    _share: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Nothing is known yet: it counts as having enough."""
        self._at, self._before = self.monotonic(), self.used()

    def short(self) -> bool:
        """Whether it used most of what it may in the last while that was long enough to tell."""
        with self._lock:
            passed = self.monotonic() - self._at
            if passed >= OVER_S:
                used = self.used()
                self._share = (used - self._before) / passed / min(1.0, self.allowed())
                self._at, self._before = self._at + passed, used
            return self._share >= SHORT_FROM
