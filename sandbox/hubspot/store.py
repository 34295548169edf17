"""The CRM's objects, kept in SQLite: read by id, written in transactions, never lost.

All times are ms since the epoch. Values are validated before they come here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson

from sandbox.hubspot import bulk, merging, uniques, words
from sandbox.hubspot.catalog import Catalog, Kind
from sandbox.hubspot.columns import COLUMNS, to_row, to_tuple, to_update
from sandbox.hubspot.database import Database
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import HISTORY_MAX, Row, Source, changed, changes_of, source_text
from sandbox.hubspot.seed import SeedLink, SeedObject
from sandbox.hubspot.values import to_ms

FIRST_ID = 21_000_000_001  # HubSpot's ids no longer fit 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one write did to one object: told to search, webhooks and rollups."""

    kind: Kind
    before: Row | None
    after: Row | None
    source: Source
    #: the verb of the webhook: creation, change, deletion, merge, restore, privacyDeletion
    verb: str
    merged: tuple[int, ...] = ()


class Store:
    """Every method is one transaction, and safe to call from any thread."""

    def __init__(self, path: Path, portal: Portal, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self.clock_offset_ms = 0
        self.history_max = HISTORY_MAX
        self.merge_ids = "all"  # one of merging.MODES
        self.database = Database(path)
        self.catalog = Catalog(self.database, portal, at=self.now_ms())
        self.links = Links(self.database, self.catalog)
        self.listeners: list[Callable[[Sequence[Change]], None]] = []

    def now_ms(self) -> int:
        """HubSpot's clock."""
        return to_ms(self._now()) + self.clock_offset_ms

    def is_empty(self) -> bool:
        """Whether no object was ever stored."""
        with self.database.looking() as connection:
            return connection.execute("select 1 from objects limit 1").fetchone() is None

    def count(self, kind: Kind) -> int:
        """How many objects of this type are stored, archived ones among them."""
        with self.database.looking() as connection:
            sql = "select count(*) from objects where kind = ?"
            (found,) = connection.execute(sql, (kind.no,)).fetchone()
            return int(found)

    def load(self, objects: Iterable[SeedObject], links: Iterable[SeedLink]) -> None:
        """Add many objects at once, as they are: no validation, no webhooks, no search lag."""
        bulk.load(self.database, self.catalog, self.links, objects, links)

    def alone(self) -> AbstractContextManager[object]:
        """Nobody else reads or writes meanwhile: for a write that rests on what was read."""
        return self.database.looking()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # -- reading

    def alive(self, kind: Kind, ids: Sequence[int]) -> dict[int, int]:
        """Requested id -> the id of the live object that it leads to."""
        sql = (
            "select a.id, coalesce(a.merged_into, a.id) from objects a"
            " left join objects b on b.kind = a.kind and b.id = a.merged_into"
            " where a.kind = ? and a.id in (select value from json_each(?)) and case"
            " when a.merged_into is null then a.archived_at is null"
            " else b.id is not null and b.archived_at is null end"
        )
        with self.database.looking() as connection:
            return dict(connection.execute(sql, (kind.no, orjson.dumps(list(ids)).decode())))

    def rows(self, kind: Kind, ids: Sequence[int]) -> dict[int, Row]:
        """Requested id -> object; a merged id leads to what it became. Unknown ids are left out."""
        found = self._select(kind, ids)
        merged = {i: row.merged_into for i, row in found.items() if row.merged_into is not None}
        if merged:
            survivors = self._select(kind, list(set(merged.values())))
            found |= {old: survivors[new] for old, new in merged.items() if new in survivors}
        return found

    def _select(self, kind: Kind, ids: Sequence[int]) -> dict[int, Row]:
        sql = (
            f"select {COLUMNS} from objects"  # noqa: S608 - our own column names
            " where kind = ? and id in (select value from json_each(?))"
        )
        with self.database.looking() as connection:
            rows = connection.execute(sql, (kind.no, orjson.dumps(list(ids)).decode()))
            return {row[1]: to_row(row) for row in rows}

    def page(self, kind: Kind, *, after: int, limit: int, archived: bool) -> list[Row]:
        """Objects with an id above `after`, in order of id."""
        which = "not null" if archived else "null"
        sql = (
            f"select {COLUMNS} from objects where kind = ? and id > ?"  # noqa: S608 - as above
            f" and archived_at is {which} and merged_into is null order by id limit ?"
        )
        with self.database.looking() as connection:
            return [to_row(row) for row in connection.execute(sql, (kind.no, after, limit))]

    def holder(self, kind: Kind, name: str, value: str) -> int | None:
        """The id of the object that has this unique value."""
        with self.database.looking() as connection:
            return uniques.holder(connection, kind, name, value)

    # -- writing

    def create(
        self, kind: Kind, inputs: Sequence[Mapping[str, str | None]], source: Source
    ) -> list[Row]:
        """New objects, in the order given."""
        at = self.now_ms()
        with self.database.writing() as connection:
            first = self._next_id(kind)
            rows = [
                Row(
                    kind=kind.no,
                    id=first + n,
                    properties={name: v for name, v in values.items() if v is not None},
                    created_at=at,
                    updated_at=at,
                    origin_text=source_text(source),
                )
                for n, values in enumerate(inputs)
            ]
            self._write(connection, kind, [(None, row) for row in rows])
        self._tell(kind, [(None, row) for row in rows], source, "creation")
        return rows

    def update(
        self,
        kind: Kind,
        inputs: Sequence[tuple[Row, Mapping[str, str | None]]],
        source: Source,
        *,
        touch: bool = False,
    ) -> list[Row]:
        """Set values; what a write changes shares one timestamp.

        A write of the values that are there changes nothing, unless it is to `touch` the object.
        """
        at, most = self.now_ms(), self.history_max
        pairs = []
        for row, wanted in inputs:
            new = changes_of(row, wanted)
            after = changed(row, new, at=at, source=source, touch=touch, history_max=most)
            pairs.append((row, after))
        moved = [(old, new) for old, new in pairs if old is not new]
        if moved:
            with self.database.writing() as connection:
                self._write(connection, kind, moved)
            self._tell(kind, moved, source, "change")
        return [new for _, new in pairs]

    def archive(self, kind: Kind, rows: Sequence[Row], source: Source) -> None:
        """Into the recycling bin; their unique values are free again."""
        at = self.now_ms()
        pairs = [
            (r, replace(r, archived_at=at, updated_at=max(at, r.updated_at + 1))) for r in rows
        ]
        with self.database.writing() as connection:
            self._write(connection, kind, pairs)
        self._tell(kind, [(old, None) for old, _ in pairs], source, "deletion")

    def restore(self, kind: Kind, row: Row, source: Source) -> Row:
        """Out of the recycling bin. Raises ValueError when a unique value of it is taken by now."""
        at = self.now_ms()
        back = replace(row, archived_at=None, updated_at=max(at, row.updated_at + 1))
        with self.database.writing() as connection:
            for name in kind.unique_names():
                value = row.properties.get(name)
                holder = value and uniques.holder(connection, kind, name, value)
                if holder:
                    raise ValueError(f"{name} {value} is that of {holder} now")
            self._write(connection, kind, [(row, back)])
            uniques.move(connection, kind, None, back)
        change = Change(kind=kind, before=None, after=back, source=source, verb="restore")
        self._announce([change])
        return back

    def forget(self, kind: Kind, row: Row, source: Source) -> None:
        """Delete for good, as privacy law asks."""
        with self.database.writing() as connection:
            self._next_id(kind)  # an id is never given out twice
            uniques.free(connection, kind, row)
            for table in ("objects", "words"):
                sql = f"delete from {table} where kind = ? and id = ?"  # noqa: S608 - our names
                connection.execute(sql, (kind.no, row.id))
            self.links.drop(kind, [row.id])
        self._tell(kind, [(row, None)], source, "privacyDeletion")

    def merge(self, object_type: str, primary_id: int, other_id: int) -> int:
        """Merge two objects; returns the id of what they became. Raises KeyError, ValueError."""
        kind = self.catalog.kind(object_type)
        source = Source("MERGE_OBJECTS")
        with self.database.writing() as connection:
            found = self.rows(kind, [primary_id, other_id])
            primary, other = found[primary_id], found[other_id]
            _mergeable(primary, other)
            fresh = merging.makes_new_id(self.merge_ids, kind)
            new_id = self._next_id(kind) if fresh else None
            plan = merging.plan(kind, primary, other, at=self.now_ms(), new_id=new_id)
            for row in (primary, other):
                uniques.free(connection, kind, row)
            self._write(connection, kind, [(None, row) for row in (*plan.losers, plan.winner)])
            merging.redirect(connection, kind, plan)
            for row in plan.losers:
                self.links.move(kind, row.id, plan.winner.id)
        change = Change(
            kind=kind,
            before=primary,
            after=plan.winner,
            source=source,
            verb="merge",
            merged=(primary.id, other.id),
        )
        gone = [  # the primary's own id is told of by the merge alone
            Change(
                kind=kind,
                before=old,
                after=None,
                source=source,
                verb="deletion" if old is other else "merged",
            )
            for old in (primary, other)
            if old.id != plan.winner.id
        ]
        self._announce([change, *gone])
        return plan.winner.id

    def _next_id(self, kind: Kind) -> int:
        with self.database.looking() as connection:
            sql = "select max(id) from objects where kind = ?"
            highest = connection.execute(sql, (kind.no,)).fetchone()[0] or 0
            name = f"id:{kind.no}"
            kept = connection.execute("select value from counters where name = ?", (name,))
            (last,) = kept.fetchone() or (FIRST_ID - 1,)
            following = max(highest, last, FIRST_ID - 1) + 1
            connection.execute("insert or replace into counters values (?, ?)", (name, following))
        return following

    def _write(
        self,
        connection: sqlite3.Connection,
        kind: Kind,
        pairs: Sequence[tuple[Row | None, Row]],
    ) -> None:
        connection.executemany(
            "update objects set properties = ?, updated_at = ?, archived_at = ?, history = ?"
            " where kind = ? and id = ?",
            [to_update(row) for old, row in pairs if old is not None],
        )
        connection.executemany(
            f"insert or replace into objects ({COLUMNS})"  # noqa: S608 - our own column names
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [to_tuple(row) for old, row in pairs if old is None],
        )
        for old, new in pairs:
            uniques.move(connection, kind, old, new)
        words.put(connection, kind, [new for old, new in pairs if _reads_otherwise(kind, old, new)])

    def _tell(
        self,
        kind: Kind,
        pairs: Sequence[tuple[Row | None, Row | None]],
        source: Source,
        verb: str,
    ) -> None:
        self._announce(
            [Change(kind=kind, before=b, after=a, source=source, verb=verb) for b, a in pairs]
        )

    def _announce(self, changes: Sequence[Change]) -> None:
        for listener in self.listeners:
            listener(changes)


def _reads_otherwise(kind: Kind, old: Row | None, new: Row) -> bool:
    before = old and words.text_of(kind, old.properties)
    return before != words.text_of(kind, new.properties)


def _mergeable(primary: Row, other: Row) -> None:
    if primary.id == other.id:
        raise ValueError("an object cannot be merged with itself")
    for row in (primary, other):
        if row.archived_at is not None:
            raise KeyError(row.id)
