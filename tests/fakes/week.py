"""Stretches of time, counted by the journal in memory. Held to the SQL one by tests/contract."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RowState
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep
from core.health.over_time.week_rules import GaugeReading


class MemoryWeeks:
    _lock: threading.RLock
    _sweeps: dict[str, Sweep]
    _drifts: dict[str, dict[tuple[str, str], Drift]]
    _repairs: dict[str, tuple[Repair, dict[int, RepairRow]]]
    _measures: dict[tuple[str, datetime, str, str], Measure]

    def found(self, edges: Sequence[datetime]) -> dict[int, int]:
        with self._lock:
            return _first(
                (
                    (key, sweep.started_at)
                    for sweep in self._sweeps.values()
                    if sweep.complete
                    for key in self._drifts.get(sweep.id, {})
                ),
                edges,
            )

    def repaired(self, edges: Sequence[datetime]) -> dict[int, int]:
        with self._lock:
            return _first(
                (
                    ((row.drift.kind, row.drift.record_id), repair.asked_at)
                    for repair, rows in self._repairs.values()
                    for row in rows.values()
                    if row.state is RowState.REPAIRED
                ),
                edges,
            )

    def readings(
        self, gauges: Collection[Gauge], edges: Sequence[datetime]
    ) -> dict[tuple[Gauge, int], GaugeReading]:
        whole = [edge.replace(microsecond=0) for edge in edges]
        read: dict[tuple[Gauge, int], list[Measure]] = defaultdict(list)
        with self._lock:
            for (_, at, _, _), each in self._measures.items():
                slot = _slot(at, whole)
                if each.gauge in gauges and slot is not None:
                    read[each.gauge, slot].append(each)
        return {key: _reading(some) for key, some in read.items()}


def _slot(at: datetime, edges: Sequence[datetime]) -> int | None:
    return bisect_right(edges, at) - 1 if edges[0] <= at < edges[-1] else None


def _first(
    seen: Iterable[tuple[tuple[str, str], datetime]], edges: Sequence[datetime]
) -> dict[int, int]:
    first: dict[tuple[str, str], int] = {}
    for key, at in seen:
        slot = _slot(at, edges)
        if slot is not None:
            first[key] = min(slot, first.get(key, slot))
    return dict(Counter(first.values()))


def _reading(some: Sequence[Measure]) -> GaugeReading:
    weight = sum(each.weight for each in some)
    newest = max(each.at.replace(microsecond=0) for each in some)
    last: dict[str, float] = {}
    for each in some:
        if each.at.replace(microsecond=0) == newest:
            last[each.of] = max(each.value, last.get(each.of, each.value))
    return GaugeReading(
        mean=sum(each.value * each.weight for each in some) / weight,
        weight=weight,
        last=sum(last.values()),
    )
