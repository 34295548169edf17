"""Groups of a run, of the journal in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.credits.records import ItemKey
from core.credits.writes import Run
from core.operations.crew.store.groups_port import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGroup:
    run: Run
    group: Group
    shared: bool = False
    taken_by: str = ""
    returned: bool = False

    @property
    def free(self) -> bool:
        return not self.taken_by


class MemoryGroups:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _groups: list[KeptGroup]
    _fenced: Callable[[Run], Any]

    def offer_groups(self, run: Run, offered: Sequence[Sequence[ItemKey]]) -> None:
        with self._lock:
            self._fenced(run)
            self._forget_groups(run.operation_id)
            self._groups += [
                KeptGroup(run=run, group=Group(n=n, bookings=tuple(keys)))
                for n, keys in enumerate(offered)
            ]

    def share_groups(self, run: Run, shared: bool) -> None:
        with self._lock:
            self._fenced(run)
            self._change(lambda kept: kept.run == run and kept.free, shared=shared)

    def shared_run(self) -> Run | None:
        with self._lock:
            found = [
                (kept.run, self._operations[kept.run.operation_id].operation)
                for kept in self._groups
                if kept.free and kept.shared
            ]
            current = [(o.confirmed_at, o.id, run) for run, o in found if o.epoch == run.epoch]
            return min(current, key=lambda each: each[:2])[2] if current else None

    def take_group(self, run: Run, by: str, *, shared: bool = False) -> Group | None:
        with self._lock:
            self._fenced(run)
            free = [k for k in self._groups if k.run == run and k.free and (k.shared or not shared)]
            if not free:
                return None
            first = min(free, key=lambda kept: kept.group.n)
            self._change(lambda kept: kept is first, taken_by=by)
            return first.group

    def return_groups(self, run: Run, by: str) -> None:
        with self._lock:
            self._fenced(run)
            self._change(lambda kept: kept.run == run and kept.taken_by == by, returned=True)

    def groups_out(self, run: Run, but: str) -> set[str]:
        with self._lock:
            self._fenced(run)
            mine = [kept for kept in self._groups if kept.run == run and not kept.returned]
            return {kept.taken_by for kept in mine} - {"", but}

    def _forget_groups(self, operation_id: str) -> None:
        self._groups = [k for k in self._groups if k.run.operation_id != operation_id]

    def _change(self, of: Callable[[KeptGroup], bool], **values: Any) -> None:
        self._groups = [replace(k, **values) if of(k) else k for k in self._groups]
