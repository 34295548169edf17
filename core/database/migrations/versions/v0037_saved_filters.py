"""Filters that people keep for themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty at first."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "saved_filters",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("page", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("chosen", sa.JSON, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        schema=schema,
    )
