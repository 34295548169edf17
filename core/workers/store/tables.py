"""The table of workers."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Integer,
    String,
    Table,
)

from core.database.columns import UtcTime, metadata, text_column

workers = Table(
    "workers",
    metadata,
    Column("executor_id", String, primary_key=True),
    text_column("host"),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
)
