"""Alarms: each kept until it is well again, and told by one process of all."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, String, Table, delete, select, update

from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert
from core.health.alarm_rules import Alarm, Trouble

alarms = Table(
    "alarms",
    metadata,
    Column("key", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("well_since", UtcTime),
)
ALARMS = Records(Alarm, alarms)


class Alarms:
    """See ``core.health.store.port.AlarmRecords``."""

    _db: Database

    @reading
    def alarms(self, connection: Connection) -> list[Alarm]:
        """Longest first."""
        query = select(*ALARMS.columns).order_by(alarms.c.since, alarms.c.key)
        return [ALARMS.load(row) for row in connection.execute(query)]

    @writing
    def raise_alarm(self, connection: Connection, trouble: Trouble, *, at: datetime) -> bool:
        """Of two processes that see it at once, the row's lock lets one tell."""
        fresh = upsert(connection, alarms).values(key=trouble.key, title=trouble.title, since=at)
        connection.execute(
            fresh.on_conflict_do_update(
                index_elements=[alarms.c.key], set_={"well_since": None, "title": trouble.title}
            )
        )
        untold = update(alarms).where(
            alarms.c.key == trouble.key,
            alarms.c.told_at.is_(None),
            alarms.c.since <= at - trouble.patience,
        )
        return connection.execute(untold.values(told_at=at)).rowcount == 1

    @writing
    def calm_alarm(
        self, connection: Connection, key: str, *, at: datetime, after: timedelta
    ) -> Alarm | None:
        """Of two processes that see it at once, one deletes the row."""
        begun = update(alarms).where(alarms.c.key == key, alarms.c.well_since.is_(None))
        connection.execute(begun.values(well_since=at))
        over = delete(alarms).where(alarms.c.key == key, alarms.c.well_since <= at - after)
        row = connection.execute(over.returning(*ALARMS.columns)).first()
        gone = None if row is None else ALARMS.load(row)
        return gone if gone is not None and gone.told_at is not None else None
