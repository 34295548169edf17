"""The journal's tables. Column names are the field names of the records they hold.

A change here needs a migration beside it (``migrations/versions``); a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
    true,
)

from core.domain.channels import Channel
from core.domain.foreign_writes import Conflict
from core.domain.operations import FollowUps, ItemState, OperationState, Ruling
from core.domain.records import Kind
from core.domain.telling import TellingState
from core.domain.terms import ORDINARY, Inclusion
from core.domain.verdicts import OperationKind, Verdict, Why
from core.domain.warnings import UNCHECKED
from core.domain.writes import MovementKind
from core.gateways.journal.columns import Serial, UtcTime, Word, Words
from core.gateways.ports.journal import WriteState

metadata = MetaData()


class MovementState(StrEnum):
    """Its write's state, so that the key on movements can hold it; or taken back since."""

    OPEN = "open"
    LANDED = "landed"
    VOID = "void"
    UNDECIDED = "undecided"
    UNDONE = "undone"


def _text(name: str) -> Column[str]:
    return Column(name, String, nullable=False, default="", server_default="")


def _included() -> Column[frozenset[Inclusion]]:
    """What an admin included on purpose that would be blocked otherwise."""
    return Column("include", Words(Inclusion), nullable=False, default=ORDINARY, server_default="")


def _index_of(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone: small, and used by statements that keep to it (``always``)."""
    part = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=part, postgresql_where=part)


def _booking_columns() -> list[Column[Any]]:
    """What plan rows and items say of a booking, for people."""
    return [
        Column("credit", String),
        Column("contact_id", String),
        Column("exam_id", String),
        _text("booking_name"),
        _text("contact_name"),
        _text("contact_email"),
        Column("exam_date", Date),
        _text("mock_type"),
        _text("attending_location"),
        _text("dominant_hand"),
        _text("new_name"),
        Column("before", Integer),
        Column("after", Integer),
    ]


plans = Table(
    "plans",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", Word(OperationKind), nullable=False),
    _text("selection"),
    _text("made_by"),
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    #: Whether all its rows are there.
    Column("complete", Boolean, nullable=False),
    #: When the students that it and its operation name were forgotten.
    Column("forgotten_at", UtcTime),
    _text("undoes"),
    Column("to_exam", String),
    _text("caveat"),
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
    _text("detail"),
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
    _text("selection"),
    _text("reason"),
    _text("confirmed_by"),
    Column("confirmed_at", UtcTime, nullable=False, index=True),
    Column("hold_until", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    _text("waiting_for"),
    Column("epoch", Integer, nullable=False, default=0),
    Column("calls", Integer, nullable=False, default=0),
    _text("needs_approval"),
    _text("approved_by"),
    Column("approved_at", UtcTime),
    _text("undoes"),
    Column("to_exam", String),
    _included(),
    Column(
        "follow_ups", Word(FollowUps), nullable=False, default=FollowUps.NONE, server_default=""
    ),
    Column("tell", Word(Channel), nullable=False, default=Channel.OFF, server_default="off"),
    _text("reason_for_students"),
    _text("via"),
    _index_of("operations_undoing", "undoes", where="undoes <> ''"),
    _index_of("operations_moving_to", "to_exam", where="to_exam IS NOT NULL"),
    _index_of("operations_following_up", "ended_at", where="follow_ups = 'due'"),
)

items = Table(
    "items",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("booking_id", String, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("state", Word(ItemState), nullable=False),
    _text("why"),
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
    _index_of("items_to_look_at", "operation_id", where="state IN ('blocked', 'failed')"),
)

#: The key is the promise: one owner for each booking and movement kind.
claims = Table(
    "claims",
    metadata,
    Column("booking_id", String, primary_key=True),
    Column("kind", Word(MovementKind), primary_key=True),
    # No index: SQLite would go through all of an operation's claims to find a few bookings.
    Column("operation_id", ForeignKey("operations.id"), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("kind", Word(Kind), primary_key=True),
    Column("target_id", String, primary_key=True),
    Column("operation_id", ForeignKey("operations.id"), nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", String, nullable=False, server_default=""),
    Column("until", UtcTime, nullable=False),
)

#: Of writes: as ``core.domain.warnings.UNCHECKED`` has it, in the words of their index.
NOT_CHECKED = f"verified LIKE '{UNCHECKED}%'"

writes = Table(
    "writes",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("operation_id", ForeignKey("operations.id"), nullable=False),
    Column("kind", Word(Kind), nullable=False),
    Column("target_id", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    _text("marker_before"),
    Column("sent_at", UtcTime, nullable=False),
    Column("state", Word(WriteState), nullable=False),
    Column("modified_at", UtcTime),
    _text("reason"),
    Column("verified", String),
    Column("verified_at", UtcTime),
    #: When it is due to be compared again.
    Column("look_at", UtcTime),
    Index("writes_of_operation", "operation_id", "seq"),
    # Without the kind: SQLite would take it for all open writes of a kind, which have their own.
    Index("writes_of_target", "target_id"),
    _index_of("writes_open", "kind", "target_id", where="state = 'open'"),
    _index_of("writes_open_of_operation", "operation_id", "kind", where="state = 'open'"),
    _index_of(
        "writes_unverified", "operation_id", "seq", where="state = 'landed' AND verified IS NULL"
    ),
    _index_of("writes_not_checked", "operation_id", where=NOT_CHECKED),
    _index_of("writes_to_look_at", "look_at", where="look_at IS NOT NULL"),
    Index(
        "writes_undecided",
        "operation_id",
        sqlite_where=text("state = 'undecided'"),
        postgresql_where=text("state = 'undecided'"),
    ),
)

_LIVE = "state IN ('open', 'landed', 'undecided')"

movements = Table(
    "movements",
    metadata,
    Column("write_id", ForeignKey("writes.id"), primary_key=True),
    #: Its place in the write.
    Column("n", Integer, primary_key=True),
    Column("operation_id", String, nullable=False),
    Column("booking_id", String, nullable=False),
    Column("kind", Word(MovementKind), nullable=False),
    Column("credit", String, nullable=False),
    Column("delta", Integer, nullable=False),
    Column("state", Word(MovementState), nullable=False),
    Index("movements_of_operation", "operation_id", "kind", "state", "credit"),
    # No credit moves twice for one reason, whatever the code above thinks.
    _index_of("movements_alone", "booking_id", "kind", where=_LIVE, unique=True),
    # Few: what was given back and taken again.
    _index_of("movements_undone", "booking_id", "kind", where="state = 'undone'"),
)

foreign_writes = Table(
    "foreign_writes",
    metadata,
    Column("write_id", ForeignKey("writes.id"), primary_key=True),
    Column("credit", String, primary_key=True),
    #: Of one write several: one before it, any number after.
    Column("at", UtcTime, primary_key=True),
    Column("kind", Word(Kind), nullable=False),
    Column("target_id", String, nullable=False),
    Column("conflict", Word(Conflict), nullable=False, server_default=Conflict.WRITTEN_OVER),
    Column("read", Integer, nullable=False),
    Column("theirs", Integer, nullable=False),
    Column("ours", Integer, nullable=False),
    _text("evidence"),
    #: What a person made of an unclear one: the correction that is due, or 0.
    Column("decided", Integer),
    #: The name under which it is made up for, and by how much: ``corrections.name_of``.
    _text("name"),
    Column("correction", Integer, nullable=False, server_default="0"),
    _text("source"),
    _text("source_id"),
    _text("user_id"),
    Column("found_at", UtcTime, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("contact_id", String, primary_key=True),
)

told = Table(
    "told",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("contact_id", String, primary_key=True),
    Column("state", Word(TellingState), nullable=False),
    #: When it was last sent so that it may have arrived.
    Column("sent_at", UtcTime),
    _text("detail"),
    _text("status_id"),
    Column("failures", Integer, nullable=False, default=0, server_default="0"),
)

outbox = Table(
    "outbox",
    metadata,
    #: A new one with each version, never used again.
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("kind", Word(Kind), nullable=False),
    Column("record_id", String, nullable=False),
    Column("row", JSON(none_as_null=True)),
    #: Since when this version waits; ``due_since``: the oldest one not yet copied.
    Column("put_at", UtcTime, nullable=False),
    Column("due_since", UtcTime, nullable=False),
    #: From when it may be taken: held by a process until then, or backing off.
    Column("take_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    _text("error"),
    Column("dead", Boolean, nullable=False, default=False),
    Column("next_try_at", UtcTime),
    Index("outbox_record", "kind", "record_id", unique=True),
    Index("outbox_ready", "dead", "take_at", "seq"),
    Index("outbox_waiting", "dead", "due_since", "seq"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    _text("actor"),
    Column("what", String, nullable=False),
    _text("operation_id"),
    Column("detail", JSON, nullable=False),
    Index("events_of_operation", "operation_id", "seq"),
    Index("events_by_name", "what", "seq"),
)

workers = Table(
    "workers",
    metadata,
    Column("executor_id", String, primary_key=True),
    _text("host"),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
)
