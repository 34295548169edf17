"""Which account each address belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: the next sign-in of each address is its first."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "accounts",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("other_issuer", sa.String, nullable=False, server_default=""),
        sa.Column("other_subject", sa.String, nullable=False, server_default=""),
        sa.Column("other_at", UtcTime),
        schema=schema,
    )
