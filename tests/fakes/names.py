"""The names' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from core.domain.forgetting import nameless, unsaid
from core.domain.operations import Item, ItemState
from core.domain.plans import Plan, Row
from core.gateways.journal import acts
from core.gateways.ports import Event
from tests.fakes.audit import MemoryAudit

N = TypeVar("N", Row, Item)


class MemoryNames(MemoryAudit):
    _lock: threading.RLock
    _plans: dict[str, Plan]
    _operations: dict[str, Any]
    _nameless: set[str]
    _events: list[Event]

    def naming_students(self, *, before: datetime, limit: int) -> list[str]:
        with self._lock:
            found = [
                plan
                for plan in self._plans.values()
                if plan.id not in self._nameless and self._is_old(plan, before)
            ]
            return [plan.id for plan in sorted(found, key=lambda p: (p.made_at, p.id))][:limit]

    def forget_students(self, plan_id: str, *, by: str, at: datetime) -> int:
        with self._lock:
            plan = self._plans[plan_id]
            names = {row.contact_name for row in plan.rows}
            selection = nameless(plan.selection, names)
            rows, count = _blanked(list(plan.rows))
            self._plans[plan_id] = replace(plan, selection=selection, rows=tuple(rows))
            if (kept := self._operations.get(plan_id)) is not None:
                items, more = _blanked(list(kept.items.values()))
                kept.items = {item.booking_id: item for item in items}
                kept.operation = replace(
                    kept.operation,
                    selection=nameless(kept.operation.selection, names),
                    reason="",
                )
                self._events[:] = [
                    replace(event, detail=unsaid(event.detail))
                    if event.operation_id == plan_id
                    else event
                    for event in self._events
                ]
                count += more
            self._nameless.add(plan_id)
            if count:
                self.record(acts.forgot(plan_id, count, by=by, at=at))
            return count

    def _is_old(self, plan: Plan, before: datetime) -> bool:
        kept = self._operations.get(plan.id)
        if kept is None:
            return plan.made_at < before
        ended = kept.operation.ended_at
        undecided = any(item.state is ItemState.UNDECIDED for item in kept.items.values())
        return ended is not None and ended < before and not undecided


def _blanked(found: list[N]) -> tuple[list[N], int]:
    named = sum(
        bool(each.booking_name or each.contact_name or each.contact_email) for each in found
    )
    blank = [replace(each, booking_name="", contact_name="", contact_email="") for each in found]
    return blank, named
