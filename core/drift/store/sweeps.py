"""Sweeps and the drift that each found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select

from core.audit.store.in_transaction import record
from core.credits.errors import UnknownId
from core.database.database import Database, forgetting, reading, writing
from core.database.epochs import next_epoch, save_fenced
from core.database.statements import upsert
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store import audit_entries
from core.drift.store.tables import DRIFTS, SWEEPS, drifts, sweeps
from core.drift.sweeps import SWEEP_ENDED, Sweep, SweepMode


class Sweeps:
    """See ``core.drift.store.port.SweepRecords``."""

    _db: Database

    @writing
    def ask_sweep(self, connection: Connection, sweep: Sweep) -> Sweep:
        """The indexes decide between two who ask at once: one row of an id, one of a mode."""
        asked = upsert(connection, sweeps).on_conflict_do_nothing().values(SWEEPS.dump(sweep))
        if connection.execute(asked.returning(sweeps.c.id)).first() is not None:
            record(connection, *audit_entries.swept(sweep))
        there = select(*SWEEPS.columns).where(
            or_(
                sweeps.c.id == sweep.id,
                (sweeps.c.mode == sweep.mode) & sweeps.c.state.not_in(SWEEP_ENDED),
            )
        )
        found = [SWEEPS.load(row) for row in connection.execute(there)]
        return next((each for each in found if each.id == sweep.id), found[0])

    @reading
    def sweep(self, connection: Connection, sweep_id: str) -> Sweep:
        return _find(connection, sweep_id)

    @writing
    def take_sweep(self, connection: Connection, sweep_id: str) -> Sweep:
        """Counted up in the database, so that two at once get two epochs."""
        next_epoch(connection, sweeps, sweep_id)
        return _find(connection, sweep_id)

    @writing
    def save_sweep(self, connection: Connection, sweep: Sweep, found: Sequence[Drift] = ()) -> None:
        """A drift found twice by one sweep, after it went on from its cursor, is kept once."""
        save_fenced(connection, sweeps, SWEEPS.dump(sweep), "sweep")
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
    ) -> list[Drift]:
        query = (
            select(*DRIFTS.columns)
            .where(drifts.c.sweep_id == sweep_id)
            .order_by(drifts.c.kind, drifts.c.record_id)
            .limit(limit)
        )
        if causes:
            query = query.where(drifts.c.cause.in_(list(causes)))
        found = (DRIFTS.load(row) for row in connection.execute(query))
        return [whole(each) for each in found]

    @reading
    def drift_counts(self, connection: Connection, sweep_id: str) -> dict[Cause, int]:
        query = (
            select(drifts.c.cause, func.count())
            .where(drifts.c.sweep_id == sweep_id)
            .group_by(drifts.c.cause)
        )
        return {row[0]: row[1] for row in connection.execute(query)}

    @forgetting
    def forget_sweeps(self, connection: Connection, *, before: datetime) -> int:
        """With their drifts; how many were forgotten."""
        is_old = (sweeps.c.started_at < before) & sweeps.c.state.in_(SWEEP_ENDED)
        old = select(sweeps.c.id).where(is_old)
        connection.execute(delete(drifts).where(drifts.c.sweep_id.in_(old)))
        return connection.execute(delete(sweeps).where(is_old)).rowcount


def _find(connection: Connection, sweep_id: str) -> Sweep:
    query = select(*SWEEPS.columns).where(sweeps.c.id == sweep_id)
    row = connection.execute(query).first()
    if row is None:
        raise UnknownId(f"there is no sweep {sweep_id}")
    return SWEEPS.load(row)


def whole(drift: Drift) -> Drift:
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
