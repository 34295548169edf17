"""Outgoing events: saved in the transaction of what they tell of, kept until they are taken."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from core.audit.entries import Entry
from core.audit.store.in_transaction import record, recorded
from core.database.columns import Serial, UtcTime, Word, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import chunks
from core.mirror.outgoing.rules import EventType, OutgoingEvent, event_of
from core.mirror.store import audit_entries
from core.mirror.store.outbox_port import OutboxState
from core.mirror.store.queue import ALIVE, any_ready, counted, hold, keep_failed, ready
from core.mirror.store.rules import AT_ONCE

outgoing = Table(
    "outgoing_events",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("type", Word(EventType), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("data", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", String, nullable=False),
    Column("dead", Boolean, nullable=False),
    Column("next_try_at", UtcTime),
    #: From when on a process may take it.
    Column("take_at", UtcTime, nullable=False),
    Index("outgoing_events_ready", "dead", "take_at", "seq"),
)
EVENTS = Records(OutgoingEvent, outgoing)


def announce(connection: Connection) -> None:
    """Save the events of what this transaction has recorded. Before the chain: it comes last."""
    rows = [_row(event) for entry in recorded(connection) if (event := _event(entry))]
    for some in chunks(rows):
        connection.execute(insert(outgoing), list(some))


def _event(entry: Entry) -> OutgoingEvent | None:
    return event_of(entry, secrets.token_hex(16))


def _row(event: OutgoingEvent) -> dict[str, object]:
    return EVENTS.dump(event, take_at=AT_ONCE)


class Outgoing:
    """See ``core.mirror.outgoing.store.events_port.OutgoingRecords``."""

    _db: Database

    def take_outgoing(self, *, now: datetime, until: datetime, limit: int) -> list[OutgoingEvent]:
        """Asks before it takes the writer's turn: mostly there is nothing."""
        return self._take_outgoing(now, until, limit) if self._any_outgoing(now) else []

    @reading
    def _any_outgoing(self, connection: Connection, now: datetime) -> bool:
        return any_ready(connection, outgoing, now)

    @writing
    def _take_outgoing(
        self, connection: Connection, now: datetime, until: datetime, limit: int
    ) -> list[OutgoingEvent]:
        query = ready(outgoing, EVENTS.columns, now, outgoing.c.seq)
        taken = [EVENTS.load(row) for row in connection.execute(query.limit(limit))]
        hold(connection, outgoing.c.id, [event.id for event in taken], until)
        return taken

    @writing
    def outgoing_sent(self, connection: Connection, ids: Collection[str]) -> None:
        """They are forgotten: the audit keeps what happened."""
        for some in chunks(sorted(ids)):
            connection.execute(delete(outgoing).where(outgoing.c.id.in_(some)))

    @writing
    def outgoing_failed(self, connection: Connection, events: Sequence[OutgoingEvent]) -> None:
        """By their ids."""
        keep_failed(connection, outgoing.c.id, [(event.id, event) for event in events])

    @reading
    def outgoing(self, connection: Connection) -> OutboxState:
        """Counted in the database."""
        return counted(connection, outgoing, outgoing.c.at)

    @reading
    def outgoing_rows(
        self, connection: Connection, *, dead: bool, limit: int = 200
    ) -> list[OutgoingEvent]:
        """In the order in which they were saved."""
        query = select(*EVENTS.columns).where(outgoing.c.dead == dead)
        found = connection.execute(query.order_by(outgoing.c.seq).limit(limit))
        return [EVENTS.load(row) for row in found]

    @writing
    def revive_outgoing(self, connection: Connection, *, at: datetime, actor: str) -> int:
        """They begin anew."""
        fresh = update(outgoing).where(outgoing.c.dead)
        number = connection.execute(fresh.values(ALIVE)).rowcount
        if number:
            record(connection, audit_entries.events_revived(number, at=at, by=actor))
        return number
