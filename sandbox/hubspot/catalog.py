"""Object types, their properties and their association types, in memory over the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from sandbox.hubspot import errors, system
from sandbox.hubspot.database import Database
from sandbox.hubspot.definitions import Definition, from_json, to_json
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.portal import Portal

COLUMNS_KEPT = 1_000


@dataclass(slots=True, kw_only=True)
class Kind:
    """An object type with its number in the database and its live and archived properties."""

    no: int
    type: ObjectType
    created_at: int = 0
    updated_at: int = 0
    archived_at: int | None = None
    definitions: dict[str, Definition] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)  # name -> label, in the order shown
    _columns: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    _unique: list[str] | None = None

    def define(self, definition: Definition) -> None:
        """Add or replace a property."""
        self.definitions[definition.name] = definition
        if definition.group:
            self.groups.setdefault(
                definition.group, definition.group.replace("_", " ").capitalize()
            )
        self._columns.clear()
        self._unique = None

    def live(self, name: str) -> Definition | None:
        """The property, unless it does not exist or is archived."""
        found = self.definitions.get(name)
        return found if found and found.archived_at is None else None

    def unique_names(self) -> list[str]:
        """Properties of which no two objects may share a value."""
        if self._unique is None:
            live = (d for d in self.definitions.values() if d.archived_at is None)
            names = [d.name for d in live if d.unique]
            self._unique = ["email", *names] if self.type.id == "0-1" else names
        return self._unique

    def columns(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """The properties that a read sends: the asked ones beside the system's, in order of name.

        Names that the account does not have are left out.
        """
        known = self._columns.get(asked)
        if known is None:
            names = {*(asked or self.type.defaults), "hs_object_id"}
            names |= {self.type.created, self.type.modified}
            known = tuple(name for name in sorted(names) if self.live(name) is not None)
            if len(self._columns) < COLUMNS_KEPT:
                self._columns[asked] = known
        return known


class Catalog:
    """What this account has. Filled from the portal at the first start."""

    def __init__(self, database: Database, portal: Portal, *, at: int) -> None:
        self._database = database
        self.portal = portal
        self._kinds: dict[int, Kind] = {}
        self._names: dict[str, Kind] = {}
        self._load()
        known = {kind.type.id for kind in self._kinds.values()}
        with database.writing():
            for object_type in portal.object_types():
                if object_type.id not in known:  # also what a state of an earlier version lacks
                    self.add(object_type, at=at)

    def kind(self, name: str) -> Kind:
        """By id or by name, but not by a custom type's bare name. Raises ApiError 400."""
        found = self._names.get(name.lower())
        if found is None or found.archived_at is not None:
            raise errors.unknown_object_type(name)
        return found

    def named(self, name: str) -> Kind:
        """By any name, the bare one of a custom type too: for files and controls, not requests."""
        return self.kind(name if name.lower() in self._names else f"p_{name}")

    def by_no(self, no: int) -> Kind:
        """By the number that the database uses."""
        return self._kinds[no]

    def kinds(self) -> list[Kind]:
        """All object types, oldest first."""
        return list(self._kinds.values())

    def full_name(self, kind: Kind) -> str:
        """`p{portal}_{name}` for a custom object, the upper-case name for HubSpot's own."""
        if kind.type.custom:
            return f"p{self.portal.id}_{kind.type.name}"
        return kind.type.name.upper()

    def word(self, kind: Kind) -> str:
        """What HubSpot's messages call one object: `contact`, or a custom type's full name."""
        return self.full_name(kind) if kind.type.custom else kind.type.name

    def add(self, object_type: ObjectType, *, at: int) -> Kind:
        """A new object type with its properties."""
        kind = Kind(no=len(self._kinds) + 1, type=object_type, created_at=at, updated_at=at)
        with self._database.writing():
            self.save(kind)
            groups = [d.group for d in object_type.definitions if d.group]
            group = groups[0] if groups else ""
            for definition in (
                *object_type.definitions,
                *system.definitions(object_type.id, group),
            ):
                self.put(kind, definition, at=at)
        self._remember(kind)
        return kind

    def save(self, kind: Kind) -> None:
        """Write the object type itself down."""
        body = {
            "type": {**asdict(kind.type), "definitions": []},
            "created_at": kind.created_at,
            "updated_at": kind.updated_at,
            "archived_at": kind.archived_at,
            "groups": kind.groups,
        }
        with self._database.writing() as connection:
            connection.execute(
                "insert or replace into kinds values (?, ?, ?)",
                (kind.no, kind.type.id, orjson.dumps(body).decode()),
            )

    def put(self, kind: Kind, definition: Definition, *, at: int | None = None) -> Definition:
        """Add or replace a property; `at` stamps a new one."""
        if at is not None:
            stamped = to_json(definition) | {"created_at": at, "updated_at": at}
            definition = from_json(stamped)
        with self._database.writing() as connection:
            connection.execute(
                "insert or replace into definitions values (?, ?, ?)",
                (kind.no, definition.name, orjson.dumps(to_json(definition)).decode()),
            )
        kind.define(definition)
        return definition

    def _load(self) -> None:
        with self._database.looking() as connection:
            kinds = connection.execute("select kind, body from kinds order by kind").fetchall()
            stored = connection.execute("select kind, body from definitions").fetchall()
        for no, body in kinds:
            self._remember(_kind(no, orjson.loads(body)))
        for no, body in stored:
            definition = from_json(orjson.loads(body))
            self._kinds[no].define(definition)

    def _remember(self, kind: Kind) -> None:
        self._kinds[kind.no] = kind
        t = kind.type
        own = {f"p_{t.name}"} if t.custom else {t.name, t.plural, t.plural.replace("_", " ")}
        for name in {t.id, self.full_name(kind), *own}:
            self._names[name.lower()] = kind


def _kind(no: int, body: dict[str, Any]) -> Kind:
    fields = body.pop("type")
    lists = {k: tuple(v) for k, v in fields.items() if isinstance(v, list)}
    return Kind(no=no, type=ObjectType(**{**fields, **lists}), **body)
