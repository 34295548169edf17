"""Who was told, in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.credits.writes import Run
from core.operations.store import audit_entries
from core.operations.store.rules import check_told_again
from core.operations.telling.rules import TELLABLE_AGAIN, Telling, TellingState


class MemoryTellings:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _fenced: Any
    _kept: Any
    record: Any

    def tellings(
        self, operation_id: str, *, states: Collection[TellingState] = ()
    ) -> list[Telling]:
        with self._lock:
            kept = self._operations.get(operation_id)
            found = sorted(kept.told.items()) if kept else []
            return [one for _, one in found if not states or one.state in states]

    def record_tellings(self, run: Run, tellings: Sequence[Telling]) -> None:
        with self._lock:
            self._fenced(run).told.update({one.contact_id: one for one in tellings})

    def telling_counts(self, operation_id: str) -> Mapping[TellingState, int]:
        return Counter(one.state for one in self.tellings(operation_id))

    def tell_again(self, operation_id: str, *, at: datetime, actor: str) -> int:
        with self._lock:
            kept = self._kept(operation_id)
            check_told_again(kept.operation)
            again = [one for one in kept.told.values() if one.state in TELLABLE_AGAIN]
            kept.told.update(
                {one.contact_id: replace(one, state=TellingState.WAITING) for one in again}
            )
            if again:
                self.record(
                    audit_entries.told_again(kept.operation, len(again), at=at, actor=actor)
                )
            return len(again)
