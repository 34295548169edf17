"""API keys, and the changes that API clients asked for with the answers they got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime),
        sa.Column("withdrawn_at", UtcTime),
        sa.Column("withdrawn_by", sa.String, nullable=False),
        sa.Column("used_at", UtcTime),
    )
    op.create_table(
        "api_requests",
        sa.Column("client", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("operation_id", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.JSON),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    schema = None if on_sqlite else SCHEMA
    op.create_index("api_requests_at", "api_requests", ["at"], schema=schema)
