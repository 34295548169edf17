"""What operations left undone, of the journal in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from core.audit.store.event_port import Event
from core.credits.records import Kind
from core.credits.writes import Run, WriteState
from core.operations.leftovers import UNCHECKED, About, Warned, of_follow_ups
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Operation
from core.operations.store.leftovers import WARNED, WELL, news, of_write, standing


class MemoryWarnings:
    _lock: threading.RLock
    _events: list[Event]
    _fenced: Any
    _kept: Any
    _operations: dict[str, Any]
    _records: Any

    def warn(
        self,
        run: Run,
        warned: Sequence[Warned],
        *,
        well: Collection[tuple[About, str]] = (),
        at: datetime,
    ) -> None:
        with self._lock:
            self._fenced(run)
            before = standing(self._told(run.operation_id))
            self._events += news(run.operation_id, before, warned, well, at=at)

    def warnings(self, operation_id: str) -> list[Warned]:
        with self._lock:
            operation: Operation = self._kept(operation_id).operation
            records: list[WriteRecord] = self._records(operation_id)
            return (
                standing(self._told(operation_id))
                + [
                    of_write(r.write.id, r.write.kind, r.write.target_id, r.state, r.verified)
                    for r in records
                    if (r.verified or "").startswith(UNCHECKED)
                    or (r.state is WriteState.UNDECIDED and r.write.kind is Kind.EXAM)
                ]
                + of_follow_ups(operation)
            )

    def warnings_of(self, operation_ids: Collection[str]) -> dict[str, list[Warned]]:
        with self._lock:
            return {id_: self.warnings(id_) for id_ in operation_ids if id_ in self._operations}

    def _told(self, operation_id: str) -> list[Event]:
        return [
            event
            for event in self._events
            if event.operation_id == operation_id and event.what in {WARNED, WELL}
        ]
