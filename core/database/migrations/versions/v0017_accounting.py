"""Every row of a plan is in its operation: what the preview skipped, blocked or left out too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: What items take over from the rows of their plan.
TAKEN = (
    "booking_id, credit, contact_id, exam_id, booking_name, contact_name, contact_email, "
    "exam_date, mock_type, attending_location, dominant_hand"
)
#: Behind the items that are there, whose places were counted without these.
BEHIND = 1_000_000


def upgrade() -> None:
    """Add the rows that operations of before left out, then see which are done since."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    dot = f"{schema}." if schema else ""
    planned = sa.Column("planned", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("items", planned, schema=schema)
    where = sa.text("state IN ('blocked', 'failed')")
    op.create_index(
        "items_to_look_at",
        "items",
        ["operation_id"],
        schema=schema,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.execute(
        f"INSERT INTO {dot}items (operation_id, n, state, why, cancelled, cancel_sent, planned, "  # noqa: S608
        f"{TAKEN}) "
        f"SELECT r.plan_id, r.n + {BEHIND}, "
        "CASE r.verdict WHEN 'skip' THEN 'skipped' ELSE 'blocked' END, "
        "CASE r.detail WHEN '' THEN r.why ELSE r.why || ': ' || r.detail END, "
        f"false, false, false, r.{TAKEN.replace(', ', ', r.')} "
        f"FROM {dot}plan_rows r JOIN {dot}operations o ON o.id = r.plan_id "
        "WHERE r.verdict IN ('skip', 'blocked') AND o.kind <> 'recount' "
        f"AND NOT EXISTS (SELECT 1 FROM {dot}items i "
        "WHERE i.operation_id = r.plan_id AND i.booking_id = r.booking_id)"
    )
    op.execute(
        f"UPDATE {dot}items SET state = 'skipped', why = 'done since by another operation' "  # noqa: S608
        "WHERE state IN ('blocked', 'failed') AND EXISTS ("
        f"SELECT 1 FROM {dot}items later JOIN {dot}operations o ON o.id = later.operation_id "
        f"JOIN {dot}operations mine ON mine.id = items.operation_id "
        "WHERE later.contact_id = items.contact_id AND later.booking_id = items.booking_id "
        "AND later.state = 'done' "
        "AND o.confirmed_at > mine.confirmed_at)"
    )
