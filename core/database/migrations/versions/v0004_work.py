"""Sweeps carried by the engine, repairs, and what of each schedule was done."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime
from core.database.database import SCHEMA

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Grow the sweeps, then make the other tables."""
    _give_up_old_ones()
    for column in (
        _text("asked_by"),
        *(
            sa.Column(name, sa.Integer, nullable=False, server_default="0")
            for name in ("epoch", "pages", "failures")
        ),
        sa.Column("next_try_at", UtcTime),
    ):
        op.add_column("sweeps", column, schema=_schema())
    _one_unended("sweeps", "mode", "state NOT IN ('complete', 'given up')")
    _repairs()
    _repair_rows()
    op.create_table(
        "slots",
        sa.Column("job", sa.String, primary_key=True),
        *(_time(name) for name in ("slot", "taken_at", "held_until")),
        sa.Column("done_at", UtcTime),
        _text("error"),
        _time("began_at"),
    )


def _repairs() -> None:
    op.create_table(
        "repairs",
        sa.Column("id", sa.String, primary_key=True),
        _word("state"),
        _word("asked_by"),
        _text("reason"),
        _time("asked_at"),
        sa.Column("ended_at", UtcTime),
        _number("epoch"),
        _text("waiting_for"),
        _number("failures"),
        sa.Column("next_try_at", UtcTime),
        _word("digest"),
    )
    op.create_index("repairs_by_time", "repairs", ["asked_at"])
    _one_unended("repairs", "digest", "state <> 'done'")


def _repair_rows() -> None:
    op.create_table(
        "repair_rows",
        sa.Column("repair_id", sa.String, sa.ForeignKey("repairs.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        *(_word(name) for name in ("kind", "record_id", "cause")),
        *(_json(name) for name in ("columns", "truth", "mirror")),
        _text("evidence"),
        _time("since"),
        _word("state"),
        _text("why"),
        *(_json(name) for name in ("truth_now", "mirror_now")),
    )
    op.create_index("repair_rows_by_state", "repair_rows", ["repair_id", "state"])


def _one_unended(table: str, column: str, unended: str) -> None:
    where = sa.text(unended)
    op.create_index(
        f"{table}_unended",
        table,
        [column],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _give_up_old_ones() -> None:
    """An older version left those that it never ended; nobody goes on with them."""
    sweeps = sa.Table("sweeps", sa.MetaData(), sa.Column("state", sa.String))
    unended = sweeps.c.state != "complete"
    op.get_bind().execute(sa.update(sweeps).where(unended).values(state="given up"))


def _schema() -> str | None:
    """Alembic's own statements are not told of the schema that PostgreSQL keeps our tables in."""
    return None if op.get_bind().dialect.name == "sqlite" else SCHEMA


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False, server_default="")


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, UtcTime, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)
