"""The outbox's table."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table

from core.credits.records import Kind
from core.database.columns import Serial, UtcTime, Word, metadata, text_column

outbox = Table(
    "outbox",
    metadata,
    #: A new one with each version, never used again.
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("kind", Word(Kind), nullable=False),
    Column("record_id", String, nullable=False),
    Column("row", JSON(none_as_null=True)),
    #: Since when this version waits; ``due_since``: the oldest one not yet copied.
    Column("put_at", UtcTime, nullable=False),
    Column("due_since", UtcTime, nullable=False),
    #: From when it may be taken: held by a process until then, or backing off.
    Column("take_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    text_column("error"),
    Column("dead", Boolean, nullable=False, default=False),
    Column("next_try_at", UtcTime),
    Index("outbox_record", "kind", "record_id", unique=True),
    Index("outbox_ready", "dead", "take_at", "seq"),
    Index("outbox_waiting", "dead", "due_since", "seq"),
    sqlite_autoincrement=True,
)
