"""The API key through which an admin confirmed an operation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; until now no admin could confirm through a key."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    column = sa.Column("via", sa.String, nullable=False, server_default="")
    op.add_column("operations", column, schema=schema)
