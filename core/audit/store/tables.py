"""The tables of the audit and of operations' events, and how an event stands in its own."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, text

from core.audit.store.event_port import Event
from core.database.columns import Serial, UtcTime, metadata, text_column
from core.database.rows import Records


def _words(name: str) -> Column[str]:
    return Column(name, String, nullable=False)


_ONCE = text("once IS NOT NULL")

#: Column names are the field names of ``core.audit.entries.Entry``.
audit = Table(
    "audit",
    metadata,
    #: Its place in the chain, from 1, without gaps.
    Column("n", Serial, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    _words("actor"),
    _words("role"),
    _words("what"),
    _words("operation_id"),
    _words("subject"),
    _words("subject_id"),
    _words("reason"),
    # Text and not JSON: the hash is over these very characters.
    _words("before"),
    _words("after"),
    _words("detail"),
    Column("once", String),
    _words("hash"),
    Index("audit_by_time", "at"),
    Index("audit_by_actor", "actor", "n"),
    Index("audit_by_act", "what", "n"),
    Index("audit_of_operation", "operation_id", "n"),
    Index("audit_of_subject", "subject_id", "n"),
    Index("audit_once", "once", unique=True, sqlite_where=_ONCE, postgresql_where=_ONCE),
)

#: The words of reasons; in ``audit`` stands what they are committed to (``core.audit.reasons``).
audit_reasons = Table(
    "audit_reasons",
    metadata,
    Column("commitment", String, primary_key=True),
    _words("salt"),
    _words("words"),
    Column("at", UtcTime, nullable=False),
    Index("audit_reasons_by_time", "at"),
)

#: One row: where the chain ends. Whoever appends holds it until the transaction ends.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("n", Serial, nullable=False),
    _words("hash"),
)


events = Table(
    "events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    text_column("actor"),
    Column("what", String, nullable=False),
    text_column("operation_id"),
    Column("detail", JSON, nullable=False),
    Index("events_of_operation", "operation_id", "seq"),
    Index("events_by_name", "what", "seq"),
)

EVENTS = Records(Event, events)
