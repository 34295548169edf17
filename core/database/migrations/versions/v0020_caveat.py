"""What may be missing from a plan, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Plans of before say nothing."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    caveat = sa.Column("caveat", sa.String, nullable=False, server_default="")
    op.add_column("plans", caveat, schema=schema)
