"""How many credits of each type a sweep found on balances in HubSpot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; sweeps until now did not count."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    column = sa.Column("balances", sa.JSON, nullable=False, server_default="{}")
    op.add_column("sweeps", column, schema=schema)
