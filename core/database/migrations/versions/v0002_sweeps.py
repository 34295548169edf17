"""Tables for sweeps and the drift that each found."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.columns import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String, primary_key=True),
        _word("mode"),
        _word("state"),
        _time("started_at"),
        _time("saved_at"),
        sa.Column("since", UtcTime),
        _number("legs"),
        _text("after"),
        _json("known"),
        _json("compared"),
        _number("left_alone"),
        _number("drifting"),
        _number("unexplained"),
        _text("error"),
    )
    op.create_index("sweeps_by_time", "sweeps", ["started_at"])
    op.create_table(
        "drifts",
        sa.Column("sweep_id", sa.String, sa.ForeignKey("sweeps.id"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("record_id", sa.String, primary_key=True),
        _word("cause"),
        _json("columns"),
        _json("truth"),
        _json("mirror"),
        _text("evidence"),
        _time("since"),
    )
    op.create_index("drifts_by_cause", "drifts", ["sweep_id", "cause"])


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
