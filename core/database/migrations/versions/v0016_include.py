"""What an admin included on purpose: attended bookings, past exams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Plans and operations of before include nothing; one reason has a shorter wording."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    for table in ("plans", "operations"):
        column = sa.Column("include", sa.String, nullable=False, server_default="")
        op.add_column(table, column, schema=schema)
    rows = sa.table("plan_rows", sa.column("why", sa.String), schema=schema)
    renamed = sa.update(rows).where(rows.c.why == "the exam is over").values(why="exam is over")
    op.execute(renamed)
