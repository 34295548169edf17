"""Alarms, and an index of the items that wait for a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "alarms",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("told_at", UtcTime),
        sa.Column("well_since", UtcTime),
    )
    undecided = sa.text("state = 'undecided'")
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_index(
        "items_undecided",
        "items",
        ["operation_id"],
        schema=None if on_sqlite else SCHEMA,
        sqlite_where=undecided,
        postgresql_where=undecided,
    )
