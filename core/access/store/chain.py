"""The audit's chain: what a transaction recorded is appended as the last thing it does.

So the row that says where the chain ends is the last one that any transaction takes, and is held
no longer than the saving itself: nobody who holds it waits for anybody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict

import orjson
from sqlalchemy import Connection, insert, select, text, update

from core.access.store.roles import roles
from core.audit.chain import COLUMNS, FIELDS, Head, Link, Texts, chained, texts
from core.audit.entries import Entry, as_recorded
from core.audit.reasons import apart
from core.audit.store.in_transaction import recorded
from core.audit.store.tables import audit, audit_head, audit_reasons
from core.credits.roles import Role
from core.credits.ways import way
from core.database.database import SCHEMA
from core.database.statements import chunks

_HEAD = select(audit_head.c.n, audit_head.c.hash)
#: Where ``once`` stands among an entry's texts.
ONCE = FIELDS.index("once")
_TYPES = {"n": "bigint", "at": "timestamptz"}
#: One parameter of JSON, for a thousand bound ones take psycopg four times as long.
_INSERT = text(
    f"INSERT INTO {SCHEMA}.audit ({', '.join(COLUMNS)}) SELECT "  # noqa: S608 - our own names
    + ", ".join(f"CAST(value->>{i} AS {_TYPES.get(c, 'text')})" for i, c in enumerate(COLUMNS))
    + " FROM json_array_elements(CAST(:rows AS json))"
)
#: The same for SQLite, but for the rows.
_INSERT_HERE = f"INSERT INTO audit ({', '.join(COLUMNS)}) VALUES "  # noqa: S608 - our own names
_ROW = f"({', '.join('?' * len(COLUMNS))})"


class Chain:
    """For ``Database``, which calls ``append`` just before it commits."""

    def __init__(self, admins: Collection[str]) -> None:
        """``admins``: those of the settings; the table of roles does not name them."""
        self._admins = {admin.casefold() for admin in admins}

    def append(self, connection: Connection) -> None:
        """Whatever else the transaction takes, it has taken before."""
        entries = recorded(connection)
        if not entries:
            return
        withheld, reasons = apart(self._with_roles(connection, entries), _salt)
        of = [texts(entry) for entry in withheld]
        head = Head(**connection.execute(_HEAD.with_for_update()).mappings().one())
        links = chained(head, _new(connection, of))
        if links:
            if reasons:
                connection.execute(insert(audit_reasons), [asdict(each) for each in reasons])
            _insert(connection, links)
            connection.execute(update(audit_head).values(n=links[-1].n, hash=links[-1].hash))

    def _with_roles(self, connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
        unknown = {entry.actor.casefold() for entry in entries if not entry.role}
        known = dict.fromkeys(unknown & self._admins, Role.ADMIN)
        if asked := sorted(each for each in unknown - self._admins if "@" in each):
            found = select(roles.c.email, roles.c.role).where(roles.c.email.in_(asked))
            known |= {email: role for email, role in connection.execute(found)}  # noqa: C416
        return [
            as_recorded(entry, known.get(entry.actor.casefold()), way() or "") for entry in entries
        ]


def _salt() -> str:
    return secrets.token_hex(16)


def _insert(connection: Connection, links: Sequence[Link]) -> None:
    """All by one statement."""
    if connection.dialect.name == "postgresql":
        rows = [[link.n, *link.texts, link.hash] for link in links]
        connection.execute(_INSERT, {"rows": orjson.dumps(rows).decode()})
        return
    # as they stand: SQLAlchemy would take longer to bind the rows than the chain to make them
    for some in chunks(links):
        values = tuple(value for link in some for value in (link.n, *link.texts, link.hash))
        connection.exec_driver_sql(_INSERT_HERE + ", ".join([_ROW] * len(some)), values)


def _new(connection: Connection, entries: Sequence[Texts]) -> list[Texts]:
    """Without those that are there. Asked while the head is held, so two at once find out."""
    asked = [entry[ONCE] for entry in entries if entry[ONCE] is not None]
    met: set[str] = set()
    for some in chunks(asked):
        there = select(audit.c.once).where(audit.c.once.in_(some))
        met |= set(connection.execute(there).scalars())
    fresh = []
    for entry in entries:
        once = entry[ONCE]
        if once is None or once not in met:
            fresh.append(entry)
        if once is not None:
            met.add(once)
    return fresh
