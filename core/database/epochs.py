"""Rows with an epoch: whoever takes one up bars all who had it before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select, update

from core.credits.errors import Superseded
from core.database.statements import added


def next_epoch(connection: Connection, table: Table, id_: str) -> None:
    """Counted up in the database, so that two at once get two epochs."""
    row = update(table).where(table.c.id == id_)
    connection.execute(row.values(epoch=table.c.epoch + 1))


def save_fenced(connection: Connection, table: Table, row: Mapping[str, Any], work: str) -> None:
    """Add the row, or change it if its epoch is still the newest; in one statement each.

    Raises:
        Superseded: another process has taken it up.
    """
    same = update(table).where(table.c.id == row["id"], table.c.epoch == row["epoch"])
    if connection.execute(same.values(row)).rowcount or added(connection, table, row):
        return
    newest = connection.execute(select(table.c.epoch).where(table.c.id == row["id"])).scalar()
    raise Superseded(row["id"], row["epoch"], now=newest or 0, work=work)
