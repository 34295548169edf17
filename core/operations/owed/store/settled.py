"""What persons have said of owed credits: the adoption baseline and single decisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, delete, select

from core.audit.chain import timestamp
from core.audit.entries import Entry, Subject, What
from core.audit.store.in_transaction import record
from core.credits.errors import StateConflict
from core.credits.records import BookingId
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import added, chunks, upsert
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.store.tables import plans

baselines = Table(
    "owed_baseline",
    metadata,
    #: Always 1: there is one row at most.
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("before", UtcTime, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", String, nullable=False),
)
decisions = Table(
    "owed_decisions",
    metadata,
    Column("booking_id", String, primary_key=True),
    Column("owed", Boolean, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", String, nullable=False),
)
BASELINES = Records(Baseline, baselines)
DECISIONS = Records(OwedDecision, decisions)


class Settled:
    """See ``core.operations.owed.store.settled_port.SettledRecords``."""

    _db: Database

    @reading
    def baseline(self, connection: Connection) -> Baseline | None:
        """The one row."""
        return _baseline(connection)

    @writing
    def set_baseline(self, connection: Connection, baseline: Baseline) -> None:
        """The row's key lets one in alone."""
        if not added(connection, baselines, BASELINES.dump(baseline, n=1)):
            raise baseline_stands(_baseline(connection))
        record(connection, baseline_set(baseline))

    @writing
    def withdraw_baseline(
        self, connection: Connection, *, by: str, at: datetime, reason: str
    ) -> Baseline | None:
        """The audit keeps what it was."""
        before = _baseline(connection)
        if before is not None and connection.execute(delete(baselines)).rowcount:
            record(connection, baseline_withdrawn(before, by=by, at=at, reason=reason))
        return before

    @reading
    def owed_decisions(
        self, connection: Connection, bookings: Collection[BookingId]
    ) -> dict[BookingId, OwedDecision]:
        """By the primary key."""
        return _decisions(connection, bookings)

    @writing
    def decide_owed(self, connection: Connection, decided: Sequence[OwedDecision]) -> None:
        """In the order of the key, so that two of these never wait for each other in a ring."""
        before = _decisions(connection, [one.booking_id for one in decided])
        for one in sorted(decided, key=lambda each: each.booking_id):
            row = DECISIONS.dump(one)
            put = upsert(connection, decisions).values(row)
            connection.execute(
                put.on_conflict_do_update(index_elements=[decisions.c.booking_id], set_=row)
            )
        for one in decided:
            record(connection, owed_decided(one, before.get(one.booking_id)))

    @writing
    def withdraw_decisions(
        self,
        connection: Connection,
        bookings: Collection[BookingId],
        *,
        by: str,
        at: datetime,
        reason: str,
    ) -> set[BookingId]:
        """The audit keeps what they were."""
        before = _decisions(connection, bookings)
        for some in chunks(sorted(before)):
            connection.execute(delete(decisions).where(decisions.c.booking_id.in_(some)))
        for one in before.values():
            record(connection, decision_withdrawn(one, by=by, at=at, reason=reason))
        return set(before)

    @reading
    def planned_at(self, connection: Connection, operation_id: str) -> datetime | None:
        """A plan has the id of its operation."""
        made_at: datetime | None = connection.execute(
            select(plans.c.made_at).where(plans.c.id == operation_id)
        ).scalar()
        return made_at


def _baseline(connection: Connection) -> Baseline | None:
    row = connection.execute(select(*BASELINES.columns)).first()
    return None if row is None else BASELINES.load(row)


def _decisions(
    connection: Connection, bookings: Collection[BookingId]
) -> dict[BookingId, OwedDecision]:
    found: dict[BookingId, OwedDecision] = {}
    for some in chunks(sorted(set(bookings))):
        query = select(*DECISIONS.columns).where(decisions.c.booking_id.in_(some))
        found.update((row.booking_id, DECISIONS.load(row)) for row in connection.execute(query))
    return found


def baseline_set(baseline: Baseline) -> Entry:
    """What was cancelled before then is settled."""
    return Entry(
        at=baseline.at,
        actor=baseline.by,
        what=What.BASELINE_SET,
        reason=baseline.reason,
        after={"cancelled_before": timestamp(baseline.before)},
    )


def baseline_withdrawn(before: Baseline, *, by: str, at: datetime, reason: str) -> Entry:
    """It is in effect no longer."""
    return Entry(
        at=at,
        actor=by,
        what=What.BASELINE_WITHDRAWN,
        reason=reason,
        before={"cancelled_before": timestamp(before.before)},
    )


def owed_decided(decision: OwedDecision, before: OwedDecision | None) -> Entry:
    """A person's word on the credit of one booking."""
    return Entry(
        at=decision.at,
        actor=decision.by,
        what=What.OWED_DECIDED,
        subject=Subject.BOOKING,
        subject_id=decision.booking_id,
        reason=decision.reason,
        before={"owed": before.owed} if before else {},
        after={"owed": decision.owed},
    )


def decision_withdrawn(decision: OwedDecision, *, by: str, at: datetime, reason: str) -> Entry:
    """Nobody's word stands on this credit any more."""
    return Entry(
        at=at,
        actor=by,
        what=What.OWED_WITHDRAWN,
        subject=Subject.BOOKING,
        subject_id=decision.booking_id,
        reason=reason,
        before={"owed": decision.owed},
    )


def baseline_stands(baseline: Baseline | None) -> StateConflict:
    """There is one at a time, so that nobody moves the line without a word."""
    told = f"a baseline is in effect: {baseline}. Withdraw it first"
    return StateConflict(told, state="in effect")
