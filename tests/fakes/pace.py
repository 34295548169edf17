"""``Pace`` in memory, of one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class MemoryPace:
    """A token bucket for each."""

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, id_: str, *, rate: float, most: float) -> float:
        with self._lock:
            now = self.clock()
            left, since = self._left.get(id_, (most, now))
            left = min(most, left + (now - since) * rate)
            self._left[id_] = (left - 1 if left >= 1 else left), now
            return 0.0 if left >= 1 else (1 - left) / rate
