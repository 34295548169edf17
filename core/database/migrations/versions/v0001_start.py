"""The tables that the first version works with.

A migration stands by itself: it is never changed once released, whatever ``tables.py`` becomes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.columns import Serial, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _plans()
    _operations()
    _claims_and_leases()
    _writes()
    _found_afterwards()
    _outbox()
    _history()


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, primary_key=True)


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False, server_default="")


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, UtcTime, nullable=False)


def _serial(name: str) -> sa.Column[Any]:
    return sa.Column(name, Serial, primary_key=True, autoincrement=True)


def _of_operation(*, key: bool = False) -> sa.Column[Any]:
    target = sa.ForeignKey("operations.id")
    return sa.Column("operation_id", sa.String, target, primary_key=key, nullable=False)


def _of_write() -> sa.Column[Any]:
    return sa.Column("write_id", sa.String, sa.ForeignKey("writes.id"), primary_key=True)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool) -> None:
    only = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _booking_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("credit", sa.String),
        sa.Column("contact_id", sa.String),
        sa.Column("exam_id", sa.String),
        _text("booking_name"),
        _text("contact_name"),
        _text("contact_email"),
        sa.Column("exam_date", sa.Date),
        _text("mock_type"),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer),
    ]


def _plans() -> None:
    op.create_table(
        "plans",
        _key("id"),
        _word("kind"),
        _text("selection"),
        _text("made_by"),
        _time("made_at"),
        _time("expires_at"),
        _flag("complete"),
    )
    op.create_index("ix_plans_expires_at", "plans", ["expires_at"])
    plan = sa.ForeignKey("plans.id", ondelete="CASCADE")
    op.create_table(
        "plan_rows",
        sa.Column("plan_id", sa.String, plan, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        _word("booking_id"),
        _word("verdict"),
        _word("why"),
        _text("detail"),
        *_booking_columns(),
    )


def _operations() -> None:
    op.create_table(
        "operations",
        _key("id"),
        _word("kind"),
        _word("state"),
        _time("since"),
        _text("selection"),
        _text("reason"),
        _text("confirmed_by"),
        _time("confirmed_at"),
        _time("hold_until"),
        sa.Column("started_at", UtcTime),
        sa.Column("ended_at", UtcTime),
        _text("waiting_for"),
        _number("epoch"),
        _number("calls"),
    )
    op.create_index("ix_operations_confirmed_at", "operations", ["confirmed_at"])
    op.create_index("ix_operations_state", "operations", ["state"])
    op.create_table(
        "items",
        _of_operation(key=True),
        _key("booking_id"),
        _number("n"),
        _word("state"),
        _text("why"),
        *_booking_columns(),
        _flag("cancelled"),
        _flag("cancel_sent"),
    )
    op.create_index("items_in_plan_order", "items", ["operation_id", "n"])
    op.create_index("items_by_state", "items", ["operation_id", "state"])


def _claims_and_leases() -> None:
    op.create_table("claims", _key("booking_id"), _key("kind"), _of_operation())
    op.create_table(
        "leases",
        _key("kind"),
        _key("target_id"),
        _of_operation(),
        _number("epoch"),
        _time("until"),
    )
    op.create_index("ix_leases_operation_id", "leases", ["operation_id"])


def _writes() -> None:
    op.create_table(
        "writes",
        _serial("seq"),
        sa.Column("id", sa.String, nullable=False, unique=True),
        _of_operation(),
        _word("kind"),
        _word("target_id"),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        _text("marker_before"),
        _time("sent_at"),
        _word("state"),
        sa.Column("modified_at", UtcTime),
        _text("reason"),
        sa.Column("verified", sa.String),
    )
    op.create_index("writes_of_operation", "writes", ["operation_id", "seq"])
    _partial("writes_open", "writes", ["kind", "target_id"], "state = 'open'", unique=False)
    of_operation = ["operation_id", "kind"]
    _partial("writes_open_of_operation", "writes", of_operation, "state = 'open'", unique=False)
    unverified = "state = 'landed' AND verified IS NULL"
    _partial("writes_unverified", "writes", ["operation_id", "seq"], unverified, unique=False)
    op.create_table(
        "movements",
        _of_write(),
        sa.Column("n", sa.Integer, primary_key=True),
        _word("operation_id"),
        _word("booking_id"),
        _word("kind"),
        _word("credit"),
        _number("delta"),
        _word("state"),
    )
    by_kind = ["operation_id", "kind", "state", "credit"]
    op.create_index("movements_of_operation", "movements", by_kind)
    live = "state IN ('open', 'landed', 'undecided')"
    _partial("movements_alone", "movements", ["booking_id", "kind"], live, unique=True)


def _found_afterwards() -> None:
    op.create_table(
        "foreign_writes",
        _of_write(),
        _key("credit"),
        _word("kind"),
        _word("target_id"),
        _number("read"),
        _number("theirs"),
        _number("ours"),
        _time("at"),
        _text("source"),
        _text("source_id"),
        _text("user_id"),
        _time("found_at"),
    )
    op.create_table("notes", _of_operation(key=True), _key("contact_id"))


def _outbox() -> None:
    op.create_table(
        "outbox",
        _serial("seq"),
        _word("kind"),
        _word("record_id"),
        sa.Column("row", sa.JSON),
        _time("put_at"),
        _time("due_since"),
        _time("take_at"),
        _number("attempts"),
        _text("error"),
        _flag("dead"),
        sa.Column("next_try_at", UtcTime),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_record", "outbox", ["kind", "record_id"], unique=True)
    op.create_index("outbox_ready", "outbox", ["dead", "take_at", "seq"])
    op.create_index("outbox_waiting", "outbox", ["dead", "due_since", "seq"])


def _history() -> None:
    op.create_table(
        "events",
        _serial("seq"),
        _time("at"),
        _text("actor"),
        _word("what"),
        _text("operation_id"),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("events_of_operation", "events", ["operation_id", "seq"])
    op.create_table(
        "workers",
        _key("executor_id"),
        _text("host"),
        _number("pid"),
        _time("started_at"),
        _time("heartbeat_at"),
    )
