"""How long copies take, from due to written: for the pages, the metrics and the benchmarks."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

#: Enough for a p99 of the last few thousand copies.
KEPT = 4096
#: Upper bounds of the histogram's buckets, in seconds, around the 20 ms and 250 ms promised.
BOUNDS_S = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LagSummary:
    """Copies made, and within how many seconds half and 99 of 100 of them were. 0 for none."""

    copies: int
    p50_s: float
    p99_s: float
    worst_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LagHistogram:
    """All copies of this process since it began."""

    #: How many took at most as long as each of ``BOUNDS_S``, and beyond the last of them.
    counts: Sequence[int]
    sum_s: float


@dataclass(slots=True)
class CopyLag:
    """The last copies of this process. Safe for many threads."""

    _kept: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    _sum_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, due_since: Iterable[datetime], *, at: datetime) -> None:
        """Rows due since these times were in the mirror at ``at``."""
        with self._lock:
            for since in due_since:
                lag_s = max(0.0, (at - since).total_seconds())
                self._kept.append((at, lag_s))
                self._counts[bisect_left(BOUNDS_S, lag_s)] += 1
                self._sum_s += lag_s

    def histogram(self) -> LagHistogram:
        """Each copy in one bucket."""
        with self._lock:
            return LagHistogram(counts=tuple(self._counts), sum_s=self._sum_s)

    def summary(self, *, since: datetime | None = None) -> LagSummary:
        """Of the copies kept, those made from ``since`` on."""
        with self._lock:
            kept = [lag for at, lag in self._kept if since is None or at >= since]
        return summarise(kept)


def summarise(lags: Iterable[float]) -> LagSummary:
    """Percentiles by nearest rank."""
    ordered = sorted(lags)
    if not ordered:
        return LagSummary(copies=0, p50_s=0, p99_s=0, worst_s=0)
    return LagSummary(
        copies=len(ordered),
        p50_s=ordered[(len(ordered) - 1) * 50 // 100],
        p99_s=ordered[-(-(len(ordered) - 1) * 99 // 100)],
        worst_s=ordered[-1],
    )
