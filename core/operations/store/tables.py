"""The tables of plans, operations and their items, and how each record stands in its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, true

from core.database.columns import UtcTime, Word, Words, metadata, partial_index, text_column
from core.database.rows import Records
from core.hubspot.ports.channels import Channel
from core.operations.plans import Row
from core.operations.states import FollowUps, Item, ItemState, Operation, OperationState, Ruling
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind, Verdict, Why


def _included() -> Column[frozenset[Inclusion]]:
    """What an admin included on purpose that would be blocked otherwise."""
    return Column("include", Words(Inclusion), nullable=False, default=ORDINARY, server_default="")


def _booking_columns() -> list[Column[Any]]:
    """What plan rows and items say of a booking, for people."""
    return [
        Column("credit", String),
        Column("contact_id", String),
        Column("exam_id", String),
        text_column("booking_name"),
        text_column("contact_name"),
        text_column("contact_email"),
        Column("exam_date", Date),
        text_column("mock_type"),
        text_column("attending_location"),
        text_column("dominant_hand"),
        text_column("new_name"),
        Column("before", Integer),
        Column("after", Integer),
    ]


#: What an item has of its row in the plan. Its balances are those around its own write.
OF_THE_ROW = tuple(c.name for c in _booking_columns() if c.name not in {"before", "after"})

plans = Table(
    "plans",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", Word(OperationKind), nullable=False),
    text_column("selection"),
    text_column("made_by"),
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    #: Whether all its rows are there.
    Column("complete", Boolean, nullable=False),
    #: When the students that it and its operation name were forgotten.
    Column("forgotten_at", UtcTime),
    text_column("undoes"),
    Column("to_exam", String),
    text_column("caveat"),
    _included(),
)

plan_rows = Table(
    "plan_rows",
    metadata,
    Column("plan_id", ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("booking_id", String, nullable=False),
    Column("verdict", Word(Verdict), nullable=False),
    Column("why", Word(Why), nullable=False),
    text_column("detail"),
    *_booking_columns(),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", Word(OperationKind), nullable=False),
    Column("state", Word(OperationState), nullable=False, index=True),
    #: Since when it has been in its state.
    Column("since", UtcTime, nullable=False),
    text_column("selection"),
    text_column("reason"),
    text_column("confirmed_by"),
    Column("confirmed_at", UtcTime, nullable=False, index=True),
    Column("hold_until", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    text_column("waiting_for"),
    Column("epoch", Integer, nullable=False, default=0),
    Column("calls", Integer, nullable=False, default=0),
    text_column("needs_approval"),
    text_column("approved_by"),
    Column("approved_at", UtcTime),
    text_column("undoes"),
    Column("to_exam", String),
    _included(),
    Column(
        "follow_ups", Word(FollowUps), nullable=False, default=FollowUps.NONE, server_default=""
    ),
    Column("tell", Word(Channel), nullable=False, default=Channel.OFF, server_default="off"),
    text_column("reason_for_students"),
    text_column("via"),
    partial_index("operations_undoing", "undoes", where="undoes <> ''"),
    partial_index("operations_moving_to", "to_exam", where="to_exam IS NOT NULL"),
    partial_index("operations_following_up", "ended_at", where="follow_ups = 'due'"),
)

#: Of items: those that their operation cancelled, in the words of their index.
CANCELLED = "items.cancelled"

items = Table(
    "items",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("booking_id", String, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("state", Word(ItemState), nullable=False),
    text_column("why"),
    *_booking_columns(),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("cancel_sent", Boolean, nullable=False, default=False),
    Column("sent_at", UtcTime),
    Column("ruling", Word(Ruling), nullable=False, server_default=""),
    Column("planned", Boolean, nullable=False, server_default=true()),
    Index("items_in_plan_order", "operation_id", "n"),
    Index("items_by_state", "operation_id", "state"),
    Index("items_of_contact", "contact_id"),
    Index("items_of_exam", "exam_id"),
    # Few: what waits for a person.
    partial_index(
        "items_to_look_at", "operation_id", "state", where="state IN ('blocked', 'failed')"
    ),
    # All that is needed to count cancellations by operation and exam.
    partial_index("items_cancelled", "operation_id", "exam_id", where="cancelled"),
)

notes = Table(
    "notes",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("contact_id", String, primary_key=True),
)

OPERATIONS = Records(Operation, operations)
ITEMS = Records(Item, items)
PLAN_ROWS = Records(Row, plan_rows)
