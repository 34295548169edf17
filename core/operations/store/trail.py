"""What was done to one contact or exam, whichever operation did it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import ColumnElement, Connection, or_, select

from core.audit.store.event_port import Event
from core.audit.store.tables import EVENTS, events
from core.credits.records import Kind
from core.database.columns import always
from core.database.database import Database, reading
from core.database.statements import chunks
from core.operations.protocol.store.intents import load_writes
from core.operations.protocol.store.tables import writes
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import FollowUps, Item, Operation, OperationState
from core.operations.store.tables import ITEMS, OPERATIONS, items, operations


class Trail:
    """See ``core.operations.store.port.TrailRecords``."""

    _db: Database

    @reading
    def writes_of(
        self, connection: Connection, kind: Kind, ids: Collection[str], *, limit: int = 200
    ) -> list[WriteRecord]:
        """Newest first."""
        found = list(
            chain.from_iterable(
                load_writes(connection, writes.c.kind == kind, writes.c.target_id.in_(some))
                for some in chunks(sorted(set(ids)))
            )
        )
        return sorted(found, key=lambda each: each.write.sent_at, reverse=True)[:limit]

    @reading
    def operations_named(
        self, connection: Connection, ids: Collection[str]
    ) -> dict[str, Operation]:
        return _named(connection, ids)

    @reading
    def items_of(
        self,
        connection: Connection,
        contact_ids: Collection[str],
        *,
        states: Collection[OperationState] = (),
        limit: int | None = 200,
    ) -> list[tuple[Item, Operation]]:
        """Newest operation first, in plan order within it."""
        where = [items.c.contact_id.in_(sorted(set(contact_ids)))]
        if states:
            where.append(operations.c.state.in_(list(states)))
        return _items(connection, *where, limit=limit)

    @reading
    def items_of_exam(
        self, connection: Connection, exam_id: str, *, ended_since: datetime
    ) -> list[tuple[Item, Operation]]:
        """By its index each: SQLite would take none for the two at once."""
        late = or_(
            operations.c.ended_at.is_(None),
            operations.c.ended_at >= ended_since,
            always(operations.c.follow_ups, FollowUps.DUE),
        )
        leaving = _items(connection, items.c.exam_id == exam_id, late, limit=None)
        elsewhere = items.c.exam_id.is_distinct_from(exam_id)
        coming = operations.c.to_exam == exam_id
        return leaving + _items(connection, coming, elsewhere, late, limit=None)

    @reading
    def events_called(
        self, connection: Connection, names: Sequence[str], *, limit: int = 50
    ) -> list[Event]:
        """Newest first."""
        query = select(*EVENTS.columns).where(events.c.what.in_(list(names)))
        query = query.order_by(events.c.seq.desc()).limit(limit)
        return [EVENTS.load(row) for row in connection.execute(query)]


def _items(
    connection: Connection, *where: ColumnElement[bool], limit: int | None
) -> list[tuple[Item, Operation]]:
    query = (
        select(*ITEMS.columns)
        .join(operations, operations.c.id == items.c.operation_id)
        .where(*where)
        .order_by(operations.c.confirmed_at.desc(), operations.c.id, items.c.n)
        .limit(limit)
    )
    found = [ITEMS.load(row) for row in connection.execute(query)]
    named = _named(connection, {item.operation_id for item in found})
    return [(item, named[item.operation_id]) for item in found]


def _named(connection: Connection, ids: Collection[str]) -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for some in chunks(sorted(set(ids))):
        query = select(*OPERATIONS.columns).where(operations.c.id.in_(some))
        found |= {row.id: OPERATIONS.load(row) for row in connection.execute(query)}
    return found
