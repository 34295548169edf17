"""Which desk this store is, the takeovers it knows of, and its processes in the register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import Serial, UtcTime
from core.database.database import SCHEMA

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The store gets its name when it is first asked for it."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "desk",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String, nullable=False),
        schema=schema,
    )
    op.create_table(
        "desk_takeovers",
        sa.Column("seq", Serial, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        schema=schema,
    )
    op.create_table(
        "desk_processes",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        schema=schema,
    )
