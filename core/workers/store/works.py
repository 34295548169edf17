"""What is to be carried, and what of each schedule was done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, select, update

from core.credits.errors import UnknownId
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.epochs import next_epoch
from core.database.rows import Records
from core.database.statements import added
from core.drift.repairs import RepairState
from core.drift.store.tables import repairs, sweeps
from core.drift.sweeps import SWEEP_ENDED
from core.operations.states import ENDED, FollowUps, OperationState
from core.operations.store.tables import operations
from core.students.store.exam_acts import exam_acts
from core.work.schedules import SlotRecord
from core.work.work import Task, Work, parted
from core.workers.store.tables import slots

TABLES: dict[Work, Table] = {
    Work.OPERATION: operations,
    Work.FOLLOW_UPS: operations,
    Work.SWEEP: sweeps,
    Work.REPAIR: repairs,
    Work.EXAM: exam_acts,
}
UNENDED: dict[Work, ColumnElement[bool]] = {
    Work.OPERATION: operations.c.state.not_in(ENDED),
    Work.FOLLOW_UPS: always(operations.c.follow_ups, FollowUps.DUE),
    Work.SWEEP: sweeps.c.state.not_in(SWEEP_ENDED),
    Work.REPAIR: repairs.c.state != RepairState.DONE,
    Work.EXAM: exam_acts.c.ended_at.is_(None),
}
OLDEST_FIRST = {
    Work.OPERATION: operations.c.confirmed_at,
    Work.FOLLOW_UPS: operations.c.ended_at,
    Work.SWEEP: sweeps.c.started_at,
    Work.REPAIR: repairs.c.asked_at,
    Work.EXAM: exam_acts.c.asked_at,
}
SLOTS = Records(SlotRecord, slots)


class Works:
    """See ``core.workers.store.port.WorkRecords``."""

    _db: Database

    @reading
    def unended(
        self, connection: Connection, limit: int = 10_000, *, at: datetime | None = None
    ) -> list[Task]:
        """All that is to be carried, oldest first within each kind."""
        found: list[Task] = []
        for work, table in TABLES.items():
            query = select(table.c.id, table.c.state).where(UNENDED[work])
            if work is Work.OPERATION:
                query = query.where(_not_a_persons(at))
            query = query.order_by(OLDEST_FIRST[work], table.c.id).limit(limit)
            found += [
                Task(work=work, id=id_, state=state.value)
                for id_, state in connection.execute(query)
            ]
        return found

    @reading
    def must_exist(self, connection: Connection, key: str) -> None:
        work, id_ = parted(key)
        table = TABLES[work]
        if connection.execute(select(table.c.id).where(table.c.id == id_)).first() is None:
            raise UnknownId(f"there is no {work} {id_}")

    @writing
    def supersede(self, connection: Connection, key: str) -> None:
        """A new epoch of it."""
        work, id_ = parted(key)
        next_epoch(connection, TABLES[work], id_)


def _not_a_persons(at: datetime | None) -> ColumnElement[bool]:
    """Not waiting for a second admin, or no longer."""
    carried = operations.c.state != OperationState.AWAITING
    return carried if at is None else carried | (operations.c.hold_until <= at)


class Slots:
    """See ``core.workers.store.port.SlotRecords``."""

    _db: Database

    @writing
    def begin_job(self, connection: Connection, job: str, *, at: datetime) -> None:
        """From now on its times count."""
        record = SlotRecord(job=job, slot=at, taken_at=at, held_until=at, done_at=at, began_at=at)
        added(connection, slots, SLOTS.dump(record))

    @writing
    def take_slot(
        self, connection: Connection, job: str, slot: datetime, *, now: datetime, until: datetime
    ) -> bool:
        """One statement judges and takes."""
        newer = slots.c.slot < slot
        left = (slots.c.slot == slot) & slots.c.done_at.is_(None) & (slots.c.held_until <= now)
        taken = update(slots).where(slots.c.job == job, newer | left)
        values = {"slot": slot, "taken_at": now, "held_until": until, "done_at": None}
        return connection.execute(taken.values(**values, error="")).rowcount == 1

    @writing
    def end_slot(
        self, connection: Connection, job: str, slot: datetime, *, at: datetime, error: str = ""
    ) -> None:
        """Nothing, when a later one was taken meanwhile."""
        ended = update(slots).where(slots.c.job == job, slots.c.slot == slot)
        connection.execute(ended.values(done_at=None if error else at, error=error))

    @reading
    def slots(self, connection: Connection) -> dict[str, SlotRecord]:
        found = [SLOTS.load(row) for row in connection.execute(select(*SLOTS.columns))]
        return {record.job: record for record in found}
