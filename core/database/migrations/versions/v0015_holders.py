"""Which thread of an operation holds a lease; and the undecided writes, found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leases of before are nobody's: the next epoch of their operation takes them."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    holder = sa.Column("holder", sa.String, nullable=False, server_default="")
    op.add_column("leases", holder, schema=schema)
    undecided = sa.text("state = 'undecided'")
    op.create_index(
        "writes_undecided",
        "writes",
        ["operation_id"],
        schema=schema,
        sqlite_where=undecided,
        postgresql_where=undecided,
    )
