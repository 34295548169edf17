"""The outbox: which copies to the mirror are due, and how they fared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, tuple_, update

from core.audit.store.in_transaction import record
from core.audit.store.tables import EVENTS, events
from core.credits.records import Kind
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import PAIRS, chunks
from core.mirror.store import audit_entries
from core.mirror.store.outbox_port import DeadLetters, Due, OutboxState
from core.mirror.store.queue import ALIVE, any_ready, counted, hold, keep_failed, ready
from core.mirror.store.rules import AT_ONCE, dead_by_error, revived, row_to_copy
from core.mirror.store.tables import outbox

OUTBOX = Records(Due, outbox)
#: Two transactions that put the same record would wait for each other in PostgreSQL.
_ONE_PUTS_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('credit desk outbox'))")


class Outbox:
    """See ``core.mirror.store.outbox_port.OutboxRecords``."""

    _db: Database

    @writing
    def put_due(
        self,
        connection: Connection,
        due: Sequence[Due],
        *,
        at: datetime,
        held_until: datetime | None = None,
    ) -> None:
        """Newer rows replace older ones of the same record (``rules.row_to_copy``)."""
        put(connection, due, at=at, held_until=held_until)

    def take_due(self, *, now: datetime, until: datetime, limit: int) -> list[Due]:
        """Fresh ones first, then what was tried before. Asks before it takes the writer's turn."""
        if not self._any_ready(now):
            return []
        return self._take(now, until, limit)

    @reading
    def _any_ready(self, connection: Connection, now: datetime) -> bool:
        return any_ready(connection, outbox, now)

    @writing
    def _take(
        self, connection: Connection, now: datetime, until: datetime, limit: int
    ) -> list[Due]:
        query = ready(outbox, OUTBOX.columns, now, outbox.c.take_at, outbox.c.seq)
        taken = [OUTBOX.load(row) for row in connection.execute(query.limit(limit))]
        hold(connection, outbox.c.seq, [due.seq for due in taken], until)
        return taken

    @writing
    def copied(
        self,
        connection: Connection,
        done: Sequence[Due],
        *,
        at: datetime,  # noqa: ARG002  (the port's; nothing is kept of a copy that is done)
    ) -> None:
        """Remove these versions; a newer one has waited only since it came."""
        for some in chunks([due.seq for due in done]):
            connection.execute(delete(outbox).where(outbox.c.seq.in_(some)))
        for records in chunks([(due.kind, due.record_id) for due in done], PAIRS):
            later = tuple_(outbox.c.kind, outbox.c.record_id).in_(records)
            connection.execute(update(outbox).where(later).values(due_since=outbox.c.put_at))

    @writing
    def copy_failed(self, connection: Connection, failed: Sequence[Due]) -> None:
        """Of versions not replaced meanwhile."""
        keep_failed(connection, outbox.c.seq, [(due.seq, due) for due in failed])

    @reading
    def outbox(self, connection: Connection) -> OutboxState:
        """Counted in the database."""
        return counted(connection, outbox, outbox.c.due_since)

    @reading
    def outbox_rows(
        self,
        connection: Connection,
        *,
        dead: bool | None = None,
        error: str | None = None,
        limit: int = 200,
    ) -> list[Due]:
        """The longest due first."""
        query = select(*OUTBOX.columns).order_by(outbox.c.due_since, outbox.c.seq).limit(limit)
        if dead is not None:
            query = query.where(outbox.c.dead == dead)
        if error is not None:
            query = query.where(outbox.c.error == error)
        return [OUTBOX.load(row) for row in connection.execute(query)]

    @reading
    def dead_letters(self, connection: Connection) -> list[DeadLetters]:
        """Counted in the database."""
        of = (outbox.c.error, outbox.c.kind)
        query = select(*of, func.count(), func.min(outbox.c.due_since)).where(outbox.c.dead)
        return dead_by_error((*row,) for row in connection.execute(query.group_by(*of)))

    @writing
    def revive(
        self,
        connection: Connection,
        *,
        kind: Kind | None = None,
        record_id: str | None = None,
        error: str | None = None,
        at: datetime | None = None,
        actor: str = "",
    ) -> int:
        """How many dead letters are due again."""
        given = {"kind": kind, "record_id": record_id, "error": error}
        found = update(outbox).where(outbox.c.dead)
        for name, value in given.items():
            if value is not None:
                found = found.where(outbox.c[name] == value)
        number = connection.execute(found.values(ALIVE)).rowcount
        if number and at is not None:
            event = revived(number, given, at=at, actor=actor)
            connection.execute(insert(events), EVENTS.dump(event))
            record(connection, audit_entries.revived(event))
        return number

    @reading
    def waiting(self, connection: Connection, kind: Kind, ids: Collection[str]) -> dict[str, Due]:
        """By record id."""
        found: dict[str, Due] = {}
        for some in chunks(sorted(set(ids))):
            query = select(*OUTBOX.columns).where(
                outbox.c.kind == kind, outbox.c.record_id.in_(some)
            )
            for row in connection.execute(query):
                due = OUTBOX.load(row)
                found[due.record_id] = due
        return found


def put(
    connection: Connection, due: Sequence[Due], *, at: datetime, held_until: datetime | None = None
) -> list[Due]:
    """Within the transaction of what changed the records. The copies as they are due now."""
    if not due:
        return []
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_PUTS_AT_A_TIME)
    keys = list(dict.fromkeys((each.kind, each.record_id) for each in due))
    waiting = _remove(connection, keys)
    fresh: dict[tuple[Kind, str], dict[str, Any]] = {}
    for each in due:
        key = (each.kind, each.record_id)
        older = fresh.get(key) or waiting.get(key)
        fresh[key] = {
            "kind": each.kind,
            "record_id": each.record_id,
            "row": _plain(row_to_copy(older["row"], each.row) if older else each.row),
            "put_at": at,
            "due_since": older["due_since"] if older else at,
            "take_at": held_until or AT_ONCE,
        }
    added = insert(outbox).returning(outbox.c.kind, outbox.c.record_id, outbox.c.seq)
    rows = connection.execute(added, list(fresh.values()))
    return [_due(fresh[row.kind, row.record_id], row.seq) for row in rows]


def _due(values: Mapping[str, Any], seq: int) -> Due:
    names = ("kind", "record_id", "row", "due_since")
    return Due(seq=seq, **{name: values[name] for name in names})


def _remove(
    connection: Connection, keys: Sequence[tuple[Kind, str]]
) -> dict[tuple[Kind, str], Any]:
    """Take what waits for these records out, to be put back as a newer version."""
    removed: dict[tuple[Kind, str], Any] = {}
    for some in chunks(keys, PAIRS):
        these = tuple_(outbox.c.kind, outbox.c.record_id).in_(some)
        gone = (
            delete(outbox)
            .where(these)
            .returning(outbox.c.kind, outbox.c.record_id, outbox.c.row, outbox.c.due_since)
        )
        removed |= {
            (row["kind"], row["record_id"]): row for row in connection.execute(gone).mappings()
        }
    return removed


def _plain(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)
