"""Runs a search: over the file, and over what search has not noticed yet."""

from __future__ import annotations

import heapq
import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from sandbox.hubspot import words
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.columns import COLUMNS, to_row, to_tuple
from sandbox.hubspot.database import TABLES, Database
from sandbox.hubspot.lag import Lag
from sandbox.hubspot.query import Search, column_of
from sandbox.hubspot.rows import Row

#: properties worth an index: the ones that this field's tools search by
INDEXED = {
    "0-1": ("email", "student_id"),
    "0-46": (),
    "2-50158943": ("booking_id", "is_active", "exam_date", "student_id", "mock_type"),
    "2-50158913": ("is_active", "exam_date"),
}
Found = tuple[Any, Row]


class Searcher:
    """Searches on a connection of its own, beside the writers."""

    def __init__(self, database: Database, lag: Lag) -> None:
        self._database = database
        self._lag = lag
        database.reading.create_function("has_token", 2, has_token, deterministic=True)

    def run(self, kind: Kind, search: Search, at: int) -> tuple[int, list[Row]]:
        """How many match, and one page of them."""
        stale = self._lag.view(kind.no, at)
        older = [row for row in stale.values() if row is not None]
        with self._database.reading_lock:
            if not stale:
                args = (kind, search, "[]", search.offset, search.limit)
                total, page = _select(self._database.reading, *args)
                return total, [row for _, row in page]
            hidden = orjson.dumps(list(stale)).decode()
            upto = search.offset + search.limit
            total, found = _select(self._database.reading, kind, search, hidden, 0, upto)
        more, extra = _older(kind, search, older)
        found = _merged(found, extra, descending=search.descending)
        return total + more, [row for _, row in found[search.offset : upto]]


def _select(
    connection: sqlite3.Connection,
    kind: Kind,
    search: Search,
    hidden: str,
    offset: int,
    limit: int,
) -> tuple[int, list[Found]]:
    # the number of the kind stands in the text: only so are the partial indexes found
    where = f"kind = {kind.no} and archived_at is null and merged_into is null and ({search.where})"
    args: list[Any] = list(search.args)
    if hidden != "[]":
        where += " and id not in (select value from json_each(?))"
        args.append(hidden)
    (total,) = connection.execute(
        f"select count(*) from objects where {where}",  # noqa: S608 - see query.py
        args,
    ).fetchone()
    direction = "desc" if search.descending else "asc"
    rows = connection.execute(
        f"select {search.order}, {COLUMNS} from objects where {where}"  # noqa: S608 - see query.py
        f" order by {search.order} {direction}, id limit ? offset ?",
        [*args, limit, offset],
    )
    return total, [(row[0], to_row(row[1:])) for row in rows]


def _older(kind: Kind, search: Search, rows: Sequence[Row]) -> tuple[int, list[Found]]:
    """The same search over the rows that search still sees in an earlier state."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(TABLES)
        connection.create_function("has_token", 2, has_token, deterministic=True)
        connection.executemany(
            f"insert into objects ({COLUMNS})"  # noqa: S608 - our own column names
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [to_tuple(row) for row in rows],
        )
        words.put(connection, kind, rows)
        return _select(connection, kind, search, "[]", 0, search.offset + search.limit)
    finally:
        connection.close()


def _merged(found: list[Found], extra: list[Found], *, descending: bool) -> list[Found]:
    def key(entry: Found) -> tuple[bool, Any]:  # SQLite puts null before any value
        return entry[0] is not None, entry[0] if entry[0] is not None else 0

    return list(heapq.merge(found, extra, key=key, reverse=descending))


def index(database: Database, kinds: Sequence[Kind]) -> None:
    """Indexes on what is searched most; made once, kept in the file."""
    with database.writing() as connection:
        for kind in kinds:
            if not (kind.type.custom or kind.type.id in INDEXED):
                continue  # types that are hardly used would make every write dearer
            for name in (kind.type.modified, *INDEXED.get(kind.type.id, ())):
                if kind.live(name) is not None:
                    connection.execute(
                        f"create index if not exists search_{kind.no}_{name}"
                        f" on objects (kind, {column_of(kind, name).sql}, id)"
                        f" where kind = {kind.no} and archived_at is null and merged_into is null"
                    )


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in text.lower().split("*")]
    return re.compile(".*".join(parts), re.DOTALL)


def has_token(text: str | None, token: str) -> bool | None:
    """Whether a value has a word like this; `*` stands for anything."""
    if text is None:
        return None
    pattern = _pattern(token)
    words = [text.lower(), *re.split(r"[\s@.,;:/()-]+", text.lower())]
    return any(pattern.fullmatch(word) for word in words)
