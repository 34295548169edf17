"""What was done in each of a few stretches of time, counted in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select

from core.database.database import Database, reading
from core.drift.repairs import RowState
from core.drift.store.tables import drifts, repair_rows, repairs, sweeps
from core.drift.store.trend_tables import measures
from core.drift.store.trends import values_at
from core.drift.store.trends_port import Gauge
from core.drift.sweeps import SweepState
from core.health.over_time.week_rules import GaugeReading
from core.health.store.stretches import slot_of


class Weeks:
    """See ``core.health.store.port.WeekRecords``."""

    _db: Database

    @reading
    def found(self, connection: Connection, edges: Sequence[datetime]) -> dict[int, int]:
        """From the primary key of drifts alone."""
        whole = sweeps.c.state == SweepState.COMPLETE
        of_sweep = drifts.c.sweep_id == sweeps.c.id
        return _firsts(connection, edges, sweeps.c.started_at, drifts, of_sweep, whole)

    @reading
    def repaired(self, connection: Connection, edges: Sequence[datetime]) -> dict[int, int]:
        """From the index on the states of their rows."""
        equal = repair_rows.c.state == RowState.REPAIRED
        of_repair = repair_rows.c.repair_id == repairs.c.id
        return _firsts(connection, edges, repairs.c.asked_at, repair_rows, of_repair, equal)

    @reading
    def readings(
        self, connection: Connection, gauges: Collection[Gauge], edges: Sequence[datetime]
    ) -> dict[tuple[Gauge, int], GaugeReading]:
        """By the primary key, which begins with gauge and second."""
        second, at = measures.c.second, [int(edge.timestamp()) for edge in edges]
        weight = func.sum(measures.c.weight)
        mean = func.sum(measures.c.value * measures.c.weight) / weight
        slot = slot_of(second, at[:-1])
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


def _firsts(
    connection: Connection,
    edges: Sequence[datetime],
    when: Column[datetime],
    records: Table,
    *where: ColumnElement[bool],
) -> dict[int, int]:
    """How many records come first in each stretch, by the times of what they belong to."""
    seen = (
        select(func.min(when, type_=when.type).label("first"))
        .where(*where, *_within(when, edges))
        .group_by(records.c.kind, records.c.record_id)
        .subquery()
    )
    slot = slot_of(seen.c.first, edges[:-1])
    return dict(connection.execute(select(slot, func.count()).group_by(slot)).all())
