"""What holds a stolen API key back, and how much people and apps did within a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keys that are there stay as they were made: from any network, with the usual budget."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    networks = sa.Column("networks", sa.JSON, nullable=False, server_default="[]")
    student = sa.Column("needs_student", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("api_keys", networks, schema=schema)
    op.add_column("api_keys", sa.Column("writes_a_day", sa.Integer), schema=schema)
    op.add_column("api_keys", student, schema=schema)
    op.create_table(
        "uses",
        sa.Column("actor", sa.String, primary_key=True),
        sa.Column("counted", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        schema=schema,
    )
    op.create_index("uses_by_time", "uses", ["actor", "counted", "at"], schema=schema)
