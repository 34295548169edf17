"""What was done in each of a few stretches of time, counted in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from core.database.database import Database, reading
from core.drift.repairs import RowState
from core.drift.store.tables import drifts, repair_rows, repairs, sweeps
from core.drift.store.trend_tables import measures
from core.drift.store.trends import values_at
from core.drift.store.trends_port import Gauge
from core.drift.sweeps import SweepState
from core.health.over_time.week_rules import GaugeReading


class Weeks:
    """See ``core.health.store.week_port.WeekRecords``."""

    _db: Database

    @reading
    def found(self, connection: Connection, edges: Sequence[datetime]) -> dict[int, int]:
        """From the primary key of drifts alone."""
        when = sweeps.c.started_at
        seen = (
            select(func.min(when, type_=when.type).label("first"))
            .join(drifts, drifts.c.sweep_id == sweeps.c.id)
            .where(sweeps.c.state == SweepState.COMPLETE, *_within(when, edges))
            .group_by(drifts.c.kind, drifts.c.record_id)
        )
        return _counted(connection, seen, edges)

    @reading
    def repaired(self, connection: Connection, edges: Sequence[datetime]) -> dict[int, int]:
        """From the index on the states of their rows."""
        when = repairs.c.asked_at
        seen = (
            select(func.min(when, type_=when.type).label("first"))
            .join(repair_rows, repair_rows.c.repair_id == repairs.c.id)
            .where(repair_rows.c.state == RowState.REPAIRED, *_within(when, edges))
            .group_by(repair_rows.c.kind, repair_rows.c.record_id)
        )
        return _counted(connection, seen, edges)

    @reading
    def readings(
        self, connection: Connection, gauges: Collection[Gauge], edges: Sequence[datetime]
    ) -> dict[tuple[Gauge, int], GaugeReading]:
        """By the primary key, which begins with gauge and second."""
        second, at = measures.c.second, [int(edge.timestamp()) for edge in edges]
        weight = func.sum(measures.c.weight)
        mean = func.sum(measures.c.value * measures.c.weight) / weight
        slot = _slot(second, at)
        query = (
            select(measures.c.gauge, slot, mean, weight, func.max(second))
            .where(measures.c.gauge.in_(list(gauges)), *_within(second, at))
            .group_by(measures.c.gauge, slot)
        )
        rows = connection.execute(query).all()
        last: dict[tuple[Gauge, int], float] = defaultdict(float)
        for (gauge, _, then), value in values_at(connection, gauges, {r[4] for r in rows}).items():
            last[gauge, then] += value
        return {
            (gauge, n): GaugeReading(mean=mean, weight=weight, last=last[gauge, then])
            for gauge, n, mean, weight, then in rows
        }


def _within(column: ColumnElement[Any], edges: Sequence[Any]) -> tuple[ColumnElement[bool], ...]:
    return column >= edges[0], column < edges[-1]


def _slot(column: ColumnElement[Any], edges: Sequence[Any]) -> ColumnElement[int]:
    """The number of the stretch; of what is ``_within``."""
    ends = ((column < edge, n) for n, edge in enumerate(edges[1:]))
    return case(*ends).label("slot")


def _counted(
    connection: Connection, seen: Select[datetime], edges: Sequence[datetime]
) -> dict[int, int]:
    slot = _slot(seen.subquery().c.first, edges)
    return dict(connection.execute(select(slot, func.count()).group_by(slot)).all())
