"""Which desk this is, of the journal in memory; and a register of desks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.credits.errors import GatewayError
from core.operations.desks.rules import Process, Registered, Takeover
from core.operations.desks.store import desks as desks_desks


class MemoryDesks:
    _lock: threading.RLock
    _desk: str
    _takeovers: list[Takeover]
    _processes: set[str]
    record: Callable[..., Any]

    def desk_id(self, fresh: str) -> str:
        with self._lock:
            self._desk = self._desk or fresh
            return self._desk

    def take_over(self, takeover: Takeover, *, rename: str = "") -> None:
        with self._lock:
            self._takeovers.append(takeover)
            self._desk = rename or self._desk
            self.record(desks_desks.taken_over(takeover, rename))

    def takeovers(self) -> list[Takeover]:
        with self._lock:
            latest = self._takeovers[::-1]
            return sorted(latest, key=lambda one: one.at, reverse=True)

    def note_process(self, name: str, *, at: datetime) -> None:
        del at
        with self._lock:
            self._processes.add(name)

    def known_processes(self, names: Collection[str]) -> set[str]:
        with self._lock:
            return self._processes & set(names)


@dataclass(slots=True)
class FakeRegister:
    """Entries by process. ``dead`` is raised by every call while set."""

    now: Callable[[], datetime]
    dead: GatewayError | None = None
    calls: int = 0
    _entries: dict[str, tuple[Process, datetime]] = field(default_factory=dict)
    _taken: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def register(self, process: Process) -> list[Registered]:
        self._answer()
        self._entries[process.name] = (process, self.now())
        return self._all()

    def registered(self) -> list[Registered]:
        self._answer()
        return self._all()

    def unregister(self, name: str) -> None:
        self._answer()
        self._entries.pop(name, None)

    def mark_taken_over(self, desks: Sequence[str], *, by: str) -> None:
        self._answer()
        self._taken |= {desk: (by, self.now()) for desk in desks}
        self._taken.pop(by, None)

    def _answer(self) -> None:
        self.calls += 1
        if self.dead is not None:
            raise self.dead

    def _all(self) -> list[Registered]:
        found = []
        for process, seen in self._entries.values():
            entry = Registered(process=process, seen_s=abs((self.now() - seen).total_seconds()))
            if process.desk in self._taken:
                by, at = self._taken[process.desk]
                entry = replace(entry, taken_over_by=by, taken_over_at=at)
            found.append(entry)
        return sorted(found, key=lambda one: one.seen_s)
