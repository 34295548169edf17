"""Bookings that failed or were blocked: done since by another operation, or put away by people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from core.audit.entries import Entry
from core.audit.store.event_port import Event
from core.audit.store.in_transaction import record
from core.credits.records import ItemKey
from core.database.columns import always
from core.database.database import Database, writing
from core.database.statements import alike, chunks
from core.operations.kinds.registry import kind_of
from core.operations.states import DISMISSIBLE, Item, ItemState, Operation
from core.operations.store.fence import unknown_operation
from core.operations.store.rules import check_put_away, dealt_with_event, done_since
from core.operations.store.tables import OPERATIONS, items, operations


class Accounting:
    """See ``core.operations.store.operations_port.OperationRecords``."""

    _db: Database

    @writing
    def put_away(
        self,
        connection: Connection,
        operation_id: str,
        changed: Sequence[Item],
        *,
        event: Event,
        entry: Entry,
    ) -> None:
        """All of them, or none. The lock keeps a retry out until this is saved."""
        query = select(*OPERATIONS.columns).where(operations.c.id == operation_id)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise unknown_operation(operation_id)
        number = 0
        for values, bookings in alike(changed, "booking_id", ("state", "why")):
            found = update(items).where(
                items.c.operation_id == operation_id,
                items.c.booking_id.in_(bookings),
                items.c.state.in_(DISMISSIBLE),
            )
            number += connection.execute(found.values(values)).rowcount
        check_put_away(OPERATIONS.load(row), len(changed), number)
        record(connection, event, entry)


def deal_with(connection: Connection, by: Operation, at: datetime) -> None:
    """What this ended operation did needs no look in those that were confirmed before it."""
    kinds = kind_of(by.kind).deals_with
    if not kinds:
        return
    mine = items.alias()
    query = (
        select(items.c.operation_id, items.c.booking_id)
        .join(operations, operations.c.id == items.c.operation_id)
        .where(
            always(items.c.state, ItemState.BLOCKED, ItemState.FAILED),
            operations.c.kind.in_(kinds),
            operations.c.confirmed_at < by.confirmed_at,
            exists(
                select(mine.c.n).where(
                    mine.c.operation_id == by.id,
                    mine.c.booking_id == items.c.booking_id,
                    mine.c.state == ItemState.DONE,
                )
            ),
        )
    )
    found: dict[str, list[ItemKey]] = defaultdict(list)
    for operation_id, booking in connection.execute(query):
        found[operation_id].append(booking)
    for operation_id, bookings in sorted(found.items()):
        for some in chunks(bookings):
            done = update(items).where(
                items.c.operation_id == operation_id, items.c.booking_id.in_(some)
            )
            connection.execute(done.values(state=ItemState.SKIPPED, why=done_since(by)))
        record(connection, dealt_with_event(operation_id, len(bookings), by, at))
