"""What was done in each of a few stretches of time, counted in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from core.credits.writes import MovementKind
from core.database.database import Database, reading
from core.drift.repairs import RowState
from core.drift.store.tables import drifts, repair_rows, repairs, sweeps
from core.drift.store.trend_tables import measures
from core.drift.store.trends import values_at
from core.drift.store.trends_port import Gauge
from core.drift.sweeps import SweepState
from core.health.over_time.week_rules import GaugeReading, Outcomes
from core.operations.kinds.registry import CANCELLING, MAKING
from core.operations.protocol.store.tables import MovementState, movements
from core.operations.states import ItemState
from core.operations.store.tables import items, operations


class Weeks:
    """See ``core.health.store.week_port.WeekRecords``."""

    _db: Database

    @reading
    def outcomes(self, connection: Connection, edges: Sequence[datetime]) -> dict[int, Outcomes]:
        """By the index on when operations were confirmed, then by those on what is theirs."""
        refunded = dict(connection.execute(_refunded(edges)).all())
        rows = {slot: both for slot, *both in connection.execute(_ended(edges))}
        found = {}
        for slot in refunded.keys() | rows.keys():
            cancelled, booked = rows.get(slot, (0, 0))
            found[slot] = Outcomes(
                refunded=refunded.get(slot, 0), cancelled=int(cancelled), booked=int(booked)
            )
        return found

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


def _refunded(edges: Sequence[datetime]) -> Select[int, int]:
    when = operations.c.confirmed_at
    slot = _slot(when, edges)
    landed = and_(
        movements.c.operation_id == operations.c.id,
        movements.c.kind == MovementKind.REFUND,
        movements.c.state.in_((MovementState.LANDED, MovementState.UNDONE)),
    )
    counted = select(slot, func.count()).select_from(operations).join(movements, landed)
    return counted.where(*_within(when, edges)).group_by(slot)


def _ended(edges: Sequence[datetime]) -> Select[int, int, int]:
    """Of each stretch: bookings cancelled, and bookings made."""
    when = operations.c.confirmed_at
    slot = _slot(when, edges)
    cancelled = and_(operations.c.kind.in_(CANCELLING), items.c.cancelled)
    made = and_(operations.c.kind.in_(MAKING), items.c.state == ItemState.DONE)
    each = func.sum(case((cancelled, 1), else_=0)), func.sum(case((made, 1), else_=0))
    return (
        select(slot, *each)
        .select_from(operations)
        .join(items, items.c.operation_id == operations.c.id)
        .where(*_within(when, edges), or_(cancelled, made))
        .group_by(slot)
    )
