"""Claims own a booking's movement for good; leases own a contact or exam for a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from core.credits.records import ItemKey, Kind
from core.credits.writes import MovementKind, Run, Write
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.statements import chunks, upsert
from core.operations.protocol.store.tables import MovementState, claims, leases, movements
from core.operations.store.fence import fence

#: A key of an item, in its own type.
K = TypeVar("K", bound=str)

#: Movements that happened, or may have, as the index ``movements_alone`` names them.
LIVE_MOVEMENTS = (MovementState.OPEN, MovementState.LANDED, MovementState.UNDECIDED)


class Claims:
    """See ``core.operations.protocol.store.writes_port.WriteRecords``."""

    _db: Database

    @writing
    def claim(
        self,
        connection: Connection,
        run: Run,
        bookings: Collection[K],
        kind: MovementKind,
    ) -> dict[K, str]:
        """The owner of each booking, which is us where nobody was before."""
        fence(connection, run)
        owners: dict[str, str] = {}
        while wanted := sorted(set(bookings) - owners.keys()):
            _insert_free(connection, run, wanted, kind)
            owners |= _owners(connection, wanted, kind)
        return {booking: owners[booking] for booking in bookings}

    @writing
    def release_claims(
        self,
        connection: Connection,
        run: Run,
        bookings: Collection[ItemKey],
        kind: MovementKind,
    ) -> None:
        fence(connection, run)
        release_unmoved(connection, run.operation_id, sorted(set(bookings)), kind)

    @reading
    def claimed(
        self, connection: Connection, bookings: Collection[K], kind: MovementKind
    ) -> set[K]:
        """Whoever owns them. What did not move is released when its item is settled."""
        owners = _owners(connection, sorted(set(bookings)), kind)
        return {booking for booking in bookings if booking in owners}

    @reading
    def owners(
        self, connection: Connection, bookings: Collection[K], kind: MovementKind
    ) -> dict[K, str]:
        """As ``claimed``, with who it is."""
        owners = _owners(connection, sorted(set(bookings)), kind)
        return {booking: owners[booking] for booking in bookings if booking in owners}

    @writing
    def lease(
        self,
        connection: Connection,
        run: Run,
        kind: Kind,
        ids: Collection[str],
        *,
        now: datetime,
        until: datetime,
        holder: str = "",
    ) -> set[str]:
        """Those got: free, expired, the holder's, or left by an earlier epoch of this operation."""
        fence(connection, run)
        mine = {
            "operation_id": run.operation_id,
            "epoch": run.epoch,
            "holder": holder,
            "until": until,
        }
        ours = leases.c.operation_id == run.operation_id
        again = or_(leases.c.epoch != run.epoch, leases.c.holder == holder)
        free = or_(leases.c.until <= now, ours & again)
        taken = (
            upsert(connection, leases)
            .on_conflict_do_update(
                index_elements=[leases.c.kind, leases.c.target_id],
                set_=mine,
                where=free,
            )
            .returning(leases.c.target_id)
        )
        rows = [{"kind": kind, "target_id": id_, **mine} for id_ in sorted(set(ids))]
        return set(connection.execute(taken, rows).scalars()) if rows else set()

    @writing
    def release_leases(
        self,
        connection: Connection,
        run: Run,
        kind: Kind,
        ids: Collection[str],
        *,
        holder: str = "",
    ) -> None:
        fence(connection, run)
        for some in chunks(sorted(set(ids))):
            connection.execute(delete(leases).where(*_held(run, kind, holder, some)))


def still_leased(
    connection: Connection, run: Run, writes: Sequence[Write], holder: str
) -> list[Write]:
    """Those whose record this holder has, kept from anybody else until the transaction ends."""
    got: set[tuple[Kind, str]] = set()
    for kind in {write.kind for write in writes}:
        targets = sorted({write.target_id for write in writes if write.kind is kind})
        for some in chunks(targets):
            query = select(leases.c.target_id).where(*_held(run, kind, holder, some))
            locked = query.order_by(leases.c.target_id).with_for_update()
            got |= {(kind, id_) for id_ in connection.execute(locked).scalars()}
    return [write for write in writes if (write.kind, write.target_id) in got]


def _held(run: Run, kind: Kind, holder: str, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        leases.c.kind == kind,
        leases.c.target_id.in_(ids),
        leases.c.operation_id == run.operation_id,
        leases.c.holder == holder,
    )


def release_unmoved(
    connection: Connection,
    operation_id: str,
    bookings: Sequence[ItemKey],
    kind: MovementKind | None = None,
    but: MovementKind | None = None,
) -> None:
    """Free the operation's claims on these bookings, but for what moved or may have moved.

    ``kind``: of this kind alone. ``but``: of all others.
    """
    moved = select(movements.c.write_id).where(
        movements.c.booking_id == claims.c.booking_id,
        movements.c.kind == claims.c.kind,
        always(movements.c.state, *LIVE_MOVEMENTS),
    )
    of_kind = [] if kind is None else [claims.c.kind == kind]
    of_kind += [] if but is None else [claims.c.kind != but]
    for some in chunks(sorted(bookings)):
        connection.execute(
            delete(claims).where(
                claims.c.operation_id == operation_id,
                claims.c.booking_id.in_(some),
                *of_kind,
                ~moved.exists(),
            )
        )


def _insert_free(
    connection: Connection, run: Run, bookings: Sequence[str], kind: MovementKind
) -> None:
    """In the order of the key, so that two processes never wait for each other in a ring."""
    rows = [
        {"booking_id": booking, "kind": kind, "operation_id": run.operation_id}
        for booking in bookings
    ]
    connection.execute(upsert(connection, claims).on_conflict_do_nothing(), rows)


def _owners(connection: Connection, bookings: Sequence[str], kind: MovementKind) -> dict[str, str]:
    owners: dict[str, str] = {}
    for some in chunks(bookings):
        query = select(claims.c.booking_id, claims.c.operation_id).where(
            claims.c.kind == kind, claims.c.booking_id.in_(some)
        )
        owners.update((row.booking_id, row.operation_id) for row in connection.execute(query))
    return owners
