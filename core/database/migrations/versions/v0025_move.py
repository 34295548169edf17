"""To which exam an operation moves bookings, and what they are called there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the index; operations that are there move nothing."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    for table in ("plans", "operations"):
        op.add_column(table, sa.Column("to_exam", sa.String), schema=schema)
    for table in ("plan_rows", "items"):
        column = sa.Column("new_name", sa.String, nullable=False, server_default="")
        op.add_column(table, column, schema=schema)
    where = sa.text("to_exam IS NOT NULL")
    op.create_index(
        "operations_moving_to",
        "operations",
        ["to_exam"],
        schema=schema,
        sqlite_where=where,
        postgresql_where=where,
    )
