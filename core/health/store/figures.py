"""How many operations, items and writes are in which state, what is ours, and what room is left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from core.credits.room import Room
from core.credits.writes import WriteState
from core.database.database import Database, reading
from core.health.audit_check.forged import Landed
from core.health.store.port import Figures
from core.operations.protocol.store.tables import movements, writes
from core.operations.store.tables import items, operations


class Counts:
    """See ``core.health.store.port.FigureRecords``."""

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

    def room(self) -> Room:
        """As the database under all parts of the journal knows it."""
        return self._db.room()

    @reading
    def landed_writes(self, connection: Connection, *, after: int, limit: int) -> list[Landed]:
        """Each with its movements counted, by the primary keys of both."""
        counted = select(func.count()).where(movements.c.write_id == writes.c.id).scalar_subquery()
        query = (
            select(writes.c.seq, writes.c.id, counted)
            .where(writes.c.state == WriteState.LANDED, writes.c.seq > after)
            .order_by(writes.c.seq)
            .limit(limit)
        )
        rows = connection.execute(query)
        return [Landed(seq=seq, id=id_, movements=number) for seq, id_, number in rows]


def _by_state(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state)
    return {str(state): number for state, number in connection.execute(query)}
