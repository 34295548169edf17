"""Associations: which object is tied to which, by which kind of tie, kept both ways."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from sandbox.hubspot import errors
from sandbox.hubspot.catalog import Catalog, Kind
from sandbox.hubspot.database import Database
from sandbox.hubspot.rows import Source
from sandbox.hubspot.standard.ties import PRIMARY, BuiltIn, built_in

TIE = "kind = ? and to_kind = ? and id = ? and to_id = ? and type_no = ?"
HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType:
    """One direction of one kind of tie."""

    no: int
    category: str
    type_id: int
    name: str | None
    label: str | None
    inverse: int

    @property
    def primary(self) -> bool:
        """Whether an object has at most one tie of this kind."""
        return self.category == HUBSPOT and self.type_id in PRIMARY


@dataclass(frozen=True, slots=True)
class Link:
    """One tie, seen from `id`."""

    id: int
    to_id: int
    type: LinkType


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A tie that was made or undone, seen from one end."""

    kind: Kind
    to: Kind
    link: Link
    removed: bool
    source: Source


class Links:
    """Reads and writes over the tables `association_types` and `links`."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._types: dict[tuple[int, int], list[LinkType]] = {}
        self._limits: dict[int, int] | None = None
        self.listeners: list[Callable[[Sequence[LinkChange]], None]] = []

    def types(self, kind: Kind, to: Kind) -> list[LinkType]:
        """Every kind of tie from one object type to another, the unlabelled one first.

        Two of HubSpot's own types may have none.
        """
        known = self._types.get((kind.no, to.no))
        if known is None:
            known = self._stored(kind, to)
            if not known:
                self._define_first(kind, to)
                known = self._stored(kind, to)
            self._types[kind.no, to.no] = known
        return known

    def _define_first(self, kind: Kind, to: Kind) -> None:
        if kind.type.custom or to.type.custom:
            self.define(kind, to, name=None, label=None, inverse_label=None)
            return
        there = built_in(kind.type.id, to.type.id)
        back = [] if kind is to else built_in(to.type.id, kind.type.id)
        with self._database.writing() as connection:
            first = self._next_no(connection)
            nos = {one.number: first + n for n, one in enumerate((*there, *back))}
            for ends, found in (((kind, to), there), ((to, kind), back)):
                for one in found:
                    self._insert(connection, *ends, _link_type(one, nos))

    def _next_no(self, connection: sqlite3.Connection) -> int:
        last = connection.execute("select coalesce(max(no), 0) from association_types")
        return int(last.fetchone()[0]) + 1

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
        """The unlabelled tie, made when first asked for. Raises ApiError 400 when there is none."""
        found = self.types(kind, to)
        if not found:
            ends = f"{kind.type.name.upper()} and {to.type.name.upper()}"
            raise errors.validation(f"No default association exists between {ends}")
        return found[0]

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
            no = self._next_no(connection)
            back = no if kind is to else no + 1
            there = _account_type(no, name, label, back)
            self._insert(connection, kind, to, there)
            if kind is not to:
                self._insert(
                    connection, to, kind, _account_type(back, name, inverse_label or label, no)
                )
        self._types.clear()
        return there

    def rename(self, link_type: LinkType, label: str, inverse_label: str | None) -> None:
        """Give a label of the account another text."""
        sql = "update association_types set label = ? where no = ?"
        with self._database.writing() as connection:
            connection.execute(sql, (label, link_type.no))
            if inverse_label is not None and link_type.inverse != link_type.no:
                connection.execute(sql, (inverse_label, link_type.inverse))
        self._types.clear()

    def most(self, link_type: LinkType) -> int | None:
        """How many ties of a kind one object may have; None: as many as there are."""
        return self._most().get(link_type.no)

    def limit(self, link_type: LinkType, most: int | None) -> None:
        """Allow so many ties of a kind, or as many as there are."""
        with self._database.writing() as connection:
            connection.execute("delete from association_limits where no = ?", (link_type.no,))
            if most is not None:
                sql = "insert into association_limits values (?, ?)"
                connection.execute(sql, (link_type.no, most))
        self._limits = None

    def _most(self) -> dict[int, int]:
        if self._limits is None:
            with self._database.looking() as connection:
                self._limits = dict(connection.execute("select no, most from association_limits"))
        return self._limits

    def forget(self, link_type: LinkType) -> None:
        """End a kind of tie, with every tie of it."""
        with self._database.writing() as connection:
            for no in {link_type.no, link_type.inverse}:
                connection.execute("delete from links where type_no = ?", (no,))
                connection.execute("delete from association_types where no = ?", (no,))
        self._types.clear()

    def _insert(self, connection: sqlite3.Connection, kind: Kind, to: Kind, t: LinkType) -> None:
        connection.execute(
            "insert into association_types values (?, ?, ?, ?, ?, ?, ?, ?)",
            (t.no, kind.no, to.no, t.category, t.type_id, t.name, t.label, t.inverse),
        )

    def put(
        self, kind: Kind, to: Kind, links: Iterable[tuple[int, int, LinkType]], source: Source
    ) -> None:
        """Tie objects: (id, to id, type). A labelled tie brings the unlabelled one along."""
        plain = self.default(kind, to)
        made: list[Link] = []
        undone: list[Link] = []
        with self._database.writing() as connection:
            for id_, to_id, link_type in links:
                undone += self._displaced(connection, kind, to, Link(id_, to_id, link_type))
                for t in {plain.no: plain, link_type.no: link_type}.values():
                    link = Link(id_, to_id, t)
                    sql = "insert or ignore into links values (?, ?, ?, ?, ?)"
                    if connection.execute(sql, (kind.no, to.no, id_, to_id, t.no)).rowcount:
                        made.append(link)
                    connection.execute(sql, (to.no, kind.no, to_id, id_, t.inverse))
                    self._within(connection, (kind.no, to.no, id_, t.no))
                    self._within(connection, (to.no, kind.no, to_id, t.inverse))
        self._tell(kind, to, undone, source, removed=True)
        self._tell(kind, to, made, source, removed=False)

    def _within(self, connection: sqlite3.Connection, held: tuple[int, int, int, int]) -> None:
        """Raises ApiError 400 when an object has more ties of a kind than the account allows."""
        most = self._most().get(held[3])
        if most is None:
            return
        sql = "select count(*) from links where kind = ? and to_kind = ? and id = ? and type_no = ?"
        (count,) = connection.execute(sql, held).fetchone()
        if count > most:
            raise errors.validation(
                f"Object {held[2]} has {most} associations of this type already, its limit"
            )

    def _displaced(
        self, connection: sqlite3.Connection, kind: Kind, to: Kind, link: Link
    ) -> list[Link]:
        """Undo the primary tie that a new one takes the place of, seen from `kind`."""
        forth = link.type.primary
        back = next((t for t in self.types(to, kind) if t.no == link.type.inverse), link.type)
        if not forth and not back.primary:
            return []
        end, no = (link.id, link.type.no) if forth else (link.to_id, back.no)
        pair = (kind.no, to.no) if forth else (to.no, kind.no)
        sql = "select to_id from links where kind = ? and to_kind = ? and id = ? and type_no = ?"
        held = [row[0] for row in connection.execute(sql, (*pair, end, no))]
        old = [Link(end, o, link.type) if forth else Link(o, end, link.type) for o in held]
        gone = [one for one in old if (one.id, one.to_id) != (link.id, link.to_id)]
        for one in gone:
            self._delete(connection, kind, to, one)
        return gone

    def remove(
        self,
        kind: Kind,
        to: Kind,
        pairs: Iterable[tuple[int, int]],
        source: Source,
        only: LinkType | None = None,
    ) -> None:
        """Untie objects altogether, or take one label off them."""
        undone: list[Link] = []
        with self._database.writing() as connection:
            for id_, to_id in pairs:
                for t in [only] if only else self.types(kind, to):
                    link = Link(id_, to_id, t)
                    if self._delete(connection, kind, to, link):
                        undone.append(link)
        self._tell(kind, to, undone, source, removed=True)

    def _delete(self, connection: sqlite3.Connection, kind: Kind, to: Kind, link: Link) -> bool:
        sql = f"delete from links where {TIE}"  # noqa: S608 - ours
        there = (kind.no, to.no, link.id, link.to_id, link.type.no)
        connection.execute(sql, (to.no, kind.no, link.to_id, link.id, link.type.inverse))
        return bool(connection.execute(sql, there).rowcount)

    def _tell(
        self, kind: Kind, to: Kind, links: Sequence[Link], source: Source, *, removed: bool
    ) -> None:
        """Each tie once from either end."""
        if not links or not self.listeners:
            return
        other = {t.no: t for t in self.types(to, kind)}
        changes = []
        for link in links:
            back = Link(link.to_id, link.id, other[link.type.inverse])
            for ends, one in (((kind, to), link), ((to, kind), back)):
                changes.append(
                    LinkChange(kind=ends[0], to=ends[1], link=one, removed=removed, source=source)
                )
        for listener in self.listeners:
            listener(changes)

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
        """Give one object's ties to another, which keeps the primary ones that it has."""
        with self._database.writing() as connection:
            for tie in self._second_primaries(connection, kind, id_, new_id):
                connection.execute(f"delete from links where {TIE}", tie)  # noqa: S608 - ours
            connection.execute(
                "update or ignore links set id = ? where kind = ? and id = ?",
                (new_id, kind.no, id_),
            )
            connection.execute(
                "update or ignore links set to_id = ? where to_kind = ? and to_id = ?",
                (new_id, kind.no, id_),
            )
        self.drop(kind, [id_])

    @staticmethod
    def _second_primaries(
        connection: sqlite3.Connection, kind: Kind, id_: int, new_id: int
    ) -> list[tuple[int, int, int, int, int]]:
        """The primary ties of one object of which another has one, as rows of both directions."""
        numbers = ", ".join(map(str, sorted(PRIMARY)))
        sql = (
            "select l.to_kind, l.to_id, l.type_no, t.inverse from links l"  # noqa: S608 - numbers
            " join association_types t on t.no = l.type_no"
            f" where l.kind = ? and l.id = ? and t.category = ? and t.type_id in ({numbers})"
            " and exists (select 1 from links h where h.kind = l.kind and h.id = ?"
            " and h.to_kind = l.to_kind and h.type_no = l.type_no)"
        )
        found = connection.execute(sql, (kind.no, id_, HUBSPOT, new_id)).fetchall()
        there = [(kind.no, to, id_, to_id, no) for to, to_id, no, _ in found]
        return there + [(to, kind.no, to_id, id_, back) for to, to_id, _, back in found]

    def drop(self, kind: Kind, ids: Sequence[int]) -> None:
        """Untie objects from everything."""
        with self._database.writing() as connection:
            for id_ in ids:
                connection.execute("delete from links where kind = ? and id = ?", (kind.no, id_))
                connection.execute(
                    "delete from links where to_kind = ? and to_id = ?", (kind.no, id_)
                )


def _account_type(no: int, name: str | None, label: str | None, inverse: int) -> LinkType:
    """A kind of tie that this account made: its number is the account's own."""
    return LinkType(no=no, category=USER, type_id=no, name=name, label=label, inverse=inverse)


def _link_type(one: BuiltIn, nos: dict[int, int]) -> LinkType:
    return LinkType(
        no=nos[one.number],
        category=HUBSPOT,
        type_id=one.number,
        name=one.name,
        label=one.label,
        inverse=nos[one.back],
    )
