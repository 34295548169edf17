"""What persons have said of owed credits: the adoption baseline and single decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both are empty: nothing has been said yet."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "owed_baseline",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("before", UtcTime, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        schema=schema,
    )
    op.create_table(
        "owed_decisions",
        sa.Column("booking_id", sa.String, primary_key=True),
        sa.Column("owed", sa.Boolean, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        schema=schema,
    )
