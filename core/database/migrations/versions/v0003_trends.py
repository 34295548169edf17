"""A table of what is measured every minute; the age of drift read from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and an index that knows causes and ages."""
    op.create_table(
        "measures",
        sa.Column("gauge", sa.String, primary_key=True),
        sa.Column("second", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("of", sa.String, primary_key=True),
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("measures_by_time", "measures", ["second"])
    op.create_index("drifts_by_age", "drifts", ["sweep_id", "cause", "since"])
