"""How many records a sweep expects, and how many rows it made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.database import SCHEMA

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

COUNTS = ("expected", "copied")


def upgrade() -> None:
    """A full sweep under way is given up: it went another way than one does from here on."""
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    for name in COUNTS:
        column = sa.Column(name, sa.JSON, nullable=False, server_default="{}")
        op.add_column("sweeps", column, schema=schema)
    sweeps = sa.table("sweeps", sa.column("mode"), sa.column("state"), schema=schema)
    under_way = (sweeps.c.mode == "full") & sweeps.c.state.not_in(["complete", "given up"])
    op.execute(sweeps.update().where(under_way).values(state="given up"))
