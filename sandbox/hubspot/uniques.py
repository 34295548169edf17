"""Values that no two objects of a type may share, and who holds them."""

from __future__ import annotations

import sqlite3

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.rows import Row


def holder(connection: sqlite3.Connection, kind: Kind, name: str, value: str) -> int | None:
    """The id of the object that has this value."""
    sql = "select id from uniques where kind = ? and name = ? and value = ?"
    found = connection.execute(sql, (kind.no, name, value.lower())).fetchone()
    return found[0] if found else None


def move(connection: sqlite3.Connection, kind: Kind, old: Row | None, new: Row) -> None:
    """After a write: an object that is archived or merged away holds nothing."""
    gone = new.archived_at is not None or new.merged_into is not None
    for name in kind.unique_names():
        before = old.properties.get(name) if old else None
        after = None if gone else new.properties.get(name)
        if before != after:
            _drop(connection, kind, name, before, new.id)
            _take(connection, kind, name, after, new.id)


def free(connection: sqlite3.Connection, kind: Kind, row: Row) -> None:
    """Before an object disappears."""
    for name in kind.unique_names():
        _drop(connection, kind, name, row.properties.get(name), row.id)


def _drop(
    connection: sqlite3.Connection, kind: Kind, name: str, value: str | None, id_: int
) -> None:
    if value is not None:
        connection.execute(
            "delete from uniques where kind = ? and name = ? and value = ? and id = ?",
            (kind.no, name, value.lower(), id_),
        )


def _take(
    connection: sqlite3.Connection, kind: Kind, name: str, value: str | None, id_: int
) -> None:
    if value is not None:
        connection.execute(
            "insert or replace into uniques values (?, ?, ?, ?)",
            (kind.no, name, value.lower(), id_),
        )
