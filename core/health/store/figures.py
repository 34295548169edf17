"""How many operations, items and writes are in which state, and which writes are ours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from core.database.database import Database, reading
from core.health.store.figures_port import Figures
from core.operations.protocol.store.tables import writes
from core.operations.store.tables import items, operations


class Counts:
    """See ``core.app.journal.Journal``."""

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


def _by_state(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state)
    return {str(state): number for state, number in connection.execute(query)}
