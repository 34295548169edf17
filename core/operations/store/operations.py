"""Operations: where each stands, and which process may carry it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, delete, func, or_, select, update

from core.audit.store.event_port import Event, Recorded
from core.audit.store.in_transaction import record
from core.credits.errors import StateConflict, Superseded
from core.credits.writes import Run, WriteState
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.statements import added, chunks
from core.operations.crew.store.tables import groups
from core.operations.plans import Plan
from core.operations.protocol.store.tables import leases, writes
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import ENDED, FollowUps, Item, ItemState, Operation, OperationState
from core.operations.store import audit_entries
from core.operations.store.blocked_items import deal_with
from core.operations.store.fence import fence, unknown_operation
from core.operations.store.leftovers import refused_notes
from core.operations.store.plans import items_of_plan, unknown_plan
from core.operations.store.rules import (
    approval_event,
    approved,
    ended,
    follow_up_event,
    followed,
    moved,
)
from core.operations.store.tables import ITEMS, OPERATIONS, notes, operations
from core.operations.store.tables import items as items_table


class Operations:
    """See ``core.operations.store.operations_port.OperationRecords``."""

    _db: Database

    @writing
    def confirm(
        self,
        connection: Connection,
        operation: Operation,
        items: Sequence[Item],
        *recorded: Recorded,
    ) -> bool:
        """The primary key decides between two confirmations of one plan."""
        entry = audit_entries.confirmed(operation, items)
        if not _confirmed(connection, operation, entry, *recorded):
            return False
        for some in chunks(items):
            connection.execute(items_table.insert(), [ITEMS.dump(item) for item in some])
        return True

    @writing
    def confirm_plan(
        self, connection: Connection, operation: Operation, plan: Plan, *recorded: Recorded
    ) -> bool:
        """The database copies the rows: with a hundred thousand others would wait for us else."""
        entry = audit_entries.plan_confirmed(operation, plan)
        if not _confirmed(connection, operation, entry, *recorded):
            return False
        copied = items_of_plan(plan.id).execution_options(preserve_rowcount=True)
        if connection.execute(copied).rowcount != len(plan.rows):
            raise unknown_plan(plan.id)
        return True

    @writing
    def end_follow_ups(self, connection: Connection, run: Run, *, at: datetime) -> None:
        """Under one lock, like the end of the operation."""
        operation, since = find(connection, run.operation_id, lock=True)
        if operation.epoch != run.epoch:
            raise Superseded(run.operation_id, run.epoch, now=operation.epoch)
        if open_writes := _unsettled(connection, run.operation_id)[1]:
            told = f"operation {operation.id} has {open_writes} open writes: it is not done"
            raise StateConflict(told, state=operation.state, at=since)
        after = followed(operation, FollowUps.DONE)
        _followed(connection, after, at=at, actor=operation.confirmed_by)
        connection.execute(delete(leases).where(leases.c.operation_id == run.operation_id))

    @writing
    def move_follow_ups(
        self,
        connection: Connection,
        operation_id: str,
        to: FollowUps,
        *,
        at: datetime,
        actor: str,
    ) -> Operation:
        """Notes that were refused are forgotten, so that they are tried again."""
        operation, _ = find(connection, operation_id, lock=True)
        after = followed(operation, to)
        _followed(connection, after, at=at, actor=actor)
        record(connection, audit_entries.followed(after, at=at, actor=actor))
        if to is FollowUps.DUE:
            of = notes.c.operation_id == operation_id
            for some in chunks(refused_notes(connection, operation_id)):
                connection.execute(delete(notes).where(of, notes.c.contact_id.in_(some)))
        return after

    @reading
    def operation(self, connection: Connection, operation_id: str) -> Operation:
        return find(connection, operation_id)[0]

    @reading
    def operations(
        self,
        connection: Connection,
        *,
        states: Collection[OperationState] = (),
        sought: SoughtOperations = EVERY_OPERATION,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Operation]:
        """Newest first."""
        query = select(*OPERATIONS.columns).where(*_sought(sought))
        if states:
            query = query.where(operations.c.state.in_(states))
        newest_first = (operations.c.confirmed_at.desc(), operations.c.id.desc())
        query = query.order_by(*newest_first).limit(limit).offset(offset)
        return [OPERATIONS.load(row) for row in connection.execute(query)]

    @writing
    def move(
        self,
        connection: Connection,
        operation_id: str,
        to: OperationState,
        *,
        at: datetime,
        actor: str,
        detail: str = "",
        only_from: Collection[OperationState] = (),
    ) -> Operation:
        """Judge, then update on condition that the state is still the one judged."""
        operation, since = find(connection, operation_id)
        if operation.state is to:
            return operation
        after = moved(operation, to, at=at, since=since, only_from=only_from)
        save_move(connection, operation, after, at=at, actor=actor, detail=detail)
        return after

    @writing
    def end(
        self, connection: Connection, run: Run, *, at: datetime, actor: str, left: str = ""
    ) -> Operation:
        """Under one lock: nobody takes it up, stops it or adds to it between judging and ending."""
        operation, since = find(connection, run.operation_id, lock=True)
        if operation.epoch != run.epoch:
            raise Superseded(run.operation_id, run.epoch, now=operation.epoch)
        if operation.state in ENDED:
            return operation
        unsettled = _unsettled(connection, run.operation_id)
        after = ended(operation, *unsettled, left=left, at=at, since=since)
        save_move(connection, operation, after, at=at, actor=actor)
        for kept in (leases, groups):
            connection.execute(delete(kept).where(kept.c.operation_id == run.operation_id))
        deal_with(connection, after, at)
        return after

    @writing
    def approve(
        self,
        connection: Connection,
        operation_id: str,
        *,
        by: str,
        at: datetime,
        hold_until: datetime,
    ) -> Operation:
        """The yes, the move and its event stand together, or none of them."""
        operation, since = find(connection, operation_id)
        after = approved(operation, by=by, at=at, hold_until=hold_until, since=since)
        _moved(connection, operation, after, at)
        record(connection, approval_event(after), audit_entries.approved(after, at=at))
        return after

    @writing
    def begin_run(
        self,
        connection: Connection,
        operation_id: str,
        *,
        at: datetime,  # noqa: ARG002  (the port's; an epoch needs no time)
    ) -> tuple[Run, Operation]:
        """Counted up in the database, so that two at once get two epochs."""
        _changed(connection, _of(operation_id).values(epoch=operations.c.epoch + 1))
        operation, _ = find(connection, operation_id)
        return Run(operation_id=operation_id, epoch=operation.epoch), operation

    @writing
    def still_ours(self, connection: Connection, run: Run) -> None:
        """Asked before what the journal cannot fence is sent."""
        fence(connection, run)

    @writing
    def note_waiting(self, connection: Connection, run: Run, waiting_for: str) -> None:
        """What a screen shows while nothing moves."""
        fenced_update(connection, run, waiting_for=waiting_for)

    @writing
    def add_calls(self, connection: Connection, run: Run, calls: int) -> None:
        """Count the HubSpot calls this operation has cost."""
        fenced_update(connection, run, calls=operations.c.calls + calls)

    @reading
    def last_ended(self, connection: Connection) -> datetime | None:
        """One look at all operations: there are thousands, and it is asked once a minute."""
        return connection.execute(select(func.max(operations.c.ended_at))).scalar()


def _confirmed(connection: Connection, operation: Operation, *recorded: Recorded) -> bool:
    """Whether this call added it, with what the audit and the history say of it."""
    row = OPERATIONS.dump(operation, since=operation.confirmed_at)
    if not added(connection, operations, row):
        return False
    record(connection, *recorded, *audit_entries.telling(operation))
    return True


def _sought(sought: SoughtOperations) -> list[ColumnElement[bool]]:
    of = operations.c
    where: list[ColumnElement[bool]] = []
    if sought.since is not None:
        where.append(of.confirmed_at >= sought.since)
    if sought.until is not None:
        where.append(of.confirmed_at < sought.until)
    if "@" in sought.by:
        where.append(func.lower(of.confirmed_by) == sought.by.lower())
    elif sought.by:
        where.append(of.confirmed_by.icontains(sought.by, autoescape=True))
    if sought.kinds:
        where.append(of.kind.in_(sought.kinds))
    if sought.exam_id:
        where.append(of_exam(sought.exam_id))
    if sought.words:
        texts = (of.reason, of.selection)
        where.append(or_(*(text.icontains(sought.words, autoescape=True) for text in texts)))
    return where


def of_exam(exam_id: str) -> ColumnElement[bool]:
    """Operations with a booking of it, or that move bookings to it."""
    with_one = select(items_table.c.operation_id).where(items_table.c.exam_id == exam_id)
    return or_(operations.c.to_exam == exam_id, operations.c.id.in_(with_one))


def save_move(
    connection: Connection,
    judged: Operation,
    after: Operation,
    *,
    at: datetime,
    actor: str,
    detail: str = "",
) -> None:
    """With its event and what stands in the audit."""
    _moved(connection, judged, after, at)
    told = {"from": judged.state.value} | ({"detail": detail} if detail else {})
    what, to = after.state.value, after.state
    record(
        connection,
        Event(at=at, actor=actor, what=what, operation_id=judged.id, detail=told),
        audit_entries.moved(judged, to, at=at, actor=actor, why=detail),
    )


def _followed(connection: Connection, after: Operation, *, at: datetime, actor: str) -> None:
    values = {name: getattr(after, name) for name in ("follow_ups", "epoch", "waiting_for")}
    connection.execute(_of(after.id).values(values))
    record(connection, follow_up_event(after, at=at, actor=actor))


def _moved(connection: Connection, judged: Operation, after: Operation, at: datetime) -> None:
    """Of two at once one moves it."""
    values = OPERATIONS.dump(after, since=at)
    if not _changed(connection, _of(judged.id, state=judged.state).values(values)):
        told = f"operation {judged.id} was moved by somebody else just now"
        raise StateConflict(told, state=find(connection, judged.id)[0].state)


def fenced_update(connection: Connection, run: Run, **values: Any) -> None:
    """Fence and change in one statement: a shared lock first could deadlock with a sibling's."""
    if not _changed(connection, _of(run.operation_id, epoch=run.epoch).values(**values)):
        fence(connection, run)


def _of(operation_id: str, **conditions: Any) -> Update:
    found = update(operations).where(operations.c.id == operation_id)
    return found.where(*(operations.c[name] == value for name, value in conditions.items()))


def _changed(connection: Connection, statement: Update) -> bool:
    return connection.execute(statement).rowcount == 1


def _unsettled(connection: Connection, operation_id: str) -> tuple[set[ItemState], int]:
    """The states of its items, and how many of its writes are open."""
    states = select(items_table.c.state).where(items_table.c.operation_id == operation_id)
    open_ = select(func.count()).where(
        always(writes.c.state, WriteState.OPEN), writes.c.operation_id == operation_id
    )
    found = set(connection.execute(states.distinct()).scalars())
    return found, connection.execute(open_).scalar_one()


def find(
    connection: Connection, operation_id: str, *, lock: bool = False
) -> tuple[Operation, datetime]:
    """The operation, and since when it is in its state. ``lock``: nobody changes it meanwhile."""
    query = select(*OPERATIONS.columns, operations.c.since).where(operations.c.id == operation_id)
    query = query.with_for_update() if lock else query
    row = connection.execute(query).first()
    if row is None:
        raise unknown_operation(operation_id)
    return OPERATIONS.load(row), row.since
