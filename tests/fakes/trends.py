"""The charts' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from core.credits.catalogue import CreditType
from core.credits.records import Kind
from core.drift.differences import Drift
from core.drift.store.trends_port import DriftLevel, DriftPage, Gap, Gauge, Level, Measure, Narrow
from core.drift.sweeps import Sweep, SweepMode


class MemoryTrends:
    _lock: threading.RLock
    _sweeps: dict[str, Sweep]
    _drifts: dict[str, dict[tuple[str, str], Drift]]
    _measures: dict[tuple[str, datetime, str, str], Measure]

    def add_measures(self, measures: Sequence[Measure]) -> None:
        with self._lock:
            for each in measures:
                at = each.at.replace(microsecond=0)
                self._measures.setdefault((each.gauge, at, each.of, each.source), each)

    def measured_at(self, gauge: Gauge) -> datetime | None:
        with self._lock:
            return max((key[1] for key in self._measures if key[0] == gauge), default=None)

    def levels(self, gauges: Collection[Gauge], *, since: datetime, step: timedelta) -> list[Level]:
        steps: dict[tuple[datetime, Gauge, str], list[Measure]] = defaultdict(list)
        with self._lock:
            for (_, at, _, _), each in self._measures.items():
                if each.gauge in gauges and at >= since.replace(microsecond=0):
                    steps[_begin(at, step), each.gauge, each.of].append(each)
        return [
            Level(
                at=at,
                gauge=gauge,
                of=of,
                mean=sum(m.value * m.weight for m in read) / sum(m.weight for m in read),
                most=max(m.value for m in read),
                last=max(read, key=lambda m: (m.at.replace(microsecond=0), m.value)).value,
            )
            for (at, gauge, of), read in sorted(steps.items())
        ]

    def forget_measures(self, *, before: datetime) -> int:
        with self._lock:
            old = [key for key in self._measures if key[1] < before.replace(microsecond=0)]
            for key in old:
                del self._measures[key]
        return len(old)

    def drift_levels(
        self, *, modes: Collection[SweepMode], since: datetime, step: timedelta
    ) -> list[DriftLevel]:
        last: dict[datetime, Sweep] = {}
        with self._lock:
            for sweep in sorted(self._sweeps.values(), key=lambda s: (s.started_at, s.id)):
                if not sweep.complete or sweep.mode not in modes or sweep.started_at < since:
                    continue
                last[_begin(sweep.started_at, step)] = sweep
            return [self._level(at, last[at]) for at in sorted(last)]

    def gaps(self, sweep_id: str, types: Sequence[CreditType]) -> list[Gap]:
        found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        with self._lock:
            for drift in self._drifts.get(sweep_id, {}).values():
                for n, credit in enumerate(types):
                    if (sides := _sides(drift, credit)) and sides[0] != sides[1]:
                        found[n, sides[1] - sides[0]].append(sides)
        return [
            Gap(
                credit=types[n],
                difference=difference,
                contacts=len(all_),
                truth=sum(truth for truth, _ in all_),
                mirror=sum(mirror for _, mirror in all_),
            )
            for (n, difference), all_ in sorted(found.items())
        ]

    def drift_page(
        self, sweep_id: str, narrow: Narrow, *, limit: int | None = None, offset: int = 0
    ) -> DriftPage:
        with self._lock:
            found = [d for d in self._drifts.get(sweep_id, {}).values() if _meant(d, narrow)]
        found.sort(key=lambda drift: (drift.since, drift.kind, drift.record_id))
        end = None if limit is None else offset + limit
        return DriftPage(total=len(found), rows=found[offset:end])

    def _level(self, at: datetime, sweep: Sweep) -> DriftLevel:
        drifts = self._drifts.get(sweep.id, {}).values()
        return DriftLevel(
            at=at,
            sweep_id=sweep.id,
            mode=sweep.mode,
            swept_at=sweep.started_at,
            counts=dict(Counter(drift.cause for drift in drifts)),
            oldest_since=min((drift.since for drift in drifts), default=None),
        )


def _begin(at: datetime, step: timedelta) -> datetime:
    size = round(step.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // size * size, UTC)


def _sides(drift: Drift, credit: CreditType) -> tuple[int, int] | None:
    if drift.kind is not Kind.CONTACT:
        return None
    truth, mirror = _whole(drift.truth, credit), _whole(drift.mirror, credit)
    return None if truth is None or mirror is None else (truth, mirror)


def _whole(row: Mapping[str, object], name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _meant(drift: Drift, narrow: Narrow) -> bool:
    if narrow.causes and drift.cause not in narrow.causes:
        return False
    if narrow.kinds and drift.kind not in narrow.kinds:
        return False
    if not drift.record_id.startswith(narrow.record):
        return False
    return not narrow.credits or any(_differs(drift, each, narrow) for each in narrow.credits)


def _differs(drift: Drift, credit: CreditType, narrow: Narrow) -> bool:
    sides = _sides(drift, credit)
    if sides is None or sides[0] == sides[1]:
        return False
    difference = sides[1] - sides[0]
    least = narrow.least is None or difference >= narrow.least
    return least and (narrow.most is None or difference <= narrow.most)
