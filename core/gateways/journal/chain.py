"""The audit's chain: what a transaction recorded is appended as the last thing it does.

So the row that says where the chain ends is the last one that any transaction takes, and is held
no longer than the saving itself: nobody who holds it waits for anybody else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.domain.audit import Entry, as_recorded
from core.domain.chain import FIELDS, Head, chained, texts
from core.domain.roles import Role
from core.gateways.journal.audit_tables import audit, audit_head
from core.gateways.journal.fence import chunks
from core.gateways.journal.recording import recorded
from core.gateways.journal.roles import roles

_HEAD = select(audit_head.c.n, audit_head.c.hash)


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
        entries = self._with_roles(connection, entries)
        head = Head(**connection.execute(_HEAD.with_for_update()).mappings().one())
        entries = _new(connection, entries)
        if not entries:
            return
        links = chained(head, map(texts, entries))
        rows: list[dict[str, Any]] = [
            dict(zip(FIELDS, link.texts, strict=True))
            | {"at": entry.at, "n": link.n, "hash": link.hash}
            for link, entry in zip(links, entries, strict=True)
        ]
        # asked for what is returned, all rows go in by one statement
        connection.execute(insert(audit).returning(audit.c.n), rows)
        connection.execute(update(audit_head).values(n=links[-1].n, hash=links[-1].hash))

    def _with_roles(self, connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
        unknown = {entry.actor.casefold() for entry in entries if not entry.role}
        known = dict.fromkeys(unknown & self._admins, Role.ADMIN)
        if asked := sorted(each for each in unknown - self._admins if "@" in each):
            found = select(roles.c.email, roles.c.role).where(roles.c.email.in_(asked))
            known |= {email: role for email, role in connection.execute(found)}  # noqa: C416
        return [as_recorded(entry, known.get(entry.actor.casefold())) for entry in entries]


def _new(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Without those that are there. Asked while the head is held, so two at once find out."""
    asked = [entry.once for entry in entries if entry.once is not None]
    met: set[str] = set()
    for some in chunks(asked):
        there = select(audit.c.once).where(audit.c.once.in_(some))
        met |= set(connection.execute(there).scalars())
    fresh = []
    for entry in entries:
        if entry.once is None or entry.once not in met:
            fresh.append(entry)
        met |= {entry.once} if entry.once is not None else set()
    return fresh
