"""Bookings dealt with since, by the journal in memory. Held to the SQL one by tests/contract."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.audit.entries import Entry
from core.audit.store.event_port import Event
from core.credits.errors import UnknownId
from core.credits.records import ItemKey
from core.operations.kinds.registry import kind_of
from core.operations.states import DISMISSIBLE, Item, ItemState, Operation
from core.operations.store.rules import check_put_away, dealt_with_event, done_since
from tests.fakes.audit import MemoryAudit


class MemoryAccounting(MemoryAudit):
    _lock: threading.RLock
    _operations: dict[str, Any]

    def put_away(
        self, operation_id: str, changed: Sequence[Item], *, event: Event, entry: Entry
    ) -> None:
        with self._lock:
            if operation_id not in self._operations:
                raise UnknownId(f"there is no operation {operation_id}")
            kept = self._operations[operation_id]
            now: dict[ItemKey, Item] = kept.items
            found = {
                item.booking_id: replace(now[item.booking_id], state=item.state, why=item.why)
                for item in changed
                if item.booking_id in now and now[item.booking_id].state in DISMISSIBLE
            }
            check_put_away(kept.operation, len(changed), len(found))
            now |= found
            self.record(event, entry)

    def _deal_with(self, by: Operation, at: datetime) -> None:
        mine: dict[ItemKey, Item] = self._operations[by.id].items
        done = {id_ for id_, item in mine.items() if item.state is ItemState.DONE}
        for id_, kept in sorted(self._operations.items()):
            earlier = kept.operation.confirmed_at < by.confirmed_at
            if not earlier or kept.operation.kind not in kind_of(by.kind).deals_with:
                continue
            found = {
                booking: replace(item, state=ItemState.SKIPPED, why=done_since(by))
                for booking in done
                if (item := kept.items.get(booking)) is not None and item.state in DISMISSIBLE
            }
            if found:
                kept.items |= found
                self.record(dealt_with_event(id_, len(found), by, at))
