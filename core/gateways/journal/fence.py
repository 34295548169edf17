"""What every part of the journal does first: find the operation, and check who may act on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from core.gateways.errors import Superseded, UnknownId
from core.gateways.journal.tables import operations
from core.gateways.ports.journal import Run

T = TypeVar("T")

#: SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535.
CHUNK = 1000
#: Of keys of two columns.
PAIRS = 400

_HELD = select(operations.c.epoch, operations.c.confirmed_by, operations.c.reason)


def fence(connection: Connection, run: Run) -> tuple[str, str]:
    """Hold the operation for this run until the transaction ends; who confirmed it, and why.

    PostgreSQL: the shared lock makes a newcomer's ``begin_run`` wait for us, so that nothing of
    an older run is saved once the newer one has begun. SQLite has one writer anyway.

    Raises:
        Superseded: another process has taken the operation up.
        UnknownId: no such operation.
    """
    query = _HELD.where(operations.c.id == run.operation_id).with_for_update(read=True)
    held = connection.execute(query).first()
    if held is None:
        raise unknown_operation(run.operation_id)
    if held.epoch != run.epoch:
        raise Superseded(run.operation_id, run.epoch, now=held.epoch)
    return held.confirmed_by, held.reason


def unknown_operation(operation_id: str) -> UnknownId:
    """In the words in which every store says so."""
    return UnknownId(f"there is no operation {operation_id}")


def must_exist(connection: Connection, operation_id: str) -> None:
    """Tell an operation without rows from one that was never confirmed."""
    query = select(operations.c.id).where(operations.c.id == operation_id)
    if connection.execute(query).scalar() is None:
        raise unknown_operation(operation_id)


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say ``on_conflict_...`` in this database's dialect."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def added(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is there. True if this call inserted it."""
    insert = upsert(connection, table).on_conflict_do_nothing().values(row)
    return connection.execute(insert.returning(*table.primary_key.columns)).first() is not None


def alike(
    records: Sequence[Any], key: str, names: Sequence[str]
) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """The keys of records that agree in these fields, so that one statement updates them all.

    SQLite's driver lets go of the interpreter's lock at each step: a hundred steps of an
    executemany wait for it a hundred times, and every other writer waits with them.
    """
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for record in records:
        groups.setdefault(tuple(getattr(record, name) for name in names), []).append(
            getattr(record, key)
        )
    for values, keys in groups.items():
        for some in chunks(keys):
            yield dict(zip(names, values, strict=True)), list(some)


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """As many as one statement takes, in order."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
