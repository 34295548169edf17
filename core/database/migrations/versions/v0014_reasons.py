"""The words of reasons, apart from the audit, so that they can be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Reasons that stand in the chain itself stay there: it would not fit."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.create_table(
        "audit_reasons",
        sa.Column("commitment", sa.String, primary_key=True),
        sa.Column("salt", sa.String, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        schema=schema,
    )
    op.create_index("audit_reasons_by_time", "audit_reasons", ["at"], schema=schema)
