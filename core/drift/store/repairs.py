"""Repairs and what became of each of their records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from core.audit.entries import Entry
from core.audit.store.in_transaction import record
from core.credits.errors import UnknownId
from core.database.database import Database, forgetting, reading, writing
from core.database.epochs import next_epoch, save_fenced
from core.database.rows import AnyRow
from core.database.statements import upsert
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.store import audit_entries
from core.drift.store.sweeps import whole
from core.drift.store.tables import DRIFTS, repair_rows, repairs

_NAMES = tuple(name for name in Repair.__dataclass_fields__ if name != "counts")
_COLUMNS = [repairs.c[name] for name in _NAMES]
_DRIFT = [repair_rows.c[name] for name in DRIFTS.names]
_OUTCOME = ("n", "state", "why", "truth_now", "mirror_now")


class Repairs:
    """See ``core.drift.store.port.RepairRecords``."""

    _db: Database

    @writing
    def ask_repair(
        self, connection: Connection, repair: Repair, rows: Sequence[RepairRow]
    ) -> Repair:
        """The index decides between two clicks."""
        asked = upsert(connection, repairs).on_conflict_do_nothing().values(_dump(repair))
        if connection.execute(asked.returning(repairs.c.id)).first() is not None:
            if rows:
                dumped = [_dump_row(row, repair_id=repair.id) for row in rows]
                connection.execute(repair_rows.insert(), dumped)
            record(connection, audit_entries.repaired(repair, rows))
            return _find(connection, repair.id)
        unended = (repairs.c.digest == repair.digest) & (repairs.c.state != RepairState.DONE)
        same = select(repairs.c.id).where((repairs.c.id == repair.id) | unended)
        return _find(connection, connection.execute(same).scalars().first() or repair.id)

    @reading
    def repair(self, connection: Connection, repair_id: str) -> Repair:
        return _find(connection, repair_id)

    @reading
    def repairs(self, connection: Connection, *, limit: int = 50) -> list[Repair]:
        newest_first = (repairs.c.asked_at.desc(), repairs.c.id)
        query = select(*_COLUMNS).order_by(*newest_first).limit(limit)
        found = [_load(row) for row in connection.execute(query)]
        counts = _counts(connection, [repair.id for repair in found])
        return [replace(repair, counts=counts.get(repair.id, {})) for repair in found]

    @reading
    def repair_rows(
        self,
        connection: Connection,
        repair_id: str,
        *,
        states: Collection[RowState] = (),
        limit: int | None = None,
    ) -> list[RepairRow]:
        """In the order in which they were confirmed."""
        query = (
            select(*_DRIFT, *(repair_rows.c[name] for name in _OUTCOME))
            .where(repair_rows.c.repair_id == repair_id)
            .order_by(repair_rows.c.n)
            .limit(limit)
        )
        if states:
            query = query.where(repair_rows.c.state.in_(list(states)))
        return [_load_row(row) for row in connection.execute(query)]

    @writing
    def take_repair(self, connection: Connection, repair_id: str) -> Repair:
        """Raises ``UnknownId``."""
        next_epoch(connection, repairs, repair_id)
        return _find(connection, repair_id)

    @writing
    def save_repair(
        self,
        connection: Connection,
        repair: Repair,
        rows: Sequence[RepairRow] = (),
        entries: Sequence[Entry] = (),
    ) -> None:
        """Its row first: whoever was superseded changes nothing."""
        save_fenced(connection, repairs, _dump(repair), "repair")
        record(connection, *entries)
        if not rows:
            return
        place = (repair_rows.c.repair_id == repair.id) & (repair_rows.c.n == bindparam("of_n"))
        values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in _OUTCOME[1:]}
        changed = [
            {"of_n": row.n, **{f"to_{name}": _plain(row, name) for name in values}} for row in rows
        ]
        connection.execute(update(repair_rows).where(place).values(values), changed)

    @forgetting
    def forget_repairs(self, connection: Connection, *, before: datetime) -> int:
        """With their rows; how many were forgotten."""
        is_old = (repairs.c.asked_at < before) & (repairs.c.state == RepairState.DONE)
        old = select(repairs.c.id).where(is_old)
        connection.execute(delete(repair_rows).where(repair_rows.c.repair_id.in_(old)))
        return connection.execute(delete(repairs).where(is_old)).rowcount


def _dump(repair: Repair) -> dict[str, Any]:
    return {name: getattr(repair, name) for name in _NAMES}


def _load(row: AnyRow) -> Repair:
    return Repair(**dict(zip(_NAMES, row, strict=True)))


def _find(connection: Connection, repair_id: str) -> Repair:
    row = connection.execute(select(*_COLUMNS).where(repairs.c.id == repair_id)).first()
    if row is None:
        raise UnknownId(f"there is no repair {repair_id}")
    return replace(_load(row), counts=_counts(connection, [repair_id]).get(repair_id, {}))


def _counts(connection: Connection, ids: Sequence[str]) -> dict[str, Mapping[RowState, int]]:
    query = (
        select(repair_rows.c.repair_id, repair_rows.c.state, func.count())
        .where(repair_rows.c.repair_id.in_(ids))
        .group_by(repair_rows.c.repair_id, repair_rows.c.state)
    )
    counts: dict[str, dict[RowState, int]] = {}
    for id_, state, number in connection.execute(query):
        counts.setdefault(id_, {})[state] = number
    return dict(counts)


def _dump_row(row: RepairRow, **more: Any) -> dict[str, Any]:
    drift = DRIFTS.dump(row.drift, columns=list(row.drift.columns))
    return {**drift, **{name: _plain(row, name) for name in _OUTCOME}, **more}


def _plain(row: RepairRow, name: str) -> Any:
    value = getattr(row, name)
    return dict(value) if isinstance(value, Mapping) else value


def _load_row(row: AnyRow) -> RepairRow:
    outcome = dict(zip(_OUTCOME, row[len(_DRIFT) :], strict=True))
    return RepairRow(drift=whole(DRIFTS.load(row)), **outcome)
