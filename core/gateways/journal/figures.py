"""How many operations, items and writes are in which state, and which writes are ours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from core.gateways.journal.database import Database, reading
from core.gateways.journal.fence import chunks
from core.gateways.journal.tables import items, operations, writes
from core.gateways.ports.figures import Figures


class Counts:
    """See ``core.gateways.ports.journal.Journal``."""

    _db: Database

    @reading
    def figures(self, connection: Connection) -> Figures:
        """Counted in the database."""
        return Figures(
            operations=_by_state(connection, operations),
            items=_by_state(connection, items),
            writes=_by_state(connection, writes),
        )

    @reading
    def clock(self, connection: Connection) -> datetime | None:
        """Of the moment, not of the transaction's beginning."""
        if connection.dialect.name == "sqlite":
            return None
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told

    @reading
    def known_writes(self, connection: Connection, ids: Collection[str]) -> set[str]:
        """By the unique index on the id."""
        found: set[str] = set()
        for some in chunks(sorted(set(ids))):
            query = select(writes.c.id).where(writes.c.id.in_(some))
            found.update(connection.scalars(query))
        return found


def _by_state(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state)
    return {str(state): number for state, number in connection.execute(query)}
