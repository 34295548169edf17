"""Items: the bookings of an operation, and how far each has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import BindParameter, Connection, case, exists, func, literal, or_, select, update

from core.audit.store.event_port import Event
from core.audit.store.in_transaction import record
from core.credits.catalogue import CreditType
from core.credits.errors import UnknownId
from core.credits.records import TOTAL_BOOKINGS, ItemKey
from core.credits.writes import MovementKind, Run
from core.database.database import Database, reading, writing
from core.database.statements import CHUNK, alike, chunks, streamed
from core.operations.protocol.store.claims import release_unmoved
from core.operations.protocol.store.tables import MovementState, movements
from core.operations.states import (
    ENDED,
    SETTLED,
    UNBEGUN,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
    keeps_claim,
)
from core.operations.store.fence import fence, must_exist
from core.operations.store.operations import find, save_move
from core.operations.store.rules import CORRECTING, moved
from core.operations.store.tables import ITEMS, OPERATIONS, items, operations
from core.operations.store.undo import free_taken_back

#: What a run learns of an item; the rest is the plan's.
_LEARNED = (
    "state",
    "why",
    "before",
    "after",
    "cancelled",
    "cancel_sent",
    "sent_at",
    "ruling",
    "exam_id",
    "new_name",
)


class Items:
    """See ``core.operations.store.operations_port.OperationRecords``."""

    _db: Database

    @reading
    def items(
        self,
        connection: Connection,
        operation_id: str,
        *,
        states: Collection[ItemState] = (),
        bookings: Collection[ItemKey] = (),
        after: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Item]:
        """In plan order; raises ``UnknownId``."""
        must_exist(connection, operation_id)
        query = select(*ITEMS.columns).where(items.c.operation_id == operation_id)
        if states:
            query = query.where(items.c.state.in_(states))
        if after is not None:
            query = query.where(items.c.n > after)
        if len(bookings) > CHUNK:  # more than one statement may take
            some = (query.where(items.c.booking_id.in_(part)) for part in chunks([*bookings]))
            found = [item for each in some for item in ITEMS.load_all(connection.execute(each))]
            found = sorted({item.n: item for item in found}.values(), key=lambda item: item.n)
            return found[offset:][:limit]
        if bookings:
            query = query.where(items.c.booking_id.in_(bookings))
        query = query.order_by(items.c.n).limit(limit).offset(offset)
        return ITEMS.load_all(streamed(connection, query))

    @writing
    def update_items(self, connection: Connection, run: Run, items: Sequence[Item]) -> None:
        """Save what was learned of these items, and free the claims that moved nothing."""
        fence(connection, run)
        save_items(connection, run, items)

    @writing
    def reopen(
        self,
        connection: Connection,
        operation_id: str,
        states: Collection[ItemState],
        *,
        at: datetime,
        actor: str,
    ) -> int:
        """How many are to be tried again; raises ``UnknownId``."""
        operation, since = find(connection, operation_id, lock=True)
        after = moved(operation, OperationState.RUNNING, at=at, since=since, only_from=ENDED)
        state = case(
            (items.c.after.is_not(None), _word(ItemState.GIVEN_BACK)),
            (items.c.cancelled, _word(ItemState.CANCELLED)),
            else_=_word(ItemState.PENDING),
        )
        found = update(items).where(
            items.c.operation_id == operation_id, items.c.state.in_(states), items.c.planned
        )
        count = connection.execute(found.values(state=state, why="")).rowcount
        if count:
            told = {"items": count, "states": sorted(state.value for state in states)}
            record(
                connection,
                Event(at=at, actor="", what="reopened", operation_id=operation_id, detail=told),
            )
        mine = items.c.operation_id == operation_id
        unsettled = select(items.c.booking_id).where(mine, items.c.state.not_in(SETTLED))
        if connection.execute(unsettled.limit(1)).first() is not None:
            after = replace(after, epoch=operation.epoch + 1)
            save_move(connection, operation, after, at=at, actor=actor, detail="retry")
        return count

    @reading
    def progress(self, connection: Connection, operation_id: str) -> Progress:
        """Asked for every second. Raises ``UnknownId``."""
        must_exist(connection, operation_id)
        return _progress(connection, [operation_id])[operation_id]

    @reading
    def progress_of(
        self, connection: Connection, operation_ids: Collection[str]
    ) -> dict[str, Progress]:
        """As many queries as for one."""
        found: dict[str, Progress] = {}
        for some in chunks(sorted(set(operation_ids))):
            there = select(operations.c.id).where(operations.c.id.in_(some))
            found |= _progress(connection, connection.execute(there).scalars().all())
        return found

    @reading
    def unbegun_over(
        self, connection: Connection, keys: Collection[ItemKey]
    ) -> list[tuple[Operation, int]]:
        """Few operations have not begun, and mostly none: of each the rows are looked up by key."""
        found: Counter[str] = Counter()
        unbegun = select(operations.c.id).where(operations.c.state.in_(UNBEGUN)).limit(1)
        if connection.execute(unbegun).first() is None:
            return []
        for some in chunks(sorted(set(keys))):
            query = (
                select(items.c.operation_id, func.count())
                .join(operations, operations.c.id == items.c.operation_id)
                .where(operations.c.state.in_(UNBEGUN), items.c.planned)
                .where(items.c.booking_id.in_(some))
                .group_by(items.c.operation_id)
            )
            for operation_id, n in connection.execute(query):
                found[operation_id] += n
        named = select(*OPERATIONS.columns).where(operations.c.id.in_(list(found)))
        those = [OPERATIONS.load(row) for row in connection.execute(named)]
        those.sort(key=lambda operation: (operation.confirmed_at, operation.id))
        return [(operation, found[operation.id]) for operation in those]


def _progress(connection: Connection, ids: Sequence[str]) -> dict[str, Progress]:
    """Counted in the database."""
    counted: dict[str, Counter[ItemState]] = {id_: Counter() for id_ in ids}
    unplanned: dict[str, Counter[ItemState]] = {id_: Counter() for id_ in ids}
    by = (items.c.operation_id, items.c.state, items.c.planned)
    states = select(*by, func.count()).where(items.c.operation_id.in_(ids)).group_by(*by)
    for id_, state, planned, n in connection.execute(states):
        counted[id_][state] += n
        if not planned:
            unplanned[id_][state] = n
    # a lost credit that was given again was counted when it was first given
    of_a_correction = exists().where(
        operations.c.id == movements.c.operation_id, operations.c.kind.in_(CORRECTING)
    )
    moved = func.sum(movements.c.delta)
    landed = (
        select(movements.c.operation_id, movements.c.credit, moved)
        .where(movements.c.operation_id.in_(ids))
        .where(movements.c.credit != TOTAL_BOOKINGS)
        .where(or_(movements.c.kind != MovementKind.CORRECTION, of_a_correction))
        .where(movements.c.state.in_((MovementState.LANDED, MovementState.UNDONE)))
        .group_by(movements.c.operation_id, movements.c.credit)
        .having(moved != 0)
    )
    net: dict[str, dict[CreditType, int]] = {id_: {} for id_ in ids}
    for id_, credit, n in connection.execute(landed):
        net[id_][CreditType(credit)] = int(n)
    return {
        id_: Progress(states=dict(counted[id_]), net=net[id_], unplanned=dict(unplanned[id_]))
        for id_ in ids
    }


def _word(state: ItemState) -> BindParameter[ItemState]:
    return literal(state, items.c.state.type)


def save_items(connection: Connection, run: Run, changed: Sequence[Item]) -> None:
    """Within the transaction of what they tell of."""
    if not changed:
        return
    for values, bookings in alike(changed, "booking_id", _LEARNED):
        found = update(items).where(
            items.c.operation_id == run.operation_id, items.c.booking_id.in_(bookings)
        )
        if connection.execute(found.values(values)).rowcount != len(bookings):
            raise UnknownId(f"operation {run.operation_id} has not all of {', '.join(bookings)}")
    settled = [i for i in changed if i.state in SETTLED and not keeps_claim(i)]
    free = [item.booking_id for item in settled if not item.cancelled]
    release_unmoved(connection, run.operation_id, free)
    # their seats are still to be counted, once: an operation that meets one again leaves it alone
    cancelled = [item.booking_id for item in settled if item.cancelled]
    release_unmoved(connection, run.operation_id, cancelled, but=MovementKind.SEAT_FREED)
    done = [item.booking_id for item in changed if item.state is ItemState.DONE]
    if done and _undoes(connection, run.operation_id):
        free_taken_back(connection, run.operation_id, done)


def _undoes(connection: Connection, operation_id: str) -> bool:
    undoes = select(operations.c.undoes).where(operations.c.id == operation_id)
    return bool(connection.execute(undoes).scalar())
