"""How many requests ``/api`` has answered, by area and status, since the process began."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Safe for threads: the metrics are read by another one."""

    _counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, area: str, status: int) -> None:
        """One more."""
        with self._lock:
            self._counts[area, status] += 1

    def counts(self) -> dict[tuple[str, int], int]:
        """By area and status."""
        with self._lock:
            return dict(self._counts)
