"""Drift over time and what is measured every minute, aggregated in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
)

from core.credits.catalogue import CreditType
from core.credits.records import Kind
from core.database.database import Database, reading, writing
from core.database.statements import chunks, upsert
from core.drift.causes import Cause
from core.drift.store.tables import DRIFTS, drifts, sweeps
from core.drift.store.trend_tables import measures, seconds_of, whole_number
from core.drift.store.trends_port import DriftLevel, DriftPage, Gap, Gauge, Level, Measure, Narrow
from core.drift.sweeps import SweepMode, SweepState


class Trends:
    """See ``core.drift.store.trends_port.TrendRecords``."""

    _db: Database

    @writing
    def add_measures(self, connection: Connection, given: Sequence[Measure]) -> None:
        rows = [
            {
                "gauge": each.gauge,
                "second": _second(each.at),
                "of": each.of,
                "source": each.source,
                "value": each.value,
                "weight": each.weight,
            }
            for each in given
        ]
        if rows:
            connection.execute(upsert(connection, measures).on_conflict_do_nothing(), rows)

    @reading
    def measured_at(self, connection: Connection, gauge: Gauge) -> datetime | None:
        newest = select(func.max(measures.c.second)).where(measures.c.gauge == gauge)
        second = connection.execute(newest).scalar()
        return None if second is None else _moment(second)

    @reading
    def levels(
        self,
        connection: Connection,
        gauges: Collection[Gauge],
        *,
        since: datetime,
        step: timedelta,
    ) -> list[Level]:
        size = _size(step)
        slot = (measures.c.second // size).label("slot")
        weighed = func.sum(measures.c.value * measures.c.weight) / func.sum(measures.c.weight)
        each = (slot, measures.c.gauge, measures.c.of)
        query = (
            select(*each, weighed, func.max(measures.c.value), func.max(measures.c.second))
            .where(measures.c.gauge.in_(list(gauges)), measures.c.second >= _second(since))
            .group_by(*each)
            .order_by(*each)
        )
        found = connection.execute(query).all()
        last = values_at(connection, gauges, {row[5] for row in found})
        return [
            Level(
                at=_moment(n * size),
                gauge=gauge,
                of=of,
                mean=mean,
                most=most,
                last=last[gauge, of, second],
            )
            for n, gauge, of, mean, most, second in found
        ]

    @writing
    def forget_measures(self, connection: Connection, *, before: datetime) -> int:
        gone = connection.execute(delete(measures).where(measures.c.second < _second(before)))
        return gone.rowcount

    @reading
    def drift_levels(
        self,
        connection: Connection,
        *,
        modes: Collection[SweepMode],
        since: datetime,
        step: timedelta,
    ) -> list[DriftLevel]:
        size = _size(step)
        found: dict[str, DriftLevel] = {}
        for row in connection.execute(_by_cause(list(modes), since, size)):
            before = found.get(row.id)
            found[row.id] = _level(row, size, before)
        return list(found.values())

    @reading
    def gaps(self, connection: Connection, sweep_id: str, types: Sequence[CreditType]) -> list[Gap]:
        if not types:
            return []
        each = [_gaps_of(sweep_id, credit) for credit in types]
        order = {credit: n for n, credit in enumerate(types)}
        found = [_gap(row) for row in connection.execute(union_all(*each))]
        return sorted(found, key=lambda gap: (order[gap.credit], gap.difference))

    @reading
    def drift_page(
        self,
        connection: Connection,
        sweep_id: str,
        narrow: Narrow,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> DriftPage:
        which = and_(drifts.c.sweep_id == sweep_id, *_conditions(narrow))
        total = connection.execute(select(func.count()).select_from(drifts).where(which)).scalar()
        query = (
            select(*DRIFTS.columns)
            .where(which)
            .order_by(drifts.c.since, drifts.c.kind, drifts.c.record_id)
            .limit(limit)
            .offset(offset)
        )
        found = (DRIFTS.load(row) for row in connection.execute(query))
        # JSON knows no tuples
        rows = [replace(each, columns=tuple(each.columns)) for each in found]
        return DriftPage(total=total or 0, rows=rows)


def values_at(
    connection: Connection, gauges: Collection[Gauge], seconds: Collection[int]
) -> dict[tuple[Gauge, str, int], float]:
    """By part: what each gauge showed, the largest where several processes read it."""
    found: dict[tuple[Gauge, str, int], float] = {}
    for some in chunks(sorted(seconds)):
        query = (
            select(measures.c.gauge, measures.c.of, measures.c.second, func.max(measures.c.value))
            .where(measures.c.gauge.in_(list(gauges)), measures.c.second.in_(some))
            .group_by(measures.c.gauge, measures.c.of, measures.c.second)
        )
        for gauge, of, second, value in connection.execute(query):
            found[gauge, of, second] = value
    return found


def _by_cause(modes: list[SweepMode], since: datetime, size: int) -> Select[Any]:
    """Of the last sweep of each step: every cause with its count and its oldest."""
    slot = (seconds_of(sweeps.c.started_at) // size).label("slot")
    last_first = (sweeps.c.started_at.desc(), sweeps.c.id.desc())
    ranked = (
        select(
            sweeps.c.id,
            sweeps.c.mode,
            sweeps.c.started_at,
            slot,
            func.row_number().over(partition_by=slot, order_by=last_first).label("rank"),
        )
        .where(
            sweeps.c.state == SweepState.COMPLETE,
            sweeps.c.mode.in_(modes),
            sweeps.c.started_at >= since,
        )
        .subquery()
    )
    sweep = (ranked.c.slot, ranked.c.id, ranked.c.mode, ranked.c.started_at)
    return (
        select(*sweep, drifts.c.cause, func.count(drifts.c.cause).label("found"),
               func.min(drifts.c.since, type_=drifts.c.since.type).label("oldest"))
        .select_from(ranked.outerjoin(drifts, drifts.c.sweep_id == ranked.c.id))
        .where(ranked.c.rank == 1)
        .group_by(*sweep, drifts.c.cause)
        .order_by(ranked.c.slot, drifts.c.cause)
    )  # fmt: skip


def _level(row: Row[Any], size: int, before: DriftLevel | None) -> DriftLevel:
    """One more cause of a sweep. A sweep that found nothing has one row without a cause."""
    counts: Mapping[Cause, int] = before.counts if before else {}
    oldest = before.oldest_since if before else None
    if row.cause is not None:
        counts = {**counts, row.cause: row.found}
        oldest = min(oldest, row.oldest) if oldest else row.oldest
    return DriftLevel(
        at=_moment(row.slot * size),
        sweep_id=row.id,
        mode=row.mode,
        swept_at=row.started_at,
        counts=counts,
        oldest_since=oldest,
    )


def _gaps_of(sweep_id: str, credit: CreditType) -> Select[str, int, int, int, int]:
    truth, mirror = _sides(credit)
    difference = (mirror - truth).label("difference")
    of_contacts = drifts.c.kind == Kind.CONTACT
    return (
        select(literal(str(credit)), difference, func.count(), func.sum(truth), func.sum(mirror))
        .where(drifts.c.sweep_id == sweep_id, of_contacts, truth != mirror)
        .group_by(difference)
    )


def _gap(row: Row[str, int, int, int, int]) -> Gap:
    """PostgreSQL adds whole numbers up to a decimal."""
    credit, difference, contacts, truth, mirror = row
    return Gap(
        credit=CreditType(credit),
        difference=difference,
        contacts=contacts,
        truth=int(truth),
        mirror=int(mirror),
    )


def _sides(credit: CreditType) -> tuple[ColumnElement[int], ColumnElement[int]]:
    name = literal(str(credit))
    return whole_number(drifts.c.truth, name), whole_number(drifts.c.mirror, name)


def _conditions(narrow: Narrow) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if narrow.causes:
        found.append(drifts.c.cause.in_(sorted(narrow.causes)))
    if narrow.kinds:
        found.append(drifts.c.kind.in_(sorted(narrow.kinds)))
    if narrow.record:
        found.append(drifts.c.record_id.startswith(narrow.record, autoescape=True))
    if narrow.credits:
        found.append(drifts.c.kind == Kind.CONTACT)
        found.append(or_(*(_differs(credit, narrow) for credit in narrow.credits)))
    return found


def _differs(credit: CreditType, narrow: Narrow) -> ColumnElement[bool]:
    truth, mirror = _sides(credit)
    found = [truth != mirror]
    if narrow.least is not None:
        found.append(mirror - truth >= narrow.least)
    if narrow.most is not None:
        found.append(mirror - truth <= narrow.most)
    return and_(*found)


def _size(step: timedelta) -> int:
    return max(1, round(step.total_seconds()))


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
