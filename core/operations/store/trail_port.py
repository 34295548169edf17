"""The part of the journal that tells what was done to one contact or exam."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.audit.store.event_port import Event
from core.credits.records import Kind
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item, Operation, OperationState


class TrailRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def writes_of(self, kind: Kind, ids: Collection[str], *, limit: int = 200) -> list[WriteRecord]:
        """Writes of these records by any operation, newest first."""
        ...

    def operations_named(self, ids: Collection[str]) -> dict[str, Operation]:
        """Those of these operations that there are."""
        ...

    def items_of(
        self,
        contact_ids: Collection[str],
        *,
        states: Collection[OperationState] = (),
        limit: int | None = 200,
    ) -> list[tuple[Item, Operation]]:
        """What operations did to bookings of these contacts, newest operation first.

        ``states``: of operations in one of them; of all, where that is empty. ``limit``: None: all.
        """
        ...

    def items_of_exam(self, exam_id: str, *, ended_since: datetime) -> list[tuple[Item, Operation]]:
        """Bookings that leave it, or move to it.

        Of operations that have not ended, or only since then, or have follow-ups due.
        """
        ...

    def events_called(self, names: Sequence[str], *, limit: int = 50) -> list[Event]:
        """Events with one of these names, newest first."""
        ...
