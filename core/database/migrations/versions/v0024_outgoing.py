"""Events for other apps that no receiver has taken yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import Serial, UtcTime
from core.database.database import SCHEMA

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: what was done before is announced to nobody."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "outgoing_events",
        sa.Column("seq", Serial, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.Column("next_try_at", UtcTime),
        sa.Column("take_at", UtcTime, nullable=False),
        schema=schema,
    )
    op.create_index(
        "outgoing_events_ready", "outgoing_events", ["dead", "take_at", "seq"], schema=schema
    )
