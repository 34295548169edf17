"""What is known of a refund that somebody else may have made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of the items that are there."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    ruling = sa.Column("ruling", sa.String, nullable=False, server_default="")
    op.add_column("items", ruling, schema=schema)
