"""Times that a clock which was set back, or was wrong, left in the future."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select, update

from core.credits.records import Kind
from core.database.database import Database, reading, writing
from core.health.store.alarms import alarms
from core.health.store.port import Bounds
from core.mirror.outgoing.store.events import outgoing
from core.mirror.store.tables import outbox
from core.operations.protocol.store.tables import leases
from core.workers.store.tables import slots

#: A table, which of its rows are ahead, and what they become.
Change = tuple[Table, ColumnElement[bool], dict[str, Any]]


class Times:
    """See ``core.health.store.port.TimeRecords``."""

    _db: Database

    def bring_back(self, now: datetime, bounds: Bounds) -> int:
        """Asks before it takes the writer's turn: nearly always there is nothing."""
        return self._bring_back(now, bounds) if self._any_ahead(now, bounds) else 0

    @reading
    def _any_ahead(self, connection: Connection, now: datetime, bounds: Bounds) -> bool:
        for table, ahead, _ in _changes(now, bounds):
            if connection.execute(select(table).where(ahead).limit(1)).first() is not None:
                return True
        return False

    @writing
    def _bring_back(self, connection: Connection, now: datetime, bounds: Bounds) -> int:
        return sum(
            connection.execute(update(table).where(ahead).values(values)).rowcount
            for table, ahead, values in _changes(now, bounds)
        )


def _changes(now: datetime, bounds: Bounds) -> list[Change]:
    day = leases.c.kind == Kind.BOOKING
    leased = or_(
        ~day & (leases.c.until > now + bounds.leases), day & (leases.c.until > now + bounds.days)
    )
    ahead = now + bounds.past
    copies = ~outbox.c.dead & (outbox.c.take_at > now + bounds.copies)
    events = ~outgoing.c.dead & (outgoing.c.take_at > now + bounds.events)
    return [
        (leases, leased, {"until": now}),
        (outbox, copies, {"take_at": now, "next_try_at": None}),
        (outgoing, events, {"take_at": now, "next_try_at": None}),
        (slots, slots.c.held_until > now + bounds.jobs, {"held_until": now}),
        (slots, slots.c.slot > ahead, {"slot": now}),
        (slots, slots.c.began_at > ahead, {"began_at": now}),
        (alarms, alarms.c.since > ahead, {"since": now}),
        (alarms, alarms.c.well_since > ahead, {"well_since": now}),
    ]
