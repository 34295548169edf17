"""What was given back and taken again: read here, and the claims freed when it is all done."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, literal_column, select, update

from core.credits.records import BookingId, ItemKey
from core.credits.writes import MovementKind
from core.database.columns import always
from core.database.database import Database, reading
from core.database.statements import chunks
from core.operations.kinds.registry import KEEPING
from core.operations.owed.forfeited import Forfeited, still_kept
from core.operations.owed.rules import TakenBack
from core.operations.protocol.store.rules import OF_AN_UNDO
from core.operations.protocol.store.tables import MovementState, claims, movements
from core.operations.states import Operation
from core.operations.store.tables import OPERATIONS, items, operations


class Undoing:
    """See ``core.operations.store.port.UndoRecords``."""

    _db: Database

    @reading
    def taken_back(
        self, connection: Connection, bookings: Collection[ItemKey]
    ) -> dict[BookingId, TakenBack]:
        """Once its mark is cleared: until then the refund stands."""
        return _taken_back(connection, bookings)

    @reading
    def forfeited(
        self, connection: Connection, bookings: Collection[ItemKey]
    ) -> dict[BookingId, Forfeited]:
        """By the key of the items: few operations keep credits, and each is asked for all."""
        keeping = select(*OPERATIONS.columns).where(operations.c.kind.in_(KEEPING))
        made = {one.id: one for one in map(OPERATIONS.load, connection.execute(keeping))}
        found = [
            (booking, made[id_])
            for some in chunks(sorted(set(bookings)))
            for ids in chunks(sorted(made))
            for booking, id_ in connection.execute(
                select(items.c.booking_id, items.c.operation_id).where(
                    items.c.operation_id.in_(ids), items.c.booking_id.in_(some), items.c.cancelled
                )
            )
        ]
        return still_kept(found, _taken_back(connection, [booking for booking, _ in found]))

    @reading
    def undoing(self, connection: Connection, operation_id: str) -> list[Operation]:
        """By the index of those that undo anything."""
        query = select(*OPERATIONS.columns).where(
            operations.c.undoes == operation_id, operations.c.undoes != literal_column("''")
        )
        newest = query.order_by(operations.c.confirmed_at.desc(), operations.c.id.desc())
        return [OPERATIONS.load(row) for row in connection.execute(newest)]


def _taken_back(
    connection: Connection, bookings: Collection[ItemKey]
) -> dict[BookingId, TakenBack]:
    found: dict[BookingId, TakenBack] = {}
    told = (operations.c.id, operations.c.confirmed_by, operations.c.confirmed_at)
    query = (
        select(movements.c.booking_id, *told, operations.c.reason)
        .join(operations, operations.c.id == movements.c.operation_id)
        .where(movements.c.kind == MovementKind.UNDO_REFUND)
        .where(always(movements.c.state, MovementState.UNDONE))
        .order_by(operations.c.confirmed_at, operations.c.id)
    )
    for some in chunks(sorted(set(bookings))):
        for row in connection.execute(query.where(movements.c.booking_id.in_(some))):
            booking, id_, by, at, reason = row
            found[booking] = TakenBack(operation_id=id_, by=by, at=at, reason=reason)
    return found


def free_taken_back(connection: Connection, operation_id: str, bookings: Sequence[ItemKey]) -> None:
    """These items of an undo are done: their bookings can be refunded, and undone, again."""
    for some in chunks(sorted(bookings)):
        landed = select(movements.c.booking_id).where(
            movements.c.operation_id == operation_id,
            movements.c.booking_id.in_(some),
            movements.c.kind == MovementKind.UNDO_REFUND,
            movements.c.state == MovementState.LANDED,
        )
        taken = list(connection.execute(landed).scalars())
        both = (movements.c.booking_id.in_(taken), movements.c.kind.in_(OF_AN_UNDO))
        connection.execute(
            update(movements)
            .where(*both, movements.c.state == MovementState.LANDED)
            .values(state=MovementState.UNDONE)
        )
        connection.execute(
            delete(claims).where(claims.c.booking_id.in_(taken), claims.c.kind.in_(OF_AN_UNDO))
        )
