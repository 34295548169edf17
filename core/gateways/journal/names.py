"""Names of students and words people typed: blanked, where nothing is left to do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Index, Table, func, or_, select, text, update

from core.domain.forgetting import nameless, unsaid
from core.domain.operations import ItemState
from core.gateways.journal import acts
from core.gateways.journal.database import Database, reading, writing
from core.gateways.journal.recording import record
from core.gateways.journal.tables import events, items, operations, plan_rows, plans

#: The columns that name a student, or show an address of theirs.
NAMING = ("booking_name", "contact_name", "contact_email")
_UNDECIDED = text("state = 'undecided'")
Index(
    "items_undecided",
    items.c.operation_id,
    sqlite_where=_UNDECIDED,
    postgresql_where=_UNDECIDED,
)


class Names:
    """See ``core.gateways.ports.forgetting.NameRecords``."""

    _db: Database

    @reading
    def naming_students(self, connection: Connection, *, before: datetime, limit: int) -> list[str]:
        """Oldest first."""
        undecided = (
            select(items.c.n)
            .where(items.c.operation_id == plans.c.id, items.c.state == ItemState.UNDECIDED)
            .exists()
        )
        never_confirmed = operations.c.id.is_(None) & (plans.c.made_at < before)
        query = (
            select(plans.c.id)
            .outerjoin(operations, operations.c.id == plans.c.id)
            .where(plans.c.forgotten_at.is_(None))
            .where(or_(never_confirmed, (operations.c.ended_at < before) & ~undecided))
            .order_by(plans.c.made_at, plans.c.id)
            .limit(limit)
        )
        return list(connection.execute(query).scalars())

    @writing
    def forget_students(
        self, connection: Connection, plan_id: str, *, by: str, at: datetime
    ) -> int:
        """In one transaction, so that what is half forgotten is never believed done."""
        rows, of_operation = plan_rows.c.plan_id == plan_id, items.c.operation_id == plan_id
        names = set(connection.execute(select(plan_rows.c.contact_name).where(rows)).scalars())
        for table in (plans, operations):
            told = connection.execute(select(table.c.selection).where(table.c.id == plan_id))
            for selection in told.scalars():
                words: dict[str, Any] = {"selection": nameless(selection, names)}
                connection.execute(update(table).where(table.c.id == plan_id).values(words))
        _without_reasons(connection, plan_id)
        done = update(plans).where(plans.c.id == plan_id)
        connection.execute(done.values(forgotten_at=at))
        blanked = _blanked(connection, plan_rows, rows) + _blanked(connection, items, of_operation)
        if blanked:
            record(connection, acts.forgot(plan_id, blanked, by=by, at=at))
        return blanked


def _without_reasons(connection: Connection, operation_id: str) -> None:
    """What people typed, of the operation and in its history."""
    same = operations.c.id == operation_id
    connection.execute(update(operations).where(same).values(reason=""))
    query = select(events.c.seq, events.c.detail).where(events.c.operation_id == operation_id)
    for seq, detail in connection.execute(query).all():
        if (kept := unsaid(detail)) != detail:
            connection.execute(update(events).where(events.c.seq == seq).values(detail=kept))


def _blanked(connection: Connection, table: Table, where: ColumnElement[bool]) -> int:
    named = or_(*(table.c[name] != "" for name in NAMING))
    count = select(func.count()).select_from(table).where(where, named)
    found: int = connection.execute(count).scalar_one()
    connection.execute(update(table).where(where, named).values(dict.fromkeys(NAMING, "")))
    return found
