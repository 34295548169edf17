"""Which exams are cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: an exam that was only closed is not cancelled."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "cancelled_exams",
        sa.Column("exam_id", sa.String, primary_key=True),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        schema=schema,
    )
