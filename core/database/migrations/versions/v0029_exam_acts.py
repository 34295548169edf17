"""Exams that are cancelled as one act."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_WORDS = ("needs_approval", "state", "move_id", "cancel_id", "stopped_by", "fault", "waiting_for")


def upgrade() -> None:
    """Empty: no exam was cancelled so before."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "exam_acts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("exam_id", sa.String, nullable=False),
        sa.Column("exam_name", sa.String, nullable=False),
        sa.Column("to_exam", sa.String),
        sa.Column("keeps", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("tell", sa.String),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("asked_at", UtcTime, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in _WORDS),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("epoch", sa.Integer, nullable=False),
        schema=schema,
    )
    op.create_index("exam_acts_by_exam", "exam_acts", ["exam_id", "asked_at"], schema=schema)
    where = sa.text("ended_at IS NULL")
    op.create_index(
        "exam_acts_unended",
        "exam_acts",
        ["exam_id"],
        unique=True,
        schema=schema,
        sqlite_where=where,
        postgresql_where=where,
    )
