"""The mirror in memory, with the database's own guard. Held to the real one by the contract."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.mirror import ID, PARTIAL, SOURCE_TIME
from core.domain.records import Kind
from core.gateways.errors import GatewayError, NotSent
from core.gateways.ports import Copied, CopyResult, MirrorRow


@dataclass(slots=True)
class FakeMirror:
    """Starts empty. ``dead`` is raised by every call while set; ``refuse`` denies single rows."""

    #: What every call raises; None: the mirror is up.
    dead: GatewayError | None = None
    #: Why the database would refuse this row; "" when it would not.
    refuse: Callable[[Kind, MirrorRow], str] = lambda _kind, _row: ""
    #: Called with each batch before it is looked at, outside the lock (to count, stop or race).
    on_copy: Callable[[Kind, Sequence[MirrorRow]], None] = lambda _kind, _rows: None
    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    _tables: dict[Kind, dict[str, dict[str, object]]] = field(
        default_factory=lambda: {kind: {} for kind in Kind}
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def die(self, error: GatewayError | None = None) -> None:
        """From now on every call fails, by default as if nothing listened."""
        self.dead = error or NotSent("Supabase cannot be reached: connection refused")

    def come_back(self) -> None:
        self.dead = None

    def copy(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, CopyResult]:
        self.on_copy(kind, rows)
        with self._lock:
            self.calls += 1
            self._answer()
            return {str(row[ID]): self._copy_one(kind, row) for row in rows}

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        with self._lock:
            self._answer()
            table = self._tables[kind]
            return {id_: dict(table[id_]) for id_ in ids if id_ in table}

    def faults(self) -> list[str]:
        return [str(self.dead)] if self.dead else list(self.wrong)

    def put(self, kind: Kind, row: MirrorRow) -> None:
        """Set a row behind the guard's back, as a person in the database could."""
        with self._lock:
            self._tables[kind][str(row[ID])] = dict(row)

    def _answer(self) -> None:
        if self.dead is not None:
            raise self.dead

    def _copy_one(self, kind: Kind, row: MirrorRow) -> CopyResult:
        if why := self.refuse(kind, row):
            return CopyResult(copied=Copied.REFUSED, reason=why)
        table = self._tables[kind]
        held = table.get(str(row[ID]))
        if held is None and row.get(PARTIAL):
            return CopyResult(copied=Copied.MISSING)
        if held is None and row.get(PARTIAL):
            return CopyResult(copied=Copied.MISSING)
        if held is None:
            table[str(row[ID])] = {ID: row[ID], SOURCE_TIME: row[SOURCE_TIME], **_values(row)}
            return CopyResult(copied=Copied.WRITTEN)
        if _time(row) < _time(held):
            return CopyResult(copied=Copied.NEWER_KEPT)
        equal = all(key in held and held[key] == value for key, value in _values(row).items())
        held.update({key: value for key, value in row.items() if key != PARTIAL})
        return CopyResult(copied=Copied.ALREADY_EQUAL if equal else Copied.WRITTEN)


def _values(row: MirrorRow) -> Mapping[str, object]:
    return {key: value for key, value in row.items() if key not in {ID, SOURCE_TIME, PARTIAL}}


def _time(row: MirrorRow) -> datetime:
    return datetime.fromisoformat(str(row[SOURCE_TIME]))
