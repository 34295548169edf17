"""Changes by others after ours as well as before, and when to look at a write again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was found so far was written over by us; what could not be checked is due again."""
    connection = op.get_bind()
    schema = None if connection.dialect.name == "sqlite" else SCHEMA
    for name in ("verified_at", "look_at"):
        op.add_column("writes", sa.Column(name, UtcTime), schema=schema)
    due = sa.text("look_at IS NOT NULL")
    op.create_index(
        "writes_to_look_at",
        "writes",
        ["look_at"],
        schema=schema,
        sqlite_where=due,
        postgresql_where=due,
    )
    unchecked = sa.text("verified LIKE 'not verified%'")
    op.create_index(
        "writes_not_checked",
        "writes",
        ["operation_id"],
        schema=schema,
        sqlite_where=unchecked,
        postgresql_where=unchecked,
    )
    times = [sa.column(name, UtcTime) for name in ("sent_at", "look_at")]
    writes = sa.table("writes", sa.column("verified", sa.String), *times, schema=schema)
    again = sa.update(writes).where(writes.c.verified.startswith("not verified"))
    connection.execute(again.values(look_at=writes.c.sent_at))
    _another_key(connection, schema)


def _another_key(connection: sa.Connection, schema: str | None) -> None:
    """One write may have met several changes of one counter. There are few rows."""
    kept = ["write_id", "credit", "kind", "target_id", "read", "theirs", "ours", "source"]
    kept += ["source_id", "user_id"]
    times = [sa.column(name, UtcTime) for name in ("at", "found_at")]
    before = sa.table("foreign_writes", *map(sa.column, kept), *times, schema=schema)
    rows = [dict(row) for row in connection.execute(sa.select(before)).mappings()]
    op.drop_table("foreign_writes", schema=schema)
    of_write = "writes.id" if schema is None else f"{schema}.writes.id"
    after = op.create_table(
        "foreign_writes",
        sa.Column("write_id", sa.String, sa.ForeignKey(of_write), primary_key=True),
        sa.Column("credit", sa.String, primary_key=True),
        sa.Column("at", UtcTime, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("target_id", sa.String, nullable=False),
        sa.Column("conflict", sa.String, nullable=False, server_default="we wrote over it"),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("theirs", sa.Integer, nullable=False),
        sa.Column("ours", sa.Integer, nullable=False),
        sa.Column("source", sa.String, nullable=False, server_default=""),
        sa.Column("source_id", sa.String, nullable=False, server_default=""),
        sa.Column("user_id", sa.String, nullable=False, server_default=""),
        sa.Column("evidence", sa.String, nullable=False, server_default=""),
        sa.Column("decided", sa.Integer),
        sa.Column("name", sa.String, nullable=False, server_default=""),
        sa.Column("correction", sa.Integer, nullable=False, server_default="0"),
        sa.Column("found_at", UtcTime, nullable=False),
        schema=schema,
    )
    for row in rows:
        by = row["theirs"] - row["read"]
        row |= {"name": f"{row['write_id']}/{row['credit']}/{by:+d}", "correction": by}
        connection.execute(sa.insert(after).values(row))
