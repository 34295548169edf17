"""Sweeps, repairs, schedules and what is to be carried, of the journal in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.audit.entries import Entry
from core.credits.errors import Superseded, UnknownId
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RowState
from core.drift.store import audit_entries
from core.drift.sweeps import Sweep, SweepMode
from core.operations.states import ENDED, FollowUps, Operation, OperationState
from core.students.exam_acts import ExamAct
from core.work.schedules import SlotRecord
from core.work.work import Task, Work, parted
from tests.fakes.audit import MemoryAudit


def _carried(operation: Operation, at: datetime | None) -> bool:
    if operation.state is OperationState.AWAITING:
        return at is not None and operation.hold_until <= at
    return operation.state not in ENDED


class MemoryWorks(MemoryAudit):
    _lock: threading.RLock
    _operations: dict[str, Any]
    _sweeps: dict[str, Sweep]
    _drifts: dict[str, dict[tuple[str, str], Drift]]
    _repairs: dict[str, tuple[Repair, dict[int, RepairRow]]]
    _slots: dict[str, SlotRecord]
    _exam_acts: dict[str, ExamAct]
    take_exam_act: Callable[[str], ExamAct]

    # what is to be carried

    def unended(self, limit: int = 10_000, *, at: datetime | None = None) -> list[Task]:
        with self._lock:
            operations = [kept.operation for kept in self._operations.values()]
            works = [
                (Work.OPERATION, [(o.confirmed_at, o) for o in operations if _carried(o, at)]),
                (
                    Work.FOLLOW_UPS,
                    [(o.ended_at, o) for o in operations if o.follow_ups is FollowUps.DUE],
                ),
                (Work.SWEEP, [(s.started_at, s) for s in self._sweeps.values() if not s.ended]),
                (Work.REPAIR, [(r.asked_at, r) for r, _ in self._repairs.values() if not r.ended]),
                (Work.EXAM, [(a.asked_at, a) for a in self._exam_acts.values() if not a.ended]),
            ]
            return [
                Task(work=work, id=each.id, state=each.state.value)
                for work, found in works
                for _, each in sorted(found, key=lambda pair: (pair[0], pair[1].id))[:limit]
            ]

    def must_exist(self, key: str) -> None:
        work, id_ = parted(key)
        with self._lock:
            of: dict[Work, dict[str, Any]] = {
                Work.OPERATION: self._operations,
                Work.FOLLOW_UPS: self._operations,
                Work.SWEEP: self._sweeps,
                Work.REPAIR: self._repairs,
                Work.EXAM: self._exam_acts,
            }
            if id_ not in of[work]:
                raise UnknownId(f"there is no {work} {id_}")

    def supersede(self, key: str) -> None:
        work, id_ = parted(key)
        with self._lock:
            if work in {Work.OPERATION, Work.FOLLOW_UPS}:
                kept = self._operations[id_]
                kept.operation = replace(kept.operation, epoch=kept.operation.epoch + 1)
            elif work is Work.SWEEP:
                self.take_sweep(id_)
            elif work is Work.EXAM:
                self.take_exam_act(id_)
            else:
                self.take_repair(id_)

    # sweeps

    def ask_sweep(self, sweep: Sweep) -> Sweep:
        with self._lock:
            if sweep.id in self._sweeps:
                return self._sweeps[sweep.id]
            for each in self._sweeps.values():
                if each.mode is sweep.mode and not each.ended:
                    return each
            self._sweeps[sweep.id] = sweep
            self.record(*audit_entries.swept(sweep))
            return sweep

    def sweep(self, sweep_id: str) -> Sweep:
        with self._lock:
            if sweep_id not in self._sweeps:
                raise UnknownId(f"there is no sweep {sweep_id}")
            return self._sweeps[sweep_id]

    def take_sweep(self, sweep_id: str) -> Sweep:
        with self._lock:
            sweep = self.sweep(sweep_id)
            taken = self._sweeps[sweep_id] = replace(sweep, epoch=sweep.epoch + 1)
            return taken

    def save_sweep(self, sweep: Sweep, found: Sequence[Drift] = ()) -> None:
        with self._lock:
            held = self._sweeps.get(sweep.id, sweep)
            if held.epoch != sweep.epoch:
                raise Superseded(sweep.id, sweep.epoch, now=held.epoch, work="sweep")
            self._sweeps[sweep.id] = sweep
            kept = self._drifts.setdefault(sweep.id, {})
            for drift in found:
                kept.setdefault((drift.kind.value, drift.record_id), drift)

    def sweeps(self, *, modes: Collection[SweepMode] = (), limit: int = 100) -> list[Sweep]:
        with self._lock:
            found = [each for each in self._sweeps.values() if not modes or each.mode in modes]
        found.sort(key=lambda sweep: sweep.id)
        return sorted(found, key=lambda sweep: sweep.started_at, reverse=True)[:limit]

    def drifts(
        self,
        sweep_id: str,
        *,
        causes: Collection[Cause] = (),
        limit: int | None = None,
    ) -> list[Drift]:
        with self._lock:
            kept = sorted(self._drifts.get(sweep_id, {}).items())
        found = [drift for _, drift in kept if not causes or drift.cause in causes]
        return found[:limit]

    def drift_counts(self, sweep_id: str) -> dict[Cause, int]:
        with self._lock:
            return dict(Counter(each.cause for each in self._drifts.get(sweep_id, {}).values()))

    def forget_sweeps(self, *, before: datetime) -> int:
        with self._lock:
            old = [s.id for s in self._sweeps.values() if s.started_at < before and s.ended]
            for id_ in old:
                del self._sweeps[id_]
                self._drifts.pop(id_, None)
        return len(old)

    # repairs

    def ask_repair(self, repair: Repair, rows: Sequence[RepairRow]) -> Repair:
        with self._lock:
            for held, _ in self._repairs.values():
                if held.id == repair.id or (held.digest == repair.digest and not held.ended):
                    return self.repair(held.id)
            self._repairs[repair.id] = (repair, {row.n: row for row in rows})
            self.record(audit_entries.repaired(repair, rows))
            return self.repair(repair.id)

    def repair(self, repair_id: str) -> Repair:
        with self._lock:
            if repair_id not in self._repairs:
                raise UnknownId(f"there is no repair {repair_id}")
            repair, rows = self._repairs[repair_id]
            return replace(repair, counts=dict(Counter(row.state for row in rows.values())))

    def repairs(self, *, limit: int = 50) -> list[Repair]:
        with self._lock:
            found = sorted(map(self.repair, self._repairs), key=lambda repair: repair.id)
        found.sort(key=lambda repair: repair.asked_at, reverse=True)
        return found[:limit]

    def repair_rows(
        self,
        repair_id: str,
        *,
        states: Collection[RowState] = (),
        limit: int | None = None,
    ) -> list[RepairRow]:
        with self._lock:
            _, rows = self._repairs.get(repair_id, (None, {}))
            found = [row for _, row in sorted(rows.items()) if not states or row.state in states]
        return found[:limit]

    def take_repair(self, repair_id: str) -> Repair:
        with self._lock:
            repair = self.repair(repair_id)
            _, rows = self._repairs[repair_id]
            self._repairs[repair_id] = (replace(repair, epoch=repair.epoch + 1), rows)
            return self.repair(repair_id)

    def save_repair(
        self, repair: Repair, rows: Sequence[RepairRow] = (), entries: Sequence[Entry] = ()
    ) -> None:
        with self._lock:
            held, kept = self._repairs.get(repair.id, (repair, {}))
            if held.epoch != repair.epoch:
                raise Superseded(repair.id, repair.epoch, now=held.epoch, work="repair")
            self._repairs[repair.id] = (repair, kept)
            self.record(*entries)
            for row in rows:
                if row.n in kept:
                    kept[row.n] = replace(row, drift=kept[row.n].drift)

    def forget_repairs(self, *, before: datetime) -> int:
        with self._lock:
            old = [r.id for r, _ in self._repairs.values() if r.asked_at < before and r.ended]
            for id_ in old:
                del self._repairs[id_]
        return len(old)

    # schedules

    def begin_job(self, job: str, *, at: datetime) -> None:
        begun = SlotRecord(job=job, slot=at, taken_at=at, held_until=at, done_at=at, began_at=at)
        with self._lock:
            self._slots.setdefault(job, begun)

    def take_slot(self, job: str, slot: datetime, *, now: datetime, until: datetime) -> bool:
        with self._lock:
            held = self._slots.get(job)
            if held is None or held.slot > slot:
                return False
            if held.slot == slot and (held.done_at is not None or held.held_until > now):
                return False
            self._slots[job] = replace(
                held, slot=slot, taken_at=now, held_until=until, done_at=None, error=""
            )
            return True

    def end_slot(self, job: str, slot: datetime, *, at: datetime, error: str = "") -> None:
        with self._lock:
            held = self._slots.get(job)
            if held is not None and held.slot == slot:
                self._slots[job] = replace(held, done_at=None if error else at, error=error)

    def slots(self) -> dict[str, SlotRecord]:
        with self._lock:
            return dict(self._slots)
