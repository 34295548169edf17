"""The tables of workers, and of schedules."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

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

slots = Table(
    "slots",
    metadata,
    Column("job", String, primary_key=True),
    Column("slot", UtcTime, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("held_until", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("error", String, nullable=False, server_default=""),
    Column("began_at", UtcTime, nullable=False),
)
