"""The table of what students were told."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from core.database.columns import UtcTime, Word, metadata, text_column
from core.operations.telling.rules import TellingState

told = Table(
    "told",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("contact_id", String, primary_key=True),
    Column("state", Word(TellingState), nullable=False),
    #: When it was last sent so that it may have arrived.
    Column("sent_at", UtcTime),
    text_column("detail"),
    text_column("status_id"),
    Column("failures", Integer, nullable=False, default=0, server_default="0"),
)
