"""Whose calls to HubSpot these are: each is counted for whoever has it made.

Several operations, copies and pages ask HubSpot at the same time, so a difference of what the
process has asked before and after tells nothing of one of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class CallCount:
    """Calls made within one ``counting_calls``, by any thread that it was handed on to."""

    made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> None:
        """One more."""
        with self._lock:
            self.made += 1


_COUNT: ContextVar[CallCount | None] = ContextVar("calls", default=None)


@contextmanager
def counting_calls() -> Iterator[CallCount]:
    """Count the calls that are made meanwhile by this thread, and by what it hands on."""
    count = CallCount()
    token = _COUNT.set(count)
    try:
        yield count
    finally:
        _COUNT.reset(token)


def count_call() -> None:
    """A call is about to be sent."""
    if (count := _COUNT.get()) is not None:
        count.add()
