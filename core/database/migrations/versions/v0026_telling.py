"""What students are told of an operation: by which way, with which reason, and who was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of operations that were confirmed before, no student is told."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    for column in (
        sa.Column("tell", sa.String, nullable=False, server_default="off"),
        sa.Column("reason_for_students", sa.String, nullable=False, server_default=""),
    ):
        op.add_column("operations", column, schema=schema)
    operation = f"{schema}.operations.id" if schema else "operations.id"
    op.create_table(
        "told",
        sa.Column("operation_id", sa.String, sa.ForeignKey(operation), primary_key=True),
        sa.Column("contact_id", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("sent_at", UtcTime),
        sa.Column("detail", sa.String, nullable=False, server_default=""),
        sa.Column("status_id", sa.String, nullable=False, server_default=""),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        schema=schema,
    )
