"""The journal's tables of sweeps and of the drift that each found."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table

from core.domain.drift import Cause
from core.domain.records import Kind
from core.domain.sweeps import SweepMode, SweepState
from core.gateways.journal.columns import UtcTime, Word
from core.gateways.journal.tables import metadata

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", String, primary_key=True),
    Column("mode", Word(SweepMode), nullable=False),
    Column("state", Word(SweepState), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
    Column("since", UtcTime),
    Column("legs", Integer, nullable=False),
    Column("after", String, nullable=False, server_default=""),
    Column("known", JSON, nullable=False),
    Column("compared", JSON, nullable=False),
    Column("left_alone", Integer, nullable=False),
    Column("drifting", Integer, nullable=False),
    Column("unexplained", Integer, nullable=False),
    Column("error", String, nullable=False, server_default=""),
    Index("sweeps_by_time", "started_at"),
)

drifts = Table(
    "drifts",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.id"), primary_key=True),
    Column("kind", Word(Kind), primary_key=True),
    Column("record_id", String, primary_key=True),
    Column("cause", Word(Cause), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("truth", JSON, nullable=False),
    Column("mirror", JSON, nullable=False),
    Column("evidence", String, nullable=False, server_default=""),
    Column("since", UtcTime, nullable=False),
    Index("drifts_by_cause", "sweep_id", "cause"),
)
