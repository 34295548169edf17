"""Which desk this store is, which takeovers it knows of, and its processes in the register."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, select, update

from core.audit.entries import Entry, What
from core.audit.store.in_transaction import record
from core.database.columns import Serial, UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import chunks, upsert
from core.operations.desks.rules import Takeover

desk = Table(
    "desk",
    metadata,
    #: Always 1: there is one row.
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False),
)
takeovers = Table(
    "desk_takeovers",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)
processes = Table(
    "desk_processes",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
)
TAKEOVERS = Records(Takeover, takeovers)


class Desks:
    """See ``core.operations.desks.store.desks_port.DeskRecords``."""

    _db: Database

    def desk_id(self, fresh: str) -> str:
        """Writes once in the life of a store."""
        return self._desk_id() or self._named(fresh)

    @reading
    def _desk_id(self, connection: Connection) -> str:
        return connection.execute(select(desk.c.id)).scalar() or ""

    @writing
    def _named(self, connection: Connection, fresh: str) -> str:
        added = upsert(connection, desk).values(n=1, id=fresh)
        connection.execute(added.on_conflict_do_nothing())
        return str(connection.execute(select(desk.c.id)).scalar_one())

    @writing
    def take_over(self, connection: Connection, takeover: Takeover, *, rename: str = "") -> None:
        """All of it or nothing."""
        connection.execute(takeovers.insert().values(TAKEOVERS.dump(takeover)))
        if rename:
            connection.execute(update(desk).values(id=rename))
        record(connection, taken_over(takeover, rename))

    @reading
    def takeovers(self, connection: Connection) -> list[Takeover]:
        """By the time they name."""
        query = select(*TAKEOVERS.columns).order_by(takeovers.c.at.desc(), takeovers.c.seq.desc())
        return [TAKEOVERS.load(row) for row in connection.execute(query)]

    @writing
    def note_process(self, connection: Connection, name: str, *, at: datetime) -> None:
        """Nothing, when it is noted already."""
        added = upsert(connection, processes).values(name=name, at=at)
        connection.execute(added.on_conflict_do_nothing())

    @reading
    def known_processes(self, connection: Connection, names: Collection[str]) -> set[str]:
        """By the primary key."""
        found: set[str] = set()
        for some in chunks(sorted(set(names))):
            query = select(processes.c.name).where(processes.c.name.in_(some))
            found.update(connection.scalars(query))
        return found


def taken_over(takeover: Takeover, rename: str) -> Entry:
    """Writes of other desks until then count as known."""
    detail = {"new_name": rename} if rename else {}
    return Entry(
        at=takeover.at,
        actor=takeover.by,
        what=What.TAKEN_OVER,
        reason=takeover.reason,
        detail=detail,
    )
