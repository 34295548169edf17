"""API keys, made and withdrawn by admins with an event each; and what clients asked for, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    false,
    select,
    update,
)

from core.access.api_key_rules import ApiKey, ApiRequest, Scope
from core.access.store import audit_entries
from core.audit.store.in_transaction import record
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import added

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", String, nullable=False),
    Column("used_at", UtcTime),
    Column("networks", JSON, nullable=False, server_default="[]"),
    Column("writes_a_day", Integer),
    Column("needs_student", Boolean, nullable=False, server_default=false()),
)
api_requests = Table(
    "api_requests",
    metadata,
    Column("client", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("operation_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("answer", JSON(none_as_null=True)),
)
Index("api_requests_at", api_requests.c.at)
#: From this status on an answer is a refusal.
REFUSED = 400
KEYS = Records(ApiKey, api_keys)
REQUESTS = Records(ApiRequest, api_requests)


class Clients:
    """See ``core.access.store.port.ClientRecords``."""

    _db: Database

    @writing
    def add_key(self, connection: Connection, key: ApiKey) -> None:
        """An id that is taken is refused by the primary key."""
        row = KEYS.dump(key, scopes=sorted(key.scopes), networks=list(key.networks))
        connection.execute(api_keys.insert().values(row))
        record(connection, audit_entries.key_changed(key, by=key.made_by, at=key.made_at))

    @reading
    def api_key(self, connection: Connection, id_: str) -> ApiKey | None:
        """By the primary key."""
        return _key(connection, id_)

    @reading
    def api_keys(self, connection: Connection) -> list[ApiKey]:
        """By client, oldest first."""
        order = (api_keys.c.client, api_keys.c.made_at, api_keys.c.id)
        return [_loaded(row) for row in connection.execute(select(*KEYS.columns).order_by(*order))]

    @writing
    def withdraw_key(
        self, connection: Connection, id_: str, *, by: str, at: datetime
    ) -> ApiKey | None:
        """Of two at once the row's lock lets one be told in the history."""
        return _withdrawn(connection, id_, by, at) or _key(connection, id_)

    @writing
    def withdraw_keys(self, connection: Connection, *, by: str, at: datetime) -> list[ApiKey]:
        """In one transaction: all of them, or none."""
        query = select(*KEYS.columns).where(api_keys.c.withdrawn_at.is_(None))
        order = (api_keys.c.client, api_keys.c.made_at, api_keys.c.id)
        found = [_loaded(row) for row in connection.execute(query.order_by(*order))]
        open_ = [key for key in found if key.expires_at is None or at < key.expires_at]
        return [key for each in open_ if (key := _withdrawn(connection, each.id, by, at))]

    @writing
    def key_used(self, connection: Connection, id_: str, *, at: datetime) -> None:
        """Whoever comes later says so."""
        connection.execute(update(api_keys).where(api_keys.c.id == id_).values(used_at=at))

    @writing
    def begin_request(self, connection: Connection, request: ApiRequest) -> ApiRequest:
        """The primary key decides between two at once; the second waits for the first."""
        if added(connection, api_requests, REQUESTS.dump(request)):
            return request
        query = select(*REQUESTS.columns).where(*_named(request.client, request.key))
        return REQUESTS.load(connection.execute(query).one())

    @writing
    def answer_request(
        self,
        connection: Connection,
        client: str,
        key: str,
        *,
        status: int,
        answer: Mapping[str, object],
    ) -> None:
        """Only where there is none yet."""
        unanswered = (*_named(client, key), api_requests.c.status.is_(None))
        statement = update(api_requests).where(*unanswered)
        connection.execute(statement.values(status=status, answer=dict(answer)))

    @writing
    def forget_answers(self, connection: Connection, *, before: datetime) -> int:
        """A refusal names nobody, and would be judged afresh."""
        given = (api_requests.c.at < before) & (api_requests.c.status < REFUSED)
        statement = update(api_requests).where(given)
        return connection.execute(statement.values(status=None, answer=None)).rowcount

    @writing
    def forget_requests(self, connection: Connection, *, before: datetime) -> int:
        """By the index of their times."""
        return connection.execute(delete(api_requests).where(api_requests.c.at < before)).rowcount


def _named(client: str, key: str) -> tuple[Any, Any]:
    return api_requests.c.client == client, api_requests.c.key == key


def _withdrawn(connection: Connection, id_: str, by: str, at: datetime) -> ApiKey | None:
    """As it is then; None: it was withdrawn before, or there is none."""
    open_ = update(api_keys).where(api_keys.c.id == id_, api_keys.c.withdrawn_at.is_(None))
    if not connection.execute(open_.values(withdrawn_at=at, withdrawn_by=by)).rowcount:
        return None
    key = _key(connection, id_)
    if key is not None:
        record(connection, audit_entries.key_changed(key, by=by, at=at))
    return key


def _key(connection: Connection, id_: str) -> ApiKey | None:
    row = connection.execute(select(*KEYS.columns).where(api_keys.c.id == id_)).first()
    return None if row is None else _loaded(row)


def _loaded(row: Row[Any]) -> ApiKey:
    values = dict(zip(KEYS.names, row, strict=True))
    scopes, networks = frozenset(map(Scope, values["scopes"])), tuple(values["networks"])
    return ApiKey(**{**values, "scopes": scopes, "networks": networks})
