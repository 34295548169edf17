"""What persons have said of owed credits: the adoption baseline and single decisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, delete, select

from core.domain.records import BookingId
from core.domain.settled import Baseline, OwedDecision
from core.gateways.journal import acts
from core.gateways.journal.columns import UtcTime
from core.gateways.journal.database import Database, reading, writing
from core.gateways.journal.fence import added, chunks, upsert
from core.gateways.journal.recording import record
from core.gateways.journal.records import Records
from core.gateways.journal.rules import baseline_stands
from core.gateways.journal.tables import metadata, plans

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
    """See ``core.gateways.ports.settled.SettledRecords``."""

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
        record(connection, acts.baseline_set(baseline))

    @writing
    def withdraw_baseline(
        self, connection: Connection, *, by: str, at: datetime, reason: str
    ) -> Baseline | None:
        """The audit keeps what it was."""
        before = _baseline(connection)
        if before is not None and connection.execute(delete(baselines)).rowcount:
            record(connection, acts.baseline_withdrawn(before, by=by, at=at, reason=reason))
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
            record(connection, acts.owed_decided(one, before.get(one.booking_id)))

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
            record(connection, acts.decision_withdrawn(one, by=by, at=at, reason=reason))
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
