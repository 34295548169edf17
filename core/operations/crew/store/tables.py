"""The table of groups: which worker has which items of an operation in hand, in this run of it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, Table, false

from core.database.columns import metadata, text_column

groups = Table(
    "operation_groups",
    metadata,
    Column("operation_id", ForeignKey("operations.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    #: Of the run that offered them: those of an older one are nobody's any more.
    Column("epoch", Integer, nullable=False),
    Column("bookings", JSON, nullable=False),
    #: Whether workers may take it that do not hold the operation.
    Column("shared", Boolean, nullable=False, server_default=false()),
    #: The worker that took it; empty: nobody yet.
    text_column("taken_by"),
    #: Whether whoever took it has it in hand no longer.
    Column("returned", Boolean, nullable=False, server_default=false()),
)
