"""The tables of sweeps, of the drift that each found, and of repairs; how records stand in them."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, text

from core.credits.records import Kind
from core.database.columns import UtcTime, Word, metadata
from core.database.rows import Records
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import RepairState, RowState
from core.drift.sweeps import Sweep, SweepMode, SweepState

#: As revision 0039 wrote it into the indexes below.
_SWEEP_UNENDED = text("state NOT IN ('complete', 'given up')")
_REPAIR_UNENDED = text("state <> 'done'")

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
    Column("expected", JSON, nullable=False, server_default="{}"),
    Column("copied", JSON, nullable=False, server_default="{}"),
    Column("balances", JSON, nullable=False, server_default="{}"),
    Column("left_alone", Integer, nullable=False),
    Column("drifting", Integer, nullable=False),
    Column("unexplained", Integer, nullable=False),
    Column("error", String, nullable=False, server_default=""),
    Column("asked_by", String, nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_try_at", UtcTime),
    Index("sweeps_by_time", "started_at"),
    # at most one of a mode that has not ended, whoever asks at the same moment
    Index(
        "sweeps_unended",
        "mode",
        unique=True,
        sqlite_where=_SWEEP_UNENDED,
        postgresql_where=_SWEEP_UNENDED,
    ),
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

repairs = Table(
    "repairs",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", Word(RepairState), nullable=False),
    Column("asked_by", String, nullable=False),
    Column("reason", String, nullable=False, server_default=""),
    Column("asked_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("epoch", Integer, nullable=False),
    Column("waiting_for", String, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("digest", String, nullable=False),
    Index("repairs_by_time", "asked_at"),
    # a second click finds the first one's repair
    Index(
        "repairs_unended",
        "digest",
        unique=True,
        sqlite_where=_REPAIR_UNENDED,
        postgresql_where=_REPAIR_UNENDED,
    ),
)

repair_rows = Table(
    "repair_rows",
    metadata,
    Column("repair_id", ForeignKey("repairs.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("kind", Word(Kind), nullable=False),
    Column("record_id", String, nullable=False),
    Column("cause", Word(Cause), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("truth", JSON, nullable=False),
    Column("mirror", JSON, nullable=False),
    Column("evidence", String, nullable=False, server_default=""),
    Column("since", UtcTime, nullable=False),
    Column("state", Word(RowState), nullable=False),
    Column("why", String, nullable=False, server_default=""),
    Column("truth_now", JSON, nullable=False),
    Column("mirror_now", JSON, nullable=False),
    Index("repair_rows_by_state", "repair_id", "state"),
)

SWEEPS = Records(Sweep, sweeps)
DRIFTS = Records(Drift, drifts)
