"""Plans: frozen at preview, a row for each booking, so that a screen can turn their pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    String,
    case,
    delete,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from core.audit.entries import Entry
from core.audit.store.in_transaction import record
from core.credits.errors import UnknownId
from core.database.database import Database, reading, writing
from core.database.statements import added, streamed, upsert
from core.operations.plans import Plan, Row
from core.operations.states import UNCHANGED, ItemState
from core.operations.store import audit_entries
from core.operations.store.tables import OF_THE_ROW, PLAN_ROWS, items, operations, plan_rows, plans
from core.operations.verdicts import Verdict

#: A preview that nobody confirmed is forgotten this long after it expired.
KEPT_AFTER_EXPIRY = timedelta(days=7)
#: So many of those at most, each time a plan is saved: a large one takes a while to go.
FORGET_MAX = 3
#: Rows saved in one transaction: a tenth of a second or so.
PORTION = 2000
_HEADER = (
    "id",
    "kind",
    "selection",
    "made_by",
    "made_at",
    "expires_at",
    "undoes",
    "to_exam",
    "caveat",
    "include",
)


class Plans:
    """See ``core.operations.store.operations_port.OperationRecords``."""

    _db: Database

    def save_plan(self, plan: Plan) -> None:
        """A plan is frozen: a second save of the same id changes nothing.

        A large one would keep other writers of a SQLite file out for seconds, so its rows go in
        by portions; the plan is there, for anybody, with the last of them.
        """
        if self._begin_plan(plan):
            for start in range(0, len(plan.rows), PORTION):
                self._add_rows(plan, start)
            self._complete_plan(plan, audit_entries.made(plan))

    @writing
    def _begin_plan(self, connection: Connection, plan: Plan) -> bool:
        """Whether its rows are to be saved."""
        _forget_expired(connection, before=plan.made_at - KEPT_AFTER_EXPIRY)
        header = {name: getattr(plan, name) for name in _HEADER}
        if added(connection, plans, header | {"complete": False}):
            return True
        complete = select(plans.c.complete).where(plans.c.id == plan.id)
        return connection.execute(complete).scalar() is False  # somebody died in between

    @writing
    def _add_rows(self, connection: Connection, plan: Plan, start: int) -> None:
        rows = [
            PLAN_ROWS.dump(row, plan_id=plan.id, n=n)
            for n, row in enumerate(plan.rows[start : start + PORTION], start)
        ]
        connection.execute(upsert(connection, plan_rows).on_conflict_do_nothing(), rows)

    @writing
    def _complete_plan(self, connection: Connection, plan: Plan, entry: Entry) -> None:
        """Whoever saves the same plan at the same time does not complete it again."""
        begun = update(plans).where(plans.c.id == plan.id, ~plans.c.complete)
        if connection.execute(begun.values(complete=True)).rowcount:
            record(connection, entry)

    @reading
    def plan(self, connection: Connection, plan_id: str) -> Plan:
        """With all its rows; raises ``UnknownId``."""
        header = _header(connection, plan_id)
        return Plan(**header, rows=tuple(_rows(connection, plan_id)))

    @reading
    def plan_rows(
        self,
        connection: Connection,
        plan_id: str,
        *,
        verdicts: Collection[Verdict] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Row]:
        _header(connection, plan_id)
        return _rows(connection, plan_id, verdicts=verdicts, limit=limit, offset=offset)


def unknown_plan(plan_id: str) -> UnknownId:
    """To be raised when there is none of this id."""
    return UnknownId(f"there is no plan {plan_id}")


def items_of_plan(plan_id: str) -> Insert:
    """Adds the items of the operation that this plan becomes: ``item_of``, in the database."""
    row = plan_rows.c
    changes = row.verdict == Verdict.WILL_CHANGE
    begins = {Verdict.WILL_CHANGE: ItemState.PENDING, **UNCHANGED}
    states = [
        (row.verdict == verdict, literal(state, items.c.state.type))
        for verdict, state in begins.items()
    ]
    why = type_coerce(row.why, String)
    values: dict[str, ColumnElement[Any]] = {
        "operation_id": row.plan_id,
        "booking_id": row.booking_id,
        "n": row.n,
        "state": case(*states),
        "why": case((or_(changes, row.detail == ""), why), else_=why + ": " + row.detail),
        **{name: row[name] for name in OF_THE_ROW},
        "planned": changes,
    }
    rows = select(*values.values()).where(row.plan_id == plan_id).order_by(row.n)
    return items.insert().from_select(list(values), rows)


def _header(connection: Connection, plan_id: str) -> dict[str, Any]:
    query = select(*(plans.c[name] for name in _HEADER)).where(plans.c.id == plan_id)
    header = connection.execute(query.where(plans.c.complete)).mappings().first()
    if header is None:
        raise unknown_plan(plan_id)
    return dict(header)


def _rows(
    connection: Connection,
    plan_id: str,
    *,
    verdicts: Collection[Verdict] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    query = select(*PLAN_ROWS.columns).where(plan_rows.c.plan_id == plan_id)
    if verdicts:
        query = query.where(plan_rows.c.verdict.in_(verdicts))
    query = query.order_by(plan_rows.c.n).limit(limit).offset(offset)
    return PLAN_ROWS.load_all(streamed(connection, query))


def _forget_expired(connection: Connection, *, before: datetime) -> None:
    confirmed = select(operations.c.id).where(operations.c.id == plans.c.id).exists()
    old = select(plans.c.id).where(plans.c.expires_at < before, ~confirmed).limit(FORGET_MAX)
    gone = connection.execute(old).scalars().all()
    connection.execute(delete(plans).where(plans.c.id.in_(gone)))
