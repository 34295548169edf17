"""When the names of students in a plan and its operation were forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing was forgotten so far."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.add_column("plans", sa.Column("forgotten_at", UtcTime), schema=schema)
