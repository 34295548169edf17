"""Roles: who may do what, given and withdrawn by admins, each time with an event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, delete, func, select

from core.access.store import audit_entries
from core.access.store.rules import last_admin, role_event
from core.audit.store.events import append
from core.audit.store.in_transaction import record
from core.credits.roles import Grant, Role
from core.database.columns import UtcTime, Word, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert

roles = Table(
    "roles",
    metadata,
    Column("email", String, primary_key=True),
    Column("role", Word(Role), nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)
GRANTS = Records(Grant, roles)


class Roles:
    """See ``core.access.store.roles_port.RoleRecords``."""

    _db: Database

    @reading
    def granted(self, connection: Connection, email: str) -> Role | None:
        """The role of this address."""
        return _granted(connection, email.casefold())

    @reading
    def grants(self, connection: Connection) -> list[Grant]:
        """By e-mail."""
        query = select(*GRANTS.columns).order_by(roles.c.email)
        return [GRANTS.load(row) for row in connection.execute(query)]

    @writing
    def grant(
        self, connection: Connection, grant: Grant, *, keep_an_admin: bool = False
    ) -> Role | None:
        """Admins are counted and changed under one lock."""
        email = grant.email.casefold()
        before = _locked(connection, email)
        if keep_an_admin and before is Role.ADMIN is not grant.role:
            _keep_an_admin(connection)
        row = GRANTS.dump(grant, email=email)
        added = upsert(connection, roles).values(row)
        connection.execute(added.on_conflict_do_update(index_elements=[roles.c.email], set_=row))
        _tell(connection, email, before, grant.role, by=grant.by, at=grant.at)
        return before

    @writing
    def withdraw(
        self,
        connection: Connection,
        email: str,
        *,
        by: str,
        at: datetime,
        keep_an_admin: bool = False,
    ) -> Role | None:
        """Admins are counted and changed under one lock."""
        email = email.casefold()
        before = _locked(connection, email)
        if before is None:
            return None
        if keep_an_admin and before is Role.ADMIN:
            _keep_an_admin(connection)
        connection.execute(delete(roles).where(roles.c.email == email))
        _tell(connection, email, before, None, by=by, at=at)
        return before


def _tell(
    connection: Connection,
    email: str,
    before: Role | None,
    after: Role | None,
    *,
    by: str,
    at: datetime,
) -> None:
    append(connection, role_event(email, before, after, by=by, at=at))
    record(connection, audit_entries.role_changed(email, before, after, by=by, at=at))


def _granted(connection: Connection, email: str) -> Role | None:
    found: Role | None = connection.execute(
        select(roles.c.role).where(roles.c.email == email)
    ).scalar()
    return found


def _locked(connection: Connection, email: str) -> Role | None:
    """All admins' rows are held too, so that two admins cannot withdraw each other at once."""
    query = select(roles.c.email).where(roles.c.role == Role.ADMIN).order_by(roles.c.email)
    connection.execute(query.with_for_update()).all()
    return _granted(connection, email)


def _keep_an_admin(connection: Connection) -> None:
    admins = select(func.count()).select_from(roles).where(roles.c.role == Role.ADMIN)
    if connection.execute(admins).scalar_one() <= 1:
        raise last_admin()
