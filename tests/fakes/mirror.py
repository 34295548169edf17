"""The mirror in memory, with the database's own guard. Held to the real one by the contract."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from core.credits.catalogue import SCHOOL
from core.credits.errors import GatewayError, NotSent, Store
from core.credits.records import TOTAL_BOOKINGS, ContactId, Kind
from core.credits.sessions import Counts
from core.mirror.port import (
    Candidate,
    Copied,
    CopyResult,
    Deleted,
    DeleteResult,
    Exposure,
    MirrorRow,
    Renamed,
    RenameResult,
)
from core.mirror.rows import BESIDE, ID, PARTIAL, SOURCE_TIME, TABLES, UNREAD, columns
from tests.fakes import lookup

OLDEST = datetime.min.replace(tzinfo=UTC)
COUNTERS = {*SCHOOL.keys, TOTAL_BOOKINGS}
#: What a row is made with: the defaults of its columns.
BLANK: dict[Kind, dict[str, object]] = {
    kind: {name: 0 if name in COUNTERS else None for name in names}
    for kind, names in columns(SCHOOL).items()
}


@dataclass(slots=True)
class FakeMirror:
    """Starts empty. ``dead`` is raised by every call while set; ``refuse`` denies single rows."""

    #: What every call raises; None: the mirror is up.
    dead: GatewayError | None = None
    #: Why the database would refuse this row; "" when it would not.
    refuse: Callable[[Kind, MirrorRow], str] = lambda _kind, _row: ""
    #: Called with each batch before it is looked at, outside the lock (to count, stop or race).
    on_copy: Callable[[Kind, Sequence[MirrorRow]], None] = lambda _kind, _rows: None
    #: The same before rows are read by their ids.
    on_rows: Callable[[], None] = lambda: None
    #: The same before a deletion.
    on_delete: Callable[[], None] = lambda: None
    #: None: rows tell nothing of when they were copied.
    now: Callable[[], datetime] | None = None
    #: Rows that a row of another table refers to: kind and id, to the name of that table.
    referring: dict[tuple[Kind, str], str] = field(default_factory=dict)
    #: Whether two contacts may have one student id and e-mail, as in the desk's own tables.
    unique_students: bool = False
    #: What a contact must have to have a row, as the school's own tables ask.
    needs: frozenset[str] = frozenset()
    #: Columns that may not be empty, by kind: a new row has their default.
    never_empty: set[tuple[Kind, str]] = field(default_factory=set)
    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    exposed: list[Exposure] = field(default_factory=list)
    _tables: dict[Kind, dict[str, dict[str, object]]] = field(
        default_factory=lambda: {kind: {} for kind in Kind}
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def die(self, error: GatewayError | None = None) -> None:
        """From now on every call fails, by default as if nothing listened."""
        self.dead = error or NotSent("Supabase cannot be reached: connection refused")
        self.dead.store = Store.SUPABASE

    def come_back(self) -> None:
        self.dead = None

    def copy(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, CopyResult]:
        self.on_copy(kind, rows)
        with self._lock:
            self.calls += 1
            self._answer()
            results: dict[str, CopyResult] = {}
            for row in sorted(rows, key=_time):  # of two versions in one call the newest counts
                results[str(row[ID])] = self._copy_one(kind, row)
            return results

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        self.on_rows()
        with self._lock:
            self._answer()
            table = self._tables[kind]
            return {id_: dict(table[id_]) for id_ in ids if id_ in table}

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        with self._lock:
            self._answer()
            table = self._tables[kind]
            rows: list[MirrorRow] = [dict(table[id_]) for id_ in sorted(table) if id_ > after]
            return rows[:limit]

    def unrefunded(self, after: str = "", limit: int = 1000) -> list[str]:
        with self._lock:
            self._answer()
            table = self._tables[Kind.BOOKING]
            return [
                id_
                for id_ in sorted(table)
                if id_ > after
                and table[id_]["is_active"] == "Cancelled"
                and table[id_]["token_refunded"] is not True
                and table[id_]["token_used"] is not None
            ][:limit]

    def candidates(self, text: str, *, limit: int) -> list[Candidate]:
        with self._lock:
            self._answer()
            contacts, bookings = self._tables[Kind.CONTACT], self._tables[Kind.BOOKING]
            return lookup.candidates(contacts, bookings, text, limit)

    def bookings_held(self, contact_id: ContactId) -> list[MirrorRow]:
        with self._lock:
            self._answer()
            held = sorted(self._tables[Kind.BOOKING].items())
            return [dict(row) for _, row in held if row["contact_hubspot_id"] == contact_id]

    def sessions(
        self, since: date | None, until: date | None, tokens: Collection[str], *, limit: int
    ) -> list[tuple[MirrorRow, Counts]]:
        with self._lock:
            self._answer()
            exams, bookings = self._tables[Kind.EXAM], self._tables[Kind.BOOKING]
            return lookup.sessions(exams, bookings, since, until, tokens)[:limit]

    def delete(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
        self.on_delete()
        with self._lock:
            self.calls += 1
            self._answer()
            return {str(row[ID]): self._delete_one(kind, row) for row in rows}

    def backdate(self, kind: Kind, rows: Sequence[MirrorRow], to: Mapping[str, str]) -> set[str]:
        with self._lock:
            self.calls += 1
            self._answer()
            table = self._tables[kind]
            same = [
                str(row[ID])
                for row in rows
                if str(row[ID]) in table and table[str(row[ID])][SOURCE_TIME] == row[SOURCE_TIME]
            ]
            for id_ in same:
                table[id_][SOURCE_TIME] = to[id_]
            return set(same)

    def _delete_one(self, kind: Kind, row: MirrorRow) -> DeleteResult:
        held = self._tables[kind].get(str(row[ID]))
        if held is None:
            return DeleteResult(deleted=Deleted.MISSING)
        if any(held.get(name) != row.get(name) for name in (SOURCE_TIME, "synced_at")):
            return DeleteResult(deleted=Deleted.CHANGED)
        if why := self._referred_to(kind, str(row[ID])):
            return DeleteResult(deleted=Deleted.REFUSED, reason=why)
        del self._tables[kind][str(row[ID])]
        return DeleteResult(deleted=Deleted.DELETED)

    def rename(self, kind: Kind, old: str, new: str) -> RenameResult:
        with self._lock:
            self.calls += 1
            self._answer()
            table = self._tables[kind]
            if old not in table:
                return RenameResult(renamed=Renamed.MISSING)
            if new in table:
                return RenameResult(renamed=Renamed.TAKEN)
            if why := self._referred_to(kind, old):
                return RenameResult(renamed=Renamed.REFUSED, reason=why)
            table[new] = {**table.pop(old), ID: new}
            return RenameResult(renamed=Renamed.RENAMED)

    def _referred_to(self, kind: Kind, id_: str) -> str:
        table = self.referring.get((kind, id_))
        key = f'violates foreign key constraint on table "{table}" - 23503'
        return f"Supabase refused: update or delete on table {TABLES[kind]} {key}" if table else ""

    def required(self, kind: Kind) -> frozenset[str]:
        with self._lock:
            self._answer()
            return self.needs if kind is Kind.CONTACT else frozenset()

    def faults(self) -> list[str]:
        return [str(self.dead)] if self.dead else list(self.wrong)

    def exposures(self) -> list[Exposure]:
        self._answer()
        return list(self.exposed)

    def put(self, kind: Kind, row: MirrorRow) -> None:
        """Set a row behind the guard's back, as a person in the database could."""
        with self._lock:
            self._tables[kind][str(row[ID])] = BLANK[kind] | dict(row)

    def _answer(self) -> None:
        if self.dead is not None:
            raise self.dead

    def _copy_one(self, kind: Kind, row: MirrorRow) -> CopyResult:
        if why := self.refuse(kind, row) or _unfit(kind, row) or self._empty(kind, row):
            return CopyResult(copied=Copied.REFUSED, reason=why)
        table = self._tables[kind]
        held = table.get(str(row[ID]))
        if held is None and row.get(PARTIAL):
            return CopyResult(copied=Copied.MISSING)
        if held is None and kind is Kind.CONTACT and any(not row.get(n) for n in self.needs):
            return CopyResult(copied=Copied.NOT_KEPT)
        if self.unique_students and (why := _taken(kind, row, table)):
            return CopyResult(copied=Copied.REFUSED, reason=why)
        if held is None:
            made = BLANK[kind] | self._unread(kind, row) | _stated(row)
            table[str(row[ID])] = made | self._stamps(written=True)
            return CopyResult(copied=Copied.WRITTEN)
        if _time(row) < _time(held):
            return CopyResult(copied=Copied.NEWER_KEPT)
        stated = _stated(row)
        equal = all(held[key] == stated[key] for key in stated if key != SOURCE_TIME)
        newer = held[SOURCE_TIME] is None or _time(row) > _time(held)
        held.update(stated)
        if newer or not equal:
            held.update(self._stamps(written=not equal))
        return CopyResult(copied=Copied.ALREADY_EQUAL if equal else Copied.WRITTEN)

    def _empty(self, kind: Kind, row: MirrorRow) -> str:
        named = [name for name in row if row[name] is None and (kind, name) in self.never_empty]
        return f"{named[0]} may not be null" if named else ""

    def _unread(self, kind: Kind, row: MirrorRow) -> dict[str, object]:
        names: Any = row.get(UNREAD) or ()
        return {name: None for name in names if (kind, name) not in self.never_empty}

    def _stamps(self, *, written: bool) -> dict[str, object]:
        if self.now is None:
            return {}
        at = self.now().isoformat()
        return {"synced_at": at, "updated_at": at} if written else {"synced_at": at}


def _taken(kind: Kind, row: MirrorRow, table: Mapping[str, Mapping[str, object]]) -> str:
    """The school's tables have one row of a student: ``unique (student_id, email)``."""
    who = ("student_id", "email")
    same = [
        id_
        for id_, held in table.items()
        if kind is Kind.CONTACT
        and id_ != row[ID]
        and all(name in row and held[name] == row[name] for name in who)
    ]
    return "duplicate key value violates unique constraint - 23505" if same else ""


def _unfit(kind: Kind, row: MirrorRow) -> str:
    for name, value in _stated(row).items():
        if name not in BLANK[kind]:
            return f"{TABLES[kind]} has no column {name}"
        if name in COUNTERS and value is not None and (not isinstance(value, int) or value < 0):
            return f"{name} is {value!r}, not a whole number from 0 up"
    return ""


def _stated(row: MirrorRow) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in BESIDE or key == SOURCE_TIME}


def _time(row: MirrorRow) -> datetime:
    """A row that somebody else wrote tells none, and is older than any copy."""
    at = row[SOURCE_TIME]
    return OLDEST if at is None else datetime.fromisoformat(str(at))
