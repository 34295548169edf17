"""What was done, counted in the database.

Counts of items and movements come first, each by an index that holds all that it needs; only what
they add up to is joined with its operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    text,
    union_all,
)

from core.credits.records import ExamId
from core.credits.writes import MovementKind
from core.database.database import Database, reading
from core.drift.repairs import RowState
from core.drift.store.tables import repair_rows, repairs
from core.drift.store.trend_tables import seconds_of
from core.health.store.stretches import slot_of
from core.health.store.tallies_port import ActTally, ExamTally, RepairTally
from core.operations.kinds.registry import MAKING
from core.operations.protocol.store.tables import MovementState, movements
from core.operations.states import ItemState
from core.operations.store.tables import CANCELLED, items, operations

#: An undo takes the credit, not the refund, out of the world.
GIVEN = (MovementState.LANDED, MovementState.UNDONE)


class Tallies:
    """See ``core.health.store.tallies_port.TallyRecords``."""

    _db: Database

    @reading
    def tally_acts(self, connection: Connection, edges: Sequence[datetime]) -> list[ActTally]:
        """Counted by operation, then added up by what the chart shows."""
        since = edges[0]
        of_operation = items.c.operation_id
        counted = union_all(
            _counts(_cancelled(since, of_operation), cancelled=1),
            _counts(_booked(since, of_operation), booked=1),
            _counts(_refunded(since), refunded=1),
        ).subquery()
        of, what = _placed(edges), counted.c
        by = (of.c.slot, of.c.kind, of.c.confirmed_by, of.c.reason)
        sums = [func.sum(what[name]) for name in ("booked", "cancelled", "refunded")]
        query = (
            select(*by, *sums)
            .select_from(counted.join(of, of.c.id == what.operation_id))
            .group_by(*by)
            .order_by(*by)
        )
        return [
            ActTally(
                slot=slot, kind=kind, by=by, reason=reason, booked=int(booked),
                cancelled=int(cancelled), refunded=int(refunded),
            )
            for slot, kind, by, reason, booked, cancelled, refunded in connection.execute(query)
        ]  # fmt: skip

    @reading
    def tally_exams(self, connection: Connection, since: datetime) -> list[ExamTally]:
        """Type and day of each by the index on its items."""
        by = (items.c.operation_id, items.c.exam_id)
        counted = union_all(
            _counts(_cancelled(since, *by), cancelled=1),
            _counts(_booked(since, *by), booked=1),
        ).subquery()
        exam = counted.c.exam_id
        booked, cancelled = func.sum(counted.c.booked), func.sum(counted.c.cancelled)
        query = (
            select(exam, _told(exam, items.c.mock_type), _told(exam, items.c.exam_date), booked,
                   cancelled)
            .where(exam.is_not(None))
            .group_by(exam)
            .order_by(cancelled.desc(), booked.desc(), exam)
        )  # fmt: skip
        return [
            ExamTally(
                exam_id=ExamId(id_), mock_type=mock_type, exam_date=day, booked=int(made),
                cancelled=int(gone),
            )
            for id_, mock_type, day, made, gone in connection.execute(query)
        ]  # fmt: skip

    @reading
    def tally_repairs(self, connection: Connection, edges: Sequence[datetime]) -> list[RepairTally]:
        """The median by rank: SQLite knows no percentiles."""
        took = seconds_of(repairs.c.ended_at) - seconds_of(repair_rows.c.since)
        each = (
            select(slot_of(repairs.c.ended_at, edges), took.label("took"))
            .join(repair_rows, repair_rows.c.repair_id == repairs.c.id)
            .where(repairs.c.ended_at >= edges[0], repair_rows.c.state == RowState.REPAIRED)
            .subquery()
        )
        slot = each.c.slot
        ranked = select(
            *each.c,
            func.row_number().over(partition_by=slot, order_by=each.c.took).label("rank"),
            func.count().over(partition_by=slot).label("number"),
        ).subquery()
        rank, number, took = ranked.c.rank, ranked.c.number, ranked.c.took
        middle = case((and_(2 * rank >= number, 2 * rank <= number + 2), took))
        query = (
            select(ranked.c.slot, func.count(), func.avg(middle), func.max(took))
            .group_by(ranked.c.slot)
            .order_by(ranked.c.slot)
        )
        return [
            RepairTally(slot=slot, records=n, median_s=float(median), longest_s=float(longest))
            for slot, n, median, longest in connection.execute(query)
        ]


def _cancelled(since: datetime, *by: ColumnElement[Any]) -> Select[Any]:
    return _tally(by, text(CANCELLED), items.c.operation_id.in_(_recent(since)))


def _booked(since: datetime, *by: ColumnElement[Any]) -> Select[Any]:
    making = _recent(since).where(operations.c.kind.in_(MAKING))
    return _tally(by, items.c.operation_id.in_(making), items.c.state == ItemState.DONE)


def _refunded(since: datetime) -> Select[Any]:
    of = movements.c
    refund = of.kind == MovementKind.REFUND
    given = of.state.in_(GIVEN)
    return _tally((of.operation_id,), refund, given, of.operation_id.in_(_recent(since)))


def _tally(by: Sequence[ColumnElement[Any]], *where: Any) -> Select[Any]:
    return select(*by, func.count().label("n")).where(*where).group_by(*by)


def _recent(since: datetime) -> Select[Any]:
    return select(operations.c.id).where(operations.c.confirmed_at >= since)


def _counts(tally: Select[Any], *, booked: int = 0, cancelled: int = 0, refunded: int = 0) -> Any:
    """As rows of one table, which has a column for each sort."""
    of = tally.subquery()
    by = [column for column in of.c if column.name != "n"]
    sorts = {"booked": booked, "cancelled": cancelled, "refunded": refunded}
    return select(*by, *((of.c.n * literal(n, Integer)).label(name) for name, n in sorts.items()))


def _placed(edges: Sequence[datetime]) -> Subquery:
    """Operations with the stretch in which each was confirmed."""
    of = operations.c
    return (
        select(of.id, of.kind, of.confirmed_by, of.reason, slot_of(of.confirmed_at, edges))
        .where(of.confirmed_at >= edges[0])
        .subquery()
    )


def _told(exam: ColumnElement[str], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """What any booking of the exam says of it."""
    return select(column).where(items.c.exam_id == exam).limit(1).scalar_subquery()
