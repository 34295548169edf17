"""What Overview tells: the credits that a sweep came upon; what needs attention, by its index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty: sweeps until now did not count. The index holds the state too: without
    it SQLite goes through all items there are.
    """
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    column = sa.Column("balances", sa.JSON, nullable=False, server_default="{}")
    op.add_column("sweeps", column, schema=schema)
    where = sa.text("state IN ('blocked', 'failed')")
    op.drop_index("items_to_look_at", table_name="items", schema=schema)
    op.create_index(
        "items_to_look_at",
        "items",
        ["operation_id", "state"],
        schema=schema,
        sqlite_where=where,
        postgresql_where=where,
    )
