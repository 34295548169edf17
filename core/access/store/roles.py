"""Roles: who may do what, given and withdrawn by admins, each time with an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, and_, delete, func, select

from core.access.store import audit_entries
from core.access.store.rules import last_admin
from core.audit.store.in_transaction import record
from core.credits.roles import Grant, Role, RoleRequest
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
role_requests = Table(
    "role_requests",
    metadata,
    Column("email", String, primary_key=True),
    Column("role", Word(Role), nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)
REQUESTS = Records(RoleRequest, role_requests)


class Roles:
    """See ``core.access.store.port.RoleRecords``."""

    _db: Database

    @reading
    def granted(self, connection: Connection, email: str) -> Role | None:
        """The role of this address."""
        return _granted(connection, email.casefold())

    @reading
    def grants(self, connection: Connection) -> list[Grant]:
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
        _give(connection, replace(grant, email=email))
        _tell(connection, email, before, grant.role, by=grant.by, at=grant.at)
        return before

    @writing
    def ask_role(self, connection: Connection, request: RoleRequest) -> None:
        """Of two at once the later stands."""
        row = REQUESTS.dump(request, email=request.email.casefold())
        added = upsert(connection, role_requests).values(row)
        same = [role_requests.c.email]
        connection.execute(added.on_conflict_do_update(index_elements=same, set_=row))
        record(connection, audit_entries.role_asked(request))

    @reading
    def role_requests(self, connection: Connection) -> list[RoleRequest]:
        """By e-mail."""
        query = select(*REQUESTS.columns).order_by(role_requests.c.email)
        return [REQUESTS.load(row) for row in connection.execute(query)]

    @writing
    def approve_role(
        self, connection: Connection, asked: RoleRequest, *, by: str, at: datetime
    ) -> bool:
        """Whoever takes the request away gives the role."""
        if not _taken(connection, asked):
            return False
        before = _locked(connection, asked.email)
        _give(connection, Grant(email=asked.email, role=asked.role, by=by, at=at))
        _tell(connection, asked.email, before, asked.role, by=by, at=at, asked_by=asked.by)
        return True

    @writing
    def refuse_role(
        self, connection: Connection, asked: RoleRequest, *, by: str, at: datetime
    ) -> bool:
        """The audit keeps who asked."""
        if not _taken(connection, asked):
            return False
        record(connection, audit_entries.role_refused(asked, by=by, at=at))
        return True

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
        connection.execute(delete(role_requests).where(role_requests.c.email == email))
        if before is None:
            return None
        if keep_an_admin and before is Role.ADMIN:
            _keep_an_admin(connection)
        connection.execute(delete(roles).where(roles.c.email == email))
        _tell(connection, email, before, None, by=by, at=at)
        return before


def _give(connection: Connection, grant: Grant) -> None:
    """Instead of any role or request that the address has."""
    connection.execute(delete(role_requests).where(role_requests.c.email == grant.email))
    row = GRANTS.dump(grant)
    added = upsert(connection, roles).values(row)
    connection.execute(added.on_conflict_do_update(index_elements=[roles.c.email], set_=row))


def _taken(connection: Connection, asked: RoleRequest) -> bool:
    """The very request that was read is there no more, and was until now."""
    same = and_(*(column == getattr(asked, column.name) for column in REQUESTS.columns))
    return connection.execute(delete(role_requests).where(same)).rowcount == 1


def _tell(
    connection: Connection,
    email: str,
    before: Role | None,
    after: Role | None,
    *,
    by: str,
    at: datetime,
    asked_by: str = "",
) -> None:
    record(
        connection,
        audit_entries.role_changed(email, before, after, by=by, at=at, asked_by=asked_by),
    )


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
