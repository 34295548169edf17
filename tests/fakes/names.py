"""The names' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from core.audit.retention_rules import impersonal, nameless, unsaid
from core.audit.store.event_port import Event
from core.credits.records import Kind
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow
from core.operations.plans import Plan, Row
from core.operations.states import Item, ItemState
from core.operations.store import audit_entries
from tests.fakes.audit import MemoryAudit

N = TypeVar("N", Row, Item)


class MemoryNames(MemoryAudit):
    _lock: threading.RLock
    _plans: dict[str, Plan]
    _operations: dict[str, Any]
    _nameless: set[str]
    _events: list[Event]
    _drifts: dict[str, dict[tuple[str, str], Drift]]
    _repairs: dict[str, tuple[Repair, dict[int, RepairRow]]]

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
                    reason_for_students="",
                )
                kept.told = {id_: replace(one, detail="") for id_, one in kept.told.items()}
                self._events[:] = [
                    replace(event, detail=unsaid(event.detail))
                    if event.operation_id == plan_id
                    else event
                    for event in self._events
                ]
                count += more
            self._nameless.add(plan_id)
            if count:
                self.record(audit_entries.forgot(plan_id, count, by=by, at=at))
            return count

    def erase_student(self, contact_id: str, *, row_deleted: bool, at: datetime) -> int:
        with self._lock:
            count = 0
            for plan in list(self._plans.values()):
                rows = [row for row in plan.rows if row.contact_id == contact_id]
                if rows:
                    count += self._blank(plan, {row.contact_name for row in rows}, contact_id)
            self._forget_telling(contact_id)
            for found in self._drifts.values():
                for key, drift in found.items():
                    found[key], blanked = _impersonal(drift, contact_id)
                    count += blanked
            for _, lines in self._repairs.values():
                for n, line in lines.items():
                    drift, blanked = _impersonal(line.drift, contact_id)
                    if blanked:
                        lines[n] = replace(
                            line,
                            drift=drift,
                            truth_now=impersonal(line.truth_now),
                            mirror_now=impersonal(line.mirror_now),
                        )
                    count += blanked
            if count or row_deleted:
                self.record(audit_entries.erased(contact_id, count, row_deleted=row_deleted, at=at))
            return count

    def _forget_telling(self, contact_id: str) -> None:
        for kept in self._operations.values():
            if (one := kept.told.get(contact_id)) is not None:
                kept.told[contact_id] = replace(one, detail="")

    def _blank(self, plan: Plan, names: set[str], contact_id: str) -> int:
        rows, count = _blanked(list(plan.rows), contact_id)
        selection = nameless(plan.selection, names)
        self._plans[plan.id] = replace(plan, selection=selection, rows=tuple(rows))
        if (kept := self._operations.get(plan.id)) is None:
            return count
        items, more = _blanked(list(kept.items.values()), contact_id)
        kept.items = {item.booking_id: item for item in items}
        told = nameless(kept.operation.selection, names)
        kept.operation = replace(kept.operation, selection=told)
        return count + more

    def _is_old(self, plan: Plan, before: datetime) -> bool:
        kept = self._operations.get(plan.id)
        if kept is None:
            return plan.made_at < before
        ended = kept.operation.ended_at
        undecided = any(item.state is ItemState.UNDECIDED for item in kept.items.values())
        return ended is not None and ended < before and not undecided


def _blanked(found: list[N], contact_id: str | None = None) -> tuple[list[N], int]:
    """All of these, or those of one contact."""
    named = [
        each
        for each in found
        if contact_id in {None, each.contact_id}
        and (each.booking_name or each.new_name or each.contact_name or each.contact_email)
    ]
    blank = [
        replace(each, booking_name="", new_name="", contact_name="", contact_email="")
        if each in named
        else each
        for each in found
    ]
    return blank, len(named)


def _impersonal(drift: Drift, contact_id: str) -> tuple[Drift, bool]:
    if (drift.kind, drift.record_id) != (Kind.CONTACT, contact_id):
        return drift, False
    kept = replace(drift, truth=impersonal(drift.truth), mirror=impersonal(drift.mirror))
    return kept, kept != drift
