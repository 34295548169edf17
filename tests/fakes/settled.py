"""What persons have said of owed credits, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from core.credits.records import BookingId
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.owed.store import settled
from core.operations.owed.store.settled import baseline_stands
from core.operations.plans import Plan


class MemorySettled:
    _lock: threading.RLock
    _baseline: Baseline | None
    _owed_decisions: dict[BookingId, OwedDecision]
    _plans: dict[str, Plan]
    record: Callable[..., Any]

    def baseline(self) -> Baseline | None:
        with self._lock:
            return self._baseline

    def set_baseline(self, baseline: Baseline) -> None:
        with self._lock:
            if self._baseline is not None:
                raise baseline_stands(self._baseline)
            self._baseline = baseline
            self.record(settled.baseline_set(baseline))

    def withdraw_baseline(self, *, by: str, at: datetime, reason: str) -> Baseline | None:
        with self._lock:
            before, self._baseline = self._baseline, None
            if before is not None:
                self.record(settled.baseline_withdrawn(before, by=by, at=at, reason=reason))
            return before

    def owed_decisions(self, bookings: Collection[BookingId]) -> dict[BookingId, OwedDecision]:
        with self._lock:
            kept = self._owed_decisions
            return {id_: kept[id_] for id_ in bookings if id_ in kept}

    def decide_owed(self, decisions: Sequence[OwedDecision]) -> None:
        with self._lock:
            before = dict(self._owed_decisions)
            for one in decisions:
                self._owed_decisions[one.booking_id] = one
                self.record(settled.owed_decided(one, before.get(one.booking_id)))

    def withdraw_decisions(
        self, bookings: Collection[BookingId], *, by: str, at: datetime, reason: str
    ) -> set[BookingId]:
        with self._lock:
            kept = self._owed_decisions
            found = {id_: kept.pop(id_) for id_ in set(bookings) if id_ in kept}
            for one in found.values():
                self.record(settled.decision_withdrawn(one, by=by, at=at, reason=reason))
            return set(found)

    def planned_at(self, operation_id: str) -> datetime | None:
        with self._lock:
            plan = self._plans.get(operation_id)
            return plan.made_at if plan else None
