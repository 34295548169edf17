"""Names of students and words people typed: blanked, where nothing is left to do with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Index,
    Table,
    and_,
    func,
    or_,
    select,
    text,
    update,
)

from core.audit.retention_rules import impersonal, nameless, unsaid
from core.audit.store.in_transaction import record
from core.audit.store.tables import events
from core.credits.records import Kind
from core.database.database import Database, forgetting, reading
from core.drift.store.tables import drifts, repair_rows
from core.operations.states import ItemState
from core.operations.store import audit_entries
from core.operations.store.tables import items, operations, plan_rows, plans
from core.operations.telling.store.tables import told

#: The columns that name a student, or show an address of theirs.
NAMING = ("booking_name", "new_name", "contact_name", "contact_email")
#: The columns of drift that hold values of a row.
_HELD = ("truth", "mirror", "truth_now", "mirror_now")
_UNDECIDED = text("state = 'undecided'")
Index(
    "items_undecided",
    items.c.operation_id,
    sqlite_where=_UNDECIDED,
    postgresql_where=_UNDECIDED,
)


class Names:
    """See ``core.audit.store.port.NameRecords``."""

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

    @forgetting
    def forget_students(
        self, connection: Connection, plan_id: str, *, by: str, at: datetime
    ) -> int:
        """In one transaction, so that what is half forgotten is never believed done."""
        rows, of_operation = plan_rows.c.plan_id == plan_id, items.c.operation_id == plan_id
        names = set(connection.execute(select(plan_rows.c.contact_name).where(rows)).scalars())
        _unselected(connection, plan_id, names)
        _without_reasons(connection, plan_id)
        done = update(plans).where(plans.c.id == plan_id)
        connection.execute(done.values(forgotten_at=at))
        blanked = _blanked(connection, plan_rows, rows) + _blanked(connection, items, of_operation)
        if blanked:
            record(connection, audit_entries.forgot(plan_id, blanked, by=by, at=at))
        return blanked

    @forgetting
    def erase_student(
        self, connection: Connection, contact_id: str, *, row_deleted: bool, at: datetime
    ) -> int:
        """The rows of others stay as they are."""
        of_student = plan_rows.c.contact_id == contact_id
        named = select(plan_rows.c.plan_id, plan_rows.c.contact_name).where(of_student)
        for plan_id, name in set(connection.execute(named).all()):
            _unselected(connection, plan_id, {name})
        blanked = _blanked(connection, plan_rows, of_student)
        blanked += _blanked(connection, items, items.c.contact_id == contact_id)
        of_theirs = update(told).where(told.c.contact_id == contact_id)
        connection.execute(of_theirs.values(detail=""))
        blanked += sum(
            _impersonal(connection, table, contact_id) for table in (drifts, repair_rows)
        )
        if blanked or row_deleted:
            record(
                connection,
                audit_entries.erased(contact_id, blanked, row_deleted=row_deleted, at=at),
            )
        return blanked


def _unselected(connection: Connection, plan_id: str, names: Collection[str]) -> None:
    """How the bookings of a plan were chosen, without these names."""
    for table in (plans, operations):
        found = connection.execute(select(table.c.selection).where(table.c.id == plan_id))
        for selection in found.scalars():
            words: dict[str, Any] = {"selection": nameless(selection, names)}
            connection.execute(update(table).where(table.c.id == plan_id).values(words))


def _impersonal(connection: Connection, table: Table, contact_id: str) -> int:
    """What rows of drift hold of a contact, without what tells who it is."""
    key, held = list(table.primary_key), [table.c[n] for n in _HELD if n in table.c]
    of_contact = (table.c.kind == Kind.CONTACT) & (table.c.record_id == contact_id)
    count = 0
    for row in connection.execute(select(*key, *held).where(of_contact)).mappings().all():
        kept = {column.name: impersonal(row[column.name]) for column in held}
        if all(kept[name] == row[name] for name in kept):
            continue
        same = and_(*(column == row[column.name] for column in key))
        connection.execute(update(table).where(same).values(kept))
        count += 1
    return count


def _without_reasons(connection: Connection, operation_id: str) -> None:
    """What people typed, of the operation and in its history."""
    same = operations.c.id == operation_id
    connection.execute(update(operations).where(same).values(reason="", reason_for_students=""))
    of_operation = told.c.operation_id == operation_id
    connection.execute(update(told).where(of_operation).values(detail=""))
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
