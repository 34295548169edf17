"""Where the follow-ups of an operation that has ended stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; operations that have ended waited for theirs before they did."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    column = sa.Column("follow_ups", sa.String, nullable=False, server_default="")
    op.add_column("operations", column, schema=schema)
    due = sa.text("follow_ups = 'due'")
    op.create_index(
        "operations_following_up",
        "operations",
        ["ended_at"],
        schema=schema,
        sqlite_where=due,
        postgresql_where=due,
    )
