"""What people and apps did within a time, counted."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Index, Integer, String, Table, delete, func, select, text

from core.access.pacing import Spent, Use
from core.database.columns import UtcTime, metadata
from core.database.database import Database, writing

uses = Table(
    "uses",
    metadata,
    Column("actor", String, primary_key=True),
    Column("counted", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("number", Integer, nullable=False),
)
Index("uses_by_time", uses.c.actor, uses.c.counted, uses.c.at)
#: Until the transaction ends; SQLite has one writer anyway.
_ONE_OF_AN_ACTOR = text("SELECT pg_advisory_xact_lock(hashtext(:actor))")


class Uses:
    """See ``core.access.store.port.UseRecords``."""

    _db: Database

    @writing
    def spend(self, connection: Connection, use: Use, *, most: int | None) -> Spent:
        """One actor at a time, so that two at once do not each find room for themselves."""
        if connection.dialect.name == "postgresql":
            connection.execute(_ONE_OF_AN_ACTOR, {"actor": use.actor})
        alike = uses.c.counted == use.counted.value
        # of whoever it is: a leaver comes no more
        connection.execute(delete(uses).where(alike, uses.c.at <= use.since))
        mine = (uses.c.actor == use.actor, alike)
        total = connection.execute(select(func.coalesce(func.sum(uses.c.number), 0)).where(*mine))
        before = int(total.scalar_one())
        known = select(uses.c.number).where(*mine, uses.c.name == use.name)
        if connection.execute(known).first() is not None:
            return Spent(total=before, kept=True)
        after = before + use.number
        if most is not None and after > most:
            return Spent(total=before, kept=False)
        row = {
            "actor": use.actor,
            "counted": use.counted.value,
            "name": use.name,
            "at": use.at,
            "number": use.number,
        }
        connection.execute(uses.insert().values(row))
        return Spent(total=after, kept=True)
