"""Indexes for what was done to one contact or exam, and for events by their name."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes; the tables stay as they are."""
    op.create_index("items_of_contact", "items", ["contact_id"])
    op.create_index("items_of_exam", "items", ["exam_id"])
    op.create_index("writes_of_target", "writes", ["target_id"])
    op.create_index("events_by_name", "events", ["what", "seq"])
