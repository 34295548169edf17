"""The tables of claims, leases, writes and movements."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, text

from core.credits.records import Kind
from core.credits.writes import MovementKind, WriteState
from core.database.columns import Serial, UtcTime, Word, metadata, partial_index, text_column
from core.operations.foreign.changes import Conflict
from core.operations.leftovers import UNCHECKED


class MovementState(StrEnum):
    """Its write's state, so that the key on movements can hold it; or taken back since."""

    OPEN = "open"
    LANDED = "landed"
    VOID = "void"
    UNDECIDED = "undecided"
    UNDONE = "undone"


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

#: Of writes: as ``core.operations.leftovers.UNCHECKED`` has it, in the words of their index.
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
    text_column("marker_before"),
    Column("sent_at", UtcTime, nullable=False),
    Column("state", Word(WriteState), nullable=False),
    Column("modified_at", UtcTime),
    text_column("reason"),
    Column("verified", String),
    Column("verified_at", UtcTime),
    #: When it is due to be compared again.
    Column("look_at", UtcTime),
    Index("writes_of_operation", "operation_id", "seq"),
    # Without the kind: SQLite would take it for all open writes of a kind, which have their own.
    Index("writes_of_target", "target_id"),
    partial_index("writes_open", "kind", "target_id", where="state = 'open'"),
    partial_index("writes_open_of_operation", "operation_id", "kind", where="state = 'open'"),
    partial_index(
        "writes_unverified", "operation_id", "seq", where="state = 'landed' AND verified IS NULL"
    ),
    partial_index("writes_not_checked", "operation_id", where=NOT_CHECKED),
    partial_index("writes_to_look_at", "look_at", where="look_at IS NOT NULL"),
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
    partial_index("movements_alone", "booking_id", "kind", where=_LIVE, unique=True),
    # Few: what was given back and taken again.
    partial_index("movements_undone", "booking_id", "kind", where="state = 'undone'"),
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
    text_column("evidence"),
    #: What a person made of an unclear one: the correction that is due, or 0.
    Column("decided", Integer),
    #: The name under which it is made up for, and by how much: ``corrections.name_of``.
    text_column("name"),
    Column("correction", Integer, nullable=False, server_default="0"),
    text_column("source"),
    text_column("source_id"),
    text_column("user_id"),
    Column("found_at", UtcTime, nullable=False),
)
