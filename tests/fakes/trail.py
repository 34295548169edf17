"""What was done to one contact or exam, of the journal in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from core.audit.store.event_port import Event
from core.credits.records import Kind, WriteId
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import FollowUps, Item, Operation, OperationState


class MemoryTrail:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _writes: dict[WriteId, WriteRecord]
    _events: list[Event]

    def writes_of(self, kind: Kind, ids: Collection[str], *, limit: int = 200) -> list[WriteRecord]:
        with self._lock:
            found = [
                record
                for record in self._writes.values()
                if record.write.kind is kind and record.write.target_id in ids
            ]
            return sorted(found, key=lambda each: each.write.sent_at, reverse=True)[:limit]

    def operations_named(self, ids: Collection[str]) -> dict[str, Operation]:
        with self._lock:
            return {id_: self._operations[id_].operation for id_ in ids if id_ in self._operations}

    def items_of(
        self,
        contact_ids: Collection[str],
        *,
        states: Collection[OperationState] = (),
        limit: int | None = 200,
    ) -> list[tuple[Item, Operation]]:
        def fits(item: Item, of: Operation) -> bool:
            return item.contact_id in contact_ids and (not states or of.state in states)

        return self._items(fits)[:limit]

    def items_of_exam(self, exam_id: str, *, ended_since: datetime) -> list[tuple[Item, Operation]]:
        def late(item: Item, of: Operation) -> bool:
            due = of.follow_ups is FollowUps.DUE
            ended = of.ended_at is not None and of.ended_at < ended_since
            return exam_id in {item.exam_id, of.to_exam} and (due or not ended)

        return self._items(late)

    def events_called(self, names: Sequence[str], *, limit: int = 50) -> list[Event]:
        with self._lock:
            return [event for event in reversed(self._events) if event.what in names][:limit]

    def _items(self, picked: Callable[[Item, Operation], bool]) -> list[tuple[Item, Operation]]:
        with self._lock:
            by_age = sorted(self._operations.values(), key=lambda kept: kept.operation.id)
            by_age.sort(key=lambda kept: kept.operation.confirmed_at, reverse=True)
            return [
                (item, kept.operation)
                for kept in by_age
                for item in kept.items.values()
                if picked(item, kept.operation)
            ]
