"""Associations: which object is tied to which, by which kind of tie, kept both ways."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from sandbox.hubspot.catalog import Catalog, Kind
from sandbox.hubspot.database import Database

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
#: HubSpot's own numbers: contact to note is 201, note to contact is 202
BUILT_IN = {("0-1", "0-46"): (201, "contact_to_note"), ("0-46", "0-1"): (202, "note_to_contact")}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType:
    """One direction of one kind of tie."""

    no: int
    category: str
    type_id: int
    name: str | None
    label: str | None
    inverse: int


@dataclass(frozen=True, slots=True)
class Link:
    """One tie, seen from `id`."""

    id: int
    to_id: int
    type: LinkType


class Links:
    """Reads and writes over the tables `association_types` and `links`."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._types: dict[tuple[int, int], list[LinkType]] = {}

    def types(self, kind: Kind, to: Kind) -> list[LinkType]:
        """Every kind of tie from one object type to another, the unlabelled one first."""
        known = self._types.get((kind.no, to.no))
        if known is None:
            known = self._types[kind.no, to.no] = self._stored(kind, to)
        if not known:
            self.define(kind, to, name=None, label=None, inverse_label=None)
            return self.types(kind, to)
        return known

    def _stored(self, kind: Kind, to: Kind) -> list[LinkType]:
        sql = (
            "select no, category, type_id, name, label, inverse from association_types"
            " where kind = ? and to_kind = ? order by no"
        )
        with self._database.looking() as connection:
            rows = connection.execute(sql, (kind.no, to.no)).fetchall()
        return [
            LinkType(no=no, category=category, type_id=type_id, name=name, label=label, inverse=inv)
            for no, category, type_id, name, label, inv in rows
        ]

    def find(self, kind: Kind, to: Kind, category: str, type_id: int) -> LinkType | None:
        """The kind of tie that a client names by category and number."""
        for link_type in self.types(kind, to):
            if (link_type.category, link_type.type_id) == (category, type_id):
                return link_type
        return None

    def default(self, kind: Kind, to: Kind) -> LinkType:
        """The unlabelled tie, made when first asked for."""
        return self.types(kind, to)[0]

    def define(
        self,
        kind: Kind,
        to: Kind,
        *,
        name: str | None,
        label: str | None,
        inverse_label: str | None,
    ) -> LinkType:
        """A new kind of tie and its opposite. A tie of a type to itself is its own opposite."""
        with self._database.writing() as connection:
            last = connection.execute("select coalesce(max(no), 0) from association_types")
            no = last.fetchone()[0] + 1
            back = no if kind is to else no + 1
            there = self._type(kind, to, no, name, label, back)
            self._insert(connection, kind, to, there)
            if kind is not to:
                text = inverse_label or label
                self._insert(connection, to, kind, self._type(to, kind, back, name, text, no))
        self._types.clear()
        return there

    def _type(
        self, kind: Kind, to: Kind, no: int, name: str | None, label: str | None, inverse: int
    ) -> LinkType:
        type_id, built_in = BUILT_IN.get((kind.type.id, to.type.id), (no, None))
        if label is not None or built_in is None:
            plain = label is None and not (kind.type.custom or to.type.custom)
            return LinkType(
                no=no,
                category=HUBSPOT if plain else USER,
                type_id=no,
                name=name,
                label=label,
                inverse=inverse,
            )
        return LinkType(
            no=no, category=HUBSPOT, type_id=type_id, name=built_in, label=None, inverse=inverse
        )

    def _insert(self, connection: sqlite3.Connection, kind: Kind, to: Kind, t: LinkType) -> None:
        connection.execute(
            "insert into association_types values (?, ?, ?, ?, ?, ?, ?, ?)",
            (t.no, kind.no, to.no, t.category, t.type_id, t.name, t.label, t.inverse),
        )

    def put(self, kind: Kind, to: Kind, links: Iterable[tuple[int, int, LinkType]]) -> None:
        """Tie objects: (id, to id, type). A labelled tie brings the unlabelled one along."""
        plain = self.default(kind, to)
        rows: list[tuple[int, int, int, int, int]] = []
        for id_, to_id, link_type in links:
            for t in {link_type.no: link_type, plain.no: plain}.values():
                rows.append((kind.no, to.no, id_, to_id, t.no))
                rows.append((to.no, kind.no, to_id, id_, t.inverse))
        with self._database.writing() as connection:
            connection.executemany("insert or ignore into links values (?, ?, ?, ?, ?)", rows)

    def remove(
        self, kind: Kind, to: Kind, pairs: Iterable[tuple[int, int]], only: LinkType | None = None
    ) -> None:
        """Untie objects altogether, or take one label off them."""
        sql = "delete from links where kind = ? and to_kind = ? and id = ? and to_id = ?"
        with self._database.writing() as connection:
            for id_, to_id in pairs:
                if only is None:
                    connection.execute(sql, (kind.no, to.no, id_, to_id))
                    connection.execute(sql, (to.no, kind.no, to_id, id_))
                    continue
                one = sql + " and type_no = ?"
                connection.execute(one, (kind.no, to.no, id_, to_id, only.no))
                connection.execute(one, (to.no, kind.no, to_id, id_, only.inverse))

    def of(self, kind: Kind, to: Kind, ids: Sequence[int]) -> dict[int, list[Link]]:
        """The ties of each id, in order of the other end's id; archived ends are left out."""
        types = {t.no: t for t in self.types(kind, to)}
        sql = (
            "select l.id, l.to_id, l.type_no from links l"
            " join objects o on o.kind = l.to_kind and o.id = l.to_id"
            " where l.kind = ? and l.to_kind = ? and l.id in (select value from json_each(?))"
            " and o.archived_at is null order by l.id, l.to_id, l.type_no"
        )
        found: dict[int, list[Link]] = {}
        with self._database.looking() as connection:
            args = (kind.no, to.no, orjson.dumps(list(ids)).decode())
            for id_, to_id, type_no in connection.execute(sql, args):
                found.setdefault(id_, []).append(Link(id_, to_id, types[type_no]))
        return found

    def move(self, kind: Kind, id_: int, new_id: int) -> None:
        """Give one object's ties to another."""
        with self._database.writing() as connection:
            connection.execute(
                "update or ignore links set id = ? where kind = ? and id = ?",
                (new_id, kind.no, id_),
            )
            connection.execute(
                "update or ignore links set to_id = ? where to_kind = ? and to_id = ?",
                (new_id, kind.no, id_),
            )
        self.drop(kind, [id_])

    def drop(self, kind: Kind, ids: Sequence[int]) -> None:
        """Untie objects from everything."""
        with self._database.writing() as connection:
            for id_ in ids:
                connection.execute("delete from links where kind = ? and id = ?", (kind.no, id_))
                connection.execute(
                    "delete from links where to_kind = ? and to_id = ?", (kind.no, id_)
                )
