"""An index by which cancellations are counted over months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """By operation and exam, of those alone that were cancelled."""
    cancelled = sa.text("cancelled")
    op.create_index(
        "items_cancelled",
        "items",
        ["operation_id", "exam_id"],
        sqlite_where=cancelled,
        postgresql_where=cancelled,
    )
