"""What was done, counted by the journal in memory. Held to the SQL one by tests/contract."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from core.credits.records import ExamId
from core.credits.writes import MovementKind, WriteState
from core.drift.repairs import Repair, RepairRow, RowState
from core.health.store.tallies_port import ActTally, ExamTally, RepairTally
from core.operations.states import Item, ItemState
from core.operations.verdicts import OperationKind


class MemoryTallies:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _writes: dict[Any, Any]
    _repairs: dict[str, tuple[Repair, dict[int, RepairRow]]]

    def tally_acts(self, edges: Sequence[datetime]) -> list[ActTally]:
        booked: Counter[Any] = Counter()
        cancelled: Counter[Any] = Counter()
        refunded: Counter[Any] = Counter()
        for kept in self._since(edges[0]):
            of = kept.operation
            key = (_slot(of.confirmed_at, edges), of.kind, of.confirmed_by, of.reason)
            booked[key] += sum(_is_booked(item, of.kind) for item in kept.items.values())
            cancelled[key] += sum(item.cancelled for item in kept.items.values())
            refunded[key] += sum(
                movement.kind is MovementKind.REFUND
                for record in map(self._writes.__getitem__, kept.writes)
                if record.state is WriteState.LANDED
                for movement in record.write.movements
            )
        return [
            ActTally(
                slot=key[0], kind=key[1], by=key[2], reason=key[3],
                booked=booked[key], cancelled=cancelled[key], refunded=refunded[key],
            )
            for key in sorted({*+booked, *+cancelled, *+refunded})
        ]  # fmt: skip

    def tally_exams(self, since: datetime) -> list[ExamTally]:
        booked: Counter[ExamId] = Counter()
        cancelled: Counter[ExamId] = Counter()
        told: dict[ExamId, Item] = {}
        for kept in self._since(since):
            for item in kept.items.values():
                if item.exam_id is None:
                    continue
                told.setdefault(item.exam_id, item)
                booked[item.exam_id] += _is_booked(item, kept.operation.kind)
                cancelled[item.exam_id] += item.cancelled
        found = [
            ExamTally(
                exam_id=id_, mock_type=told[id_].mock_type, exam_date=told[id_].exam_date,
                booked=booked[id_], cancelled=cancelled[id_],
            )
            for id_ in {*+booked, *+cancelled}
        ]  # fmt: skip
        return sorted(found, key=lambda each: (-each.cancelled, -each.booked, each.exam_id))

    def tally_repairs(self, edges: Sequence[datetime]) -> list[RepairTally]:
        took: dict[int, list[float]] = {}
        with self._lock:
            for repair, rows in self._repairs.values():
                if repair.ended_at is None or repair.ended_at < edges[0]:
                    continue
                lengths = took.setdefault(_slot(repair.ended_at, edges), [])
                lengths += [
                    int(repair.ended_at.timestamp()) - int(row.drift.since.timestamp())
                    for row in rows.values()
                    if row.state is RowState.REPAIRED and row.drift.since
                ]
        return [
            RepairTally(
                slot=slot, records=len(each), median_s=float(median(each)), longest_s=max(each)
            )
            for slot, each in sorted(took.items())
            if each
        ]

    def _since(self, since: datetime) -> Iterator[Any]:
        with self._lock:
            kept = list(self._operations.values())
        return (each for each in kept if each.operation.confirmed_at >= since)


def _slot(at: datetime, edges: Sequence[datetime]) -> int:
    return bisect_right(edges, at) - 1


def _is_booked(item: Item, kind: OperationKind) -> bool:
    return kind is OperationKind.BOOK and item.state is ItemState.DONE
