"""What a booking to be needs: the answers its exam asks for, and when its creation was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows that are there have none of it."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    schema = None if on_sqlite else SCHEMA
    for table in ("plan_rows", "items"):
        for name in ("attending_location", "dominant_hand"):
            column = sa.Column(name, sa.String, nullable=False, server_default="")
            op.add_column(table, column, schema=schema)
    op.add_column("items", sa.Column("sent_at", UtcTime), schema=schema)
