"""Sweeps and the drift that each found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from core.domain.drift import Cause, Drift
from core.domain.records import Kind
from core.domain.sweeps import Sweep, SweepMode
from core.gateways.journal.database import Database, reading, writing
from core.gateways.journal.fence import chunks, upsert
from core.gateways.journal.records import DRIFTS, OUTBOX, SWEEPS
from core.gateways.journal.sweep_tables import drifts, sweeps
from core.gateways.journal.tables import outbox
from core.gateways.ports.journal import Due


class Sweeps:
    """See ``core.gateways.ports.journal.Journal``."""

    _db: Database

    @writing
    def save_sweep(self, connection: Connection, sweep: Sweep, found: Sequence[Drift] = ()) -> None:
        """A drift found twice by one sweep, after it went on from its cursor, is kept once."""
        row = SWEEPS.dump(sweep)
        added = upsert(connection, sweeps).values(row)
        connection.execute(added.on_conflict_do_update(index_elements=[sweeps.c.id], set_=row))
        rows = [DRIFTS.dump(each, sweep_id=sweep.id, columns=list(each.columns)) for each in found]
        if rows:
            connection.execute(upsert(connection, drifts).on_conflict_do_nothing(), rows)

    @reading
    def sweeps(
        self,
        connection: Connection,
        *,
        modes: Collection[SweepMode] = (),
        limit: int = 100,
    ) -> list[Sweep]:
        """Newest first."""
        query = select(*SWEEPS.columns).order_by(sweeps.c.started_at.desc(), sweeps.c.id)
        if modes:
            query = query.where(sweeps.c.mode.in_(list(modes)))
        return [SWEEPS.load(row) for row in connection.execute(query.limit(limit))]

    @reading
    def drifts(
        self,
        connection: Connection,
        sweep_id: str,
        *,
        causes: Collection[Cause] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Drift]:
        """By kind and record; all causes where the filter is empty."""
        query = (
            select(*DRIFTS.columns)
            .where(drifts.c.sweep_id == sweep_id)
            .order_by(drifts.c.kind, drifts.c.record_id)
            .limit(limit)
            .offset(offset)
        )
        if causes:
            query = query.where(drifts.c.cause.in_(list(causes)))
        found = (DRIFTS.load(row) for row in connection.execute(query))
        return [_whole(each) for each in found]

    @reading
    def drift_counts(self, connection: Connection, sweep_id: str) -> dict[Cause, int]:
        """How many records drift for each cause."""
        query = (
            select(drifts.c.cause, func.count())
            .where(drifts.c.sweep_id == sweep_id)
            .group_by(drifts.c.cause)
        )
        return {row[0]: row[1] for row in connection.execute(query)}

    @writing
    def forget_sweeps(self, connection: Connection, *, before: datetime) -> int:
        """With their drifts; how many were forgotten."""
        old = select(sweeps.c.id).where(sweeps.c.started_at < before)
        connection.execute(delete(drifts).where(drifts.c.sweep_id.in_(old)))
        gone = connection.execute(delete(sweeps).where(sweeps.c.started_at < before))
        return gone.rowcount

    @reading
    def waiting(self, connection: Connection, kind: Kind, ids: Collection[str]) -> dict[str, Due]:
        """Those of these records that are in the outbox, dead letters too."""
        found: dict[str, Due] = {}
        for some in chunks(sorted(set(ids))):
            query = select(*OUTBOX.columns).where(
                outbox.c.kind == kind, outbox.c.record_id.in_(some)
            )
            for row in connection.execute(query):
                due = OUTBOX.load(row)
                found[due.record_id] = due
        return found


def _whole(drift: Drift) -> Drift:
    """JSON knows no tuples."""
    return Drift(
        kind=drift.kind,
        record_id=drift.record_id,
        cause=drift.cause,
        columns=tuple(drift.columns),
        truth=drift.truth,
        mirror=drift.mirror,
        evidence=drift.evidence,
        since=drift.since,
    )
