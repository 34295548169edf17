"""Groups of one operation that several workers carry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty at first."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    operation = "operations.id" if schema is None else f"{SCHEMA}.operations.id"
    op.create_table(
        "operation_groups",
        sa.Column("operation_id", sa.String, sa.ForeignKey(operation), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("bookings", sa.JSON, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("taken_by", sa.String, nullable=False, server_default=""),
        sa.Column("returned", sa.Boolean, nullable=False, server_default=sa.false()),
        schema=schema,
    )
