"""Which refund an operation undoes, and what was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their indexes; operations that are there undo nothing."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    for table in ("plans", "operations"):
        column = sa.Column("undoes", sa.String, nullable=False, server_default="")
        op.add_column(table, column, schema=schema)
    for name, table, columns, where in (
        ("operations_undoing", "operations", ["undoes"], "undoes <> ''"),
        ("movements_undone", "movements", ["booking_id", "kind"], "state = 'undone'"),
    ):
        op.create_index(
            name,
            table,
            columns,
            schema=schema,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
