"""What waits for a person, and what was done of late."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)

from core.credits.records import Kind
from core.credits.writes import OF_SEATS, MovementKind, WriteState
from core.database.columns import always
from core.database.database import Database, reading
from core.health.facts import NeedsEyes, WrittenOver
from core.health.store.attention_port import Moved
from core.operations.foreign.changes import Conflict
from core.operations.kinds.registry import OF_OWED
from core.operations.leftovers import UNCHECKED
from core.operations.protocol.store.tables import (
    NOT_CHECKED,
    MovementState,
    claims,
    foreign_writes,
    movements,
    writes,
)
from core.operations.states import UNBEGUN, FollowUps, ItemState, Operation, OperationState
from core.operations.store.rules import CORRECTING
from core.operations.store.tables import OPERATIONS, items, operations

#: Seats are counters as well, and no credits.
CREDITS = tuple(kind for kind in MovementKind if kind not in OF_SEATS)

#: How an item is counted that somebody else may have refunded.
UNCLEAR = "unclear"


class Attention:
    """See ``core.health.store.attention_port.AttentionRecords``."""

    _db: Database

    @reading
    def needs_eyes(self, connection: Connection) -> list[NeedsEyes]:
        """Four queries, each with an index of its own."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for query in (_undecided(), _unclear(), _bad(), _unchecked()):
            for id_, state in connection.execute(query):
                counts[id_][state] += 1
        which = operations.c.id.in_(list(counts))
        order = (operations.c.confirmed_at, operations.c.id)
        found = connection.execute(select(*OPERATIONS.columns).where(which).order_by(*order))
        return [
            NeedsEyes(
                operation=operation,
                failed=counts[operation.id][ItemState.FAILED],
                blocked=counts[operation.id][ItemState.BLOCKED],
                undecided=counts[operation.id][WriteState.UNDECIDED],
                unclear=counts[operation.id][UNCLEAR],
                unchecked=counts[operation.id][UNCHECKED],
            )
            for operation in map(OPERATIONS.load, found)
        ]

    @reading
    def written_over(self, connection: Connection) -> list[WrittenOver]:
        """A correction on offer that nobody took, or a change that waits for a person's word."""
        found = foreign_writes.c
        since = func.min(found.at).label("first")
        query = (
            select(*OPERATIONS.columns, func.count(), since)
            .join(writes, writes.c.operation_id == operations.c.id)
            .join(foreign_writes, found.write_id == writes.c.id)
            .where(found.kind == Kind.CONTACT, or_(_undecided_one(), _offered()))
            .group_by(operations.c.id)
            .order_by(since, operations.c.id)
        )
        return [
            WrittenOver(operation=OPERATIONS.load(row), number=row[-2], since=row[-1])
            for row in connection.execute(query)
        ]

    @reading
    def following_up(self, connection: Connection) -> list[Operation]:
        """By the index of those alone."""
        due = always(operations.c.follow_ups, FollowUps.DUE)
        query = select(*OPERATIONS.columns).where(due)
        oldest = query.order_by(operations.c.ended_at, operations.c.id)
        return [OPERATIONS.load(row) for row in connection.execute(oldest)]

    @reading
    def moved_since(self, connection: Connection, since: datetime) -> list[Moved]:
        """Counted in the database."""
        of_late = operations.c.confirmed_at >= since
        counted = select(operations.c.kind, func.count()).where(of_late)
        made = {row[0]: row[1] for row in connection.execute(counted.group_by(operations.c.kind))}
        landed = and_(
            movements.c.operation_id == operations.c.id,
            movements.c.kind.in_(CREDITS),
            or_(
                movements.c.kind != MovementKind.CORRECTION,
                operations.c.kind.in_(CORRECTING),
            ),
            movements.c.state.in_((MovementState.LANDED, MovementState.UNDONE)),
        )
        delta = movements.c.delta
        sums = (
            select(
                operations.c.kind,
                func.sum(case((delta > 0, delta), else_=0)),
                func.sum(case((delta < 0, -delta), else_=0)),
            )
            .join(movements, landed)
            .where(of_late)
            .group_by(operations.c.kind)
        )
        credits_ = {row[0]: (row[1], row[2]) for row in connection.execute(sums)}
        return [
            Moved(kind=kind, operations=number, given=given, taken=taken)
            for kind, number in sorted(made.items())
            for given, taken in [credits_.get(kind, (0, 0))]
        ]

    @reading
    def refunds_landed(self, connection: Connection, *, since: datetime) -> int:
        """By the index on the movements of an operation: joined, SQLite would go through all."""
        begun = operations.c.kind.in_(OF_OWED), operations.c.started_at > since
        query = (
            select(func.count())
            .select_from(movements)
            .where(
                movements.c.operation_id.in_(select(operations.c.id).where(*begun)),
                movements.c.kind == MovementKind.REFUND,
                movements.c.state.in_((MovementState.LANDED, MovementState.UNDONE)),
            )
        )
        return connection.execute(query).scalar() or 0


def _undecided() -> Select[Any]:
    undecided = always(writes.c.state, WriteState.UNDECIDED)
    return select(writes.c.operation_id, writes.c.state).where(undecided)


def _unclear() -> Select[Any]:
    """By the index on undecided items: those that no undecided write carries."""
    carried = exists(
        select(movements.c.write_id).where(
            movements.c.operation_id == items.c.operation_id,
            movements.c.booking_id == items.c.booking_id,
            movements.c.state == MovementState.UNDECIDED,
        )
    )
    undecided = always(items.c.state, ItemState.UNDECIDED)
    return select(items.c.operation_id, literal(UNCLEAR)).where(undecided, ~carried)


def _unchecked() -> Select[Any]:
    """Those that are not tried any more."""
    return select(writes.c.operation_id, literal(UNCHECKED)).where(
        text(f"writes.{NOT_CHECKED}"), writes.c.look_at.is_(None)
    )


def _bad() -> Select[Any]:
    """Counted by the caller: asked to group them, SQLite would go through all items there are.

    What has not begun, or was called off, has done nothing that anybody could look at.
    """
    return (
        select(items.c.operation_id, items.c.state)
        .join(operations, operations.c.id == items.c.operation_id)
        .where(
            always(items.c.state, ItemState.BLOCKED, ItemState.FAILED),
            operations.c.state.not_in((*UNBEGUN, OperationState.CALLED_OFF)),
        )
    )


def _undecided_one() -> ColumnElement[bool]:
    found = foreign_writes.c
    return and_(found.conflict == Conflict.UNCLEAR, found.decided.is_(None))


def _offered() -> ColumnElement[bool]:
    found = foreign_writes.c
    taken = select(claims.c.operation_id).where(
        claims.c.booking_id == found.name, claims.c.kind == MovementKind.CORRECTION
    )
    return and_(found.correction != 0, ~exists(taken))
