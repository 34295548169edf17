"""The counting part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from core.credits.writes import WriteState
from core.health.audit_check.forged import Landed
from core.health.store.port import Figures


class MemoryFigures:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _writes: dict[Any, Any]

    def figures(self) -> Figures:
        with self._lock:
            held = [each.operation for each in self._operations.values()]
            items = [item for each in self._operations.values() for item in each.items.values()]
            return Figures(
                operations=Counter(str(each.state) for each in held),
                items=Counter(str(item.state) for item in items),
                writes=Counter(str(record.state) for record in self._writes.values()),
            )

    def clock(self) -> datetime | None:
        return None

    def landed_writes(self, *, after: int, limit: int) -> list[Landed]:
        with self._lock:
            found = [
                Landed(seq=seq, id=record.write.id, movements=len(record.write.movements))
                for seq, record in enumerate(self._writes.values(), 1)
                if seq > after and record.state is WriteState.LANDED
            ]
            return found[:limit]

    def known_writes(self, ids: Collection[str]) -> set[str]:
        with self._lock:
            return {id_ for id_ in ids if id_ in self._writes}
