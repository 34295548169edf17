"""Plans: frozen at preview, a row for each booking, so that a screen can turn their pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from core.domain.plans import Plan, Row, Verdict
from core.gateways.errors import UnknownId
from core.gateways.journal.database import Database, reading, writing
from core.gateways.journal.fence import added
from core.gateways.journal.records import PLAN_ROWS
from core.gateways.journal.tables import operations, plan_rows, plans

#: A preview that nobody confirmed is forgotten this long after it expired.
KEPT_AFTER_EXPIRY = timedelta(days=7)


class Plans:
    """See ``core.gateways.ports.journal.Journal``."""

    _db: Database

    @writing
    def save_plan(self, connection: Connection, plan: Plan) -> None:
        """A plan is frozen: a second save of the same id changes nothing."""
        _forget_expired(connection, before=plan.made_at - KEPT_AFTER_EXPIRY)
        header = {column.name: getattr(plan, column.name) for column in plans.c}
        if added(connection, plans, header) and plan.rows:
            rows = [PLAN_ROWS.dump(row, plan_id=plan.id, n=n) for n, row in enumerate(plan.rows)]
            connection.execute(plan_rows.insert(), rows)

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
        """A page of a plan, in plan order; raises ``UnknownId``."""
        _header(connection, plan_id)
        return _rows(connection, plan_id, verdicts=verdicts, limit=limit, offset=offset)


def _header(connection: Connection, plan_id: str) -> dict[str, Any]:
    header = connection.execute(select(plans).where(plans.c.id == plan_id)).mappings().first()
    if header is None:
        raise UnknownId(f"there is no plan {plan_id}")
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
    return [PLAN_ROWS.load(row) for row in connection.execute(query)]


def _forget_expired(connection: Connection, *, before: datetime) -> None:
    confirmed = select(operations.c.id).where(operations.c.id == plans.c.id).exists()
    connection.execute(delete(plans).where(plans.c.expires_at < before, ~confirmed))
