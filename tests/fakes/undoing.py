"""What took what back, in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any, TypeVar

from core.credits.records import BookingId, ItemKey, WriteId
from core.credits.writes import MovementKind
from core.operations.kinds.registry import KEEPING
from core.operations.owed.forfeited import Forfeited, still_kept
from core.operations.owed.rules import TakenBack
from core.operations.protocol.store.rules import OF_AN_UNDO
from core.operations.states import Operation

#: A key of an item, in its own type.
K = TypeVar("K", bound=str)


class MemoryUndoing:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _claims: dict[tuple[str, MovementKind], str]
    _live: dict[tuple[str, MovementKind], WriteId]
    #: Operations that took back the credit of a booking and cleared its mark.
    _taken: dict[str, list[str]]

    def owners(self, bookings: Collection[K], kind: MovementKind) -> dict[K, str]:
        with self._lock:
            return {id_: self._claims[id_, kind] for id_ in bookings if (id_, kind) in self._claims}

    def taken_back(self, bookings: Collection[BookingId]) -> dict[BookingId, TakenBack]:
        with self._lock:
            found = {id_: self._taken[id_] for id_ in bookings if id_ in self._taken}
            return {id_: self._latest(by) for id_, by in found.items()}

    def _latest(self, operation_ids: Collection[str]) -> TakenBack:
        made = [self._operations[id_].operation for id_ in operation_ids]
        last: Operation = max(made, key=lambda operation: (operation.confirmed_at, operation.id))
        return TakenBack(
            operation_id=last.id, by=last.confirmed_by, at=last.confirmed_at, reason=last.reason
        )

    def forfeited(self, bookings: Collection[BookingId]) -> dict[BookingId, Forfeited]:
        with self._lock:
            found = [
                (id_, kept.operation)
                for kept in self._operations.values()
                if kept.operation.kind in KEEPING
                for id_ in set(bookings) & kept.items.keys()
                if kept.items[id_].cancelled
            ]
        return still_kept(found, self.taken_back([id_ for id_, _ in found]))

    def undoing(self, operation_id: str) -> list[Operation]:
        with self._lock:
            made = [kept.operation for kept in self._operations.values()]
            found = [one for one in made if operation_id and one.undoes == operation_id]
            return sorted(found, key=lambda one: (one.confirmed_at, one.id), reverse=True)

    def _free_taken_back(self, operation_id: str, booking: ItemKey) -> None:
        key = (booking, MovementKind.UNDO_REFUND)
        if self._claims.get(key) != operation_id or key not in self._live:
            return
        self._taken.setdefault(booking, []).append(operation_id)
        for kind in OF_AN_UNDO:
            self._live.pop((booking, kind), None)
            self._claims.pop((booking, kind), None)
