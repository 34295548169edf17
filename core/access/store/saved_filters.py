"""Filters that people keep for themselves."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import JSON, Column, Connection, String, Table, delete, select

from core.access.store.port import SavedFilter
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("email", String, primary_key=True),
    Column("page", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("chosen", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)
KEY = ["email", "page", "name"]
FILTERS = Records(SavedFilter, saved_filters)


class Filters:
    """See ``core.access.store.port.SavedFilterRecords``."""

    _db: Database

    @reading
    def saved_filters(self, connection: Connection, email: str, page: str) -> list[SavedFilter]:
        """By the primary key."""
        of = saved_filters.c
        where = (of.email == email.casefold(), of.page == page)
        query = select(*FILTERS.columns).where(*where).order_by(of.name)
        return [FILTERS.load(row) for row in connection.execute(query)]

    @writing
    def save_filter(self, connection: Connection, made: SavedFilter) -> None:
        """By the primary key; of two at once the later one stays."""
        row = FILTERS.dump(replace(made, email=made.email.casefold()))
        added = upsert(connection, saved_filters).values(row)
        new = {name: added.excluded[name] for name in ("chosen", "at")}
        connection.execute(added.on_conflict_do_update(index_elements=KEY, set_=new))

    @writing
    def remove_filter(self, connection: Connection, email: str, page: str, name: str) -> None:
        """By the primary key."""
        of = saved_filters.c
        where = (of.email == email.casefold(), of.page == page, of.name == name)
        connection.execute(delete(saved_filters).where(*where))
