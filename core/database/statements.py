"""Statements that SQLite and PostgreSQL take alike: upserts, careful inserts, batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

#: SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535.
CHUNK = 1000
#: Of keys of two columns.
PAIRS = 400


def streamed(connection: Connection, query: Select[Any]) -> CursorResult[Any]:
    """The rows of a query that may have a hundred thousand, as they are taken."""
    return connection.execute(query.execution_options(yield_per=CHUNK))


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
