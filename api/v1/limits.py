"""How often one key may ask, and on which threads it is served: the pages come first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

#: Threads of their own, so that those of the pages are never waited for.
THREADS = 8
#: A key that was silent may ask for so many seconds' worth at once.
BURST_S = 3.0


@dataclass(slots=True)
class Buckets:
    """A token bucket for each key that was admitted; of one process."""

    #: Requests a second.
    rate: float
    clock: Callable[[], float]
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, id_: str) -> float:
        """0: go on. Else: in how many seconds there will be room."""
        most = max(1.0, self.rate * BURST_S)
        with self._lock:
            now = self.clock()
            left, since = self._left.get(id_, (most, now))
            left = min(most, left + (now - since) * self.rate)
            if left >= 1:
                self._left[id_] = left - 1, now
                return 0.0
            self._left[id_] = left, now
            return (1 - left) / self.rate


@dataclass(frozen=True, slots=True)
class Hands:
    """Runs what blocks, while the event loop serves the pages."""

    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="api")
    )

    async def run(self, work: Callable[[], T]) -> T:
        """On a thread of ours."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
