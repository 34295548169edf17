"""Who has which role."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.credits.roles import Role
from core.database.columns import UtcTime, Word

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "roles",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("role", Word(Role), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
    )
