"""Why an operation needs a second admin, and which one approved it when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; operations that are there needed nobody."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    schema = None if on_sqlite else SCHEMA
    for name in ("needs_approval", "approved_by"):
        column = sa.Column(name, sa.String, nullable=False, server_default="")
        op.add_column("operations", column, schema=schema)
    op.add_column("operations", sa.Column("approved_at", UtcTime), schema=schema)
