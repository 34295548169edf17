"""`data.json`: objects and associations, as HubSpot's API sends them, to begin with. Pure.

The format is in sandbox/README.md. Every fault of a file is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.catalog import Catalog, Kind
from sandbox.hubspot.seed import SeedObject, SeedVersion
from sandbox.hubspot.tool.problems import Place, Report
from sandbox.hubspot.tool.schema import Label
from sandbox.hubspot.values import BadValue, as_text, stored

ID_MAX = 10**15
OBJECT = {"id", "properties", "createdAt", "updatedAt", "archived", "propertiesWithHistory", "raw"}
IGNORED = {"url", "archivedAt", "associations"}  # of an answer of HubSpot's, pasted as it came
VERSION = {"value", "timestamp", "sourceType", "sourceId", "sourceLabel", "updatedByUserId"}
TIE = {"from", "to", "label"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """An association of the file; without a label it is the plain one."""

    from_type: str
    from_id: int
    to_type: str
    to_id: int
    label: str | None


@dataclass(slots=True, kw_only=True)
class Seeds:
    """All that a seed file says."""

    objects: list[SeedObject] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    catalog: Catalog
    labels: tuple[Label, ...]
    report: Report
    at: datetime
    #: (type id, object id) of every object of the file
    there: set[tuple[str, int]] = field(default_factory=set)
    held: dict[tuple[str, str, str], Place] = field(default_factory=dict)

    def objects(self, name: str, entries: object) -> Iterator[SeedObject]:
        kind = self.kind((name,), name)
        if kind is None:
            return
        if not isinstance(entries, list):
            self.report.add((name,), 'write a list of objects: [{"id": "101", "properties": {}}]')
            return
        for n, entry in enumerate(entries):
            place: Place = (name, n)
            if not isinstance(entry, dict):
                self.report.add(place, 'an object is written {"id": "101", "properties": {...}}')
                continue
            yield self.one_object(kind, place, entry)

    def one_object(self, kind: Kind, place: Place, entry: Mapping[str, Any]) -> SeedObject:
        for key in entry:
            if key not in OBJECT | IGNORED:
                self.report.unknown((*place, key), key, OBJECT, "field of an object")
        id_ = self.id((*place, "id") if "id" in entry else place, entry.get("id"))
        if id_ and (kind.type.id, id_) in self.there:
            self.report.add((*place, "id"), f"two {kind.type.plural} have the id {id_}")
        self.there.add((kind.type.id, id_))
        archived = self.flag(place, entry, "archived")
        values = self.values(kind, place, entry, live=not archived)
        created = self.moment(place, entry, "createdAt", self.at)
        return SeedObject(
            object_type=kind.type.id,
            id=str(id_),
            properties=values,
            created_at=created,
            updated_at=self.moment(place, entry, "updatedAt", created),
            history=dict(self.histories(kind, place, entry, values)),
            archived=archived,
        )

    def values(
        self, kind: Kind, place: Place, entry: Mapping[str, Any], *, live: bool
    ) -> dict[str, str | None]:
        given = entry.get("properties", {})
        if not isinstance(given, dict):
            self.report.add((*place, "properties"), "write a table of names and values")
            return {}
        system = {"hs_object_id", kind.type.created, kind.type.modified}
        raw = self.flag(place, entry, "raw")
        found = {}
        for name, value in given.items():
            if name not in system:
                found[name] = self.value(kind, (*place, "properties", name), value, raw=raw)
        for name in kind.type.required:
            if found.get(name) is None and not raw:
                self.report.add(place, f'{name} is required; write it, or "raw": true')
        for name in kind.unique_names() if live else ():
            self._unique(kind, (*place, "properties", name), name, found.get(name))
        return found

    def _unique(self, kind: Kind, place: Place, name: str, value: str | None) -> None:
        if value is None:
            return
        key = (kind.type.id, name, value.lower())
        if key in self.held:
            other = self.held[key]
            self.report.add(place, f"{value!r} is unique, and {other[0]}[{other[1]}] has it too")
        self.held.setdefault(key, place)

    def value(self, kind: Kind, place: Place, given: object, *, raw: bool) -> str | None:
        name = str(place[-1])
        definition = kind.live(name)
        if definition is None:
            what = f"property of {kind.type.plural}"
            self.report.unknown(place, name, kind.definitions, what)
            return None
        try:
            text = as_text(given)
            if text is not None and not _storable(text):
                self.report.add(place, "half of a character (a lone surrogate) is no text")
                return None
            return text if raw or text is None else stored(definition, text)
        except TypeError:
            self.report.add(place, f"{given!r} is no single value; write a text or a number")
        except BadValue as bad:
            text = f'{bad.message} ({definition.type}); to keep it all the same, set "raw": true'
            self.report.add(place, text)
        return None

    def histories(
        self, kind: Kind, place: Place, entry: Mapping[str, Any], values: Mapping[str, str | None]
    ) -> Iterator[tuple[str, tuple[SeedVersion, ...]]]:
        given = entry.get("propertiesWithHistory", {})
        place = (*place, "propertiesWithHistory")
        if not isinstance(given, dict):
            self.report.add(place, "write a table of names and lists of versions")
            return
        for name, versions in given.items():
            where = (*place, name)
            if kind.live(name) is None:
                what = f"property of {kind.type.plural}"
                self.report.unknown(where, name, kind.definitions, what)
            elif not isinstance(versions, list) or not all(isinstance(v, dict) for v in versions):
                self.report.add(where, "write a list of versions, the newest first")
            elif versions and name in values:
                newest = (versions[0].get("value") or "") == (values[name] or "")
                if not newest:
                    self.report.add(where, f"its first version is not the value {values[name]!r}")
                read = [self.version((*where, n), one) for n, one in enumerate(versions)]
                if any(a.at < b.at for a, b in pairwise(read)):
                    self.report.add(where, "write the newest version first")
                yield name, tuple(reversed(read))

    def version(self, place: Place, entry: Mapping[str, Any]) -> SeedVersion:
        for key in entry:
            if key not in VERSION:
                self.report.unknown((*place, key), key, VERSION, "field of a version")
        user = entry.get("updatedByUserId")
        if user is not None and type(user) is not int:
            self.report.add((*place, "updatedByUserId"), f"{user!r} is no number")
            user = None
        source = entry.get("sourceId")
        return SeedVersion(
            value=None if entry.get("value") in {None, ""} else str(entry["value"]),
            at=self.moment(place, entry, "timestamp", self.at),
            source_type=str(entry.get("sourceType", "IMPORT")),
            source_id=None if source is None else str(source),
            user_id=user,
        )

    def tie(self, place: Place, entry: object) -> Tie | None:
        if not isinstance(entry, dict) or not {"from", "to"} <= entry.keys():
            self.report.add(place, 'write {"from": "contacts/101", "to": "companies/201"}')
            return None
        for key in entry:
            if key not in TIE:
                self.report.unknown((*place, key), key, TIE, "field of an association")
        ends = [self.end((*place, key), entry[key]) for key in ("from", "to")]
        if ends[0] is None or ends[1] is None:
            return None
        (kind, id_), (to, to_id) = ends[0], ends[1]
        label = entry.get("label")
        known = {
            text
            for one in self.labels
            for a, b, text in (
                (one.from_type, one.to_type, one.label),
                (one.to_type, one.from_type, one.inverse or one.label),
            )
            if (a, b) == (kind.type.plural, to.type.plural)
        }
        if label is not None and label not in known:
            what = f"label from {kind.type.plural} to {to.type.plural} of the schema"
            self.report.unknown((*place, "label"), str(label), known, what)
        return Tie(
            from_type=kind.type.id, from_id=id_, to_type=to.type.id, to_id=to_id, label=label
        )

    def end(self, place: Place, given: object) -> tuple[Kind, int] | None:
        name, slash, key = str(given).partition("/")
        if not slash or not isinstance(given, str):
            self.report.add(place, f'{given!r} is no end; write it as "contacts/101"')
            return None
        kind = self.kind(place, name)
        id_ = self.id(place, key)
        if kind is None or not id_:
            return None
        if (kind.type.id, id_) not in self.there:
            self.report.add(place, f"the file has no object {given}; add it, or leave this out")
            return None
        return kind, id_

    def kind(self, place: Place, name: str) -> Kind | None:
        try:
            return self.catalog.named(name)
        except errors.ApiError:
            known = {kind.type.plural for kind in self.catalog.kinds()}
            self.report.unknown(place, name, known, "object type of this account")
            return None

    def id(self, place: Place, given: object) -> int:
        """The id, or 0 with a fault told."""
        text = str(given)
        if isinstance(given, bool) or not (text.isascii() and text.isdigit()):
            told = "id is missing" if given is None else f"{given!r} is no id"
            self.report.add(place, f'{told}; write digits in quotes: "id": "101"')
            return 0
        if not 0 < int(text) < ID_MAX:
            self.report.add(place, f"{text} is no id; write one from 1 up, of 15 digits at most")
            return 0
        return int(text)

    def flag(self, place: Place, entry: Mapping[str, Any], key: str) -> bool:
        value = entry.get(key, False)
        if not isinstance(value, bool):
            self.report.add((*place, key), f"{value!r} is neither true nor false")
        return value is True

    def moment(self, place: Place, entry: Mapping[str, Any], key: str, usual: datetime) -> datetime:
        given = entry.get(key)
        if given is None:
            return usual
        try:
            moment = datetime.fromisoformat(str(given))
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.report.add((*place, key), f"{given!r} is no time; write 2026-11-23T12:00:00Z")
            return usual


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(
    body: object, report: Report, catalog: Catalog, labels: tuple[Label, ...], at: datetime
) -> Seeds:
    """The objects and associations of a file; `at` dates those without a time of their own.

    Raises:
        Unusable: with every fault of the file.
    """
    seeds = Seeds()
    if not isinstance(body, dict):
        report.add((), 'write an object: {"contacts": [...], "associations": [...]}')
        report.raise_all()
        return seeds
    reader = _Reader(catalog, labels, report, at)
    for name, entries in body.items():
        if name != "associations":
            seeds.objects += reader.objects(name, entries)
    ties = body.get("associations", [])
    if not isinstance(ties, list):
        report.add(("associations",), "write a list of associations")
        ties = []
    read_ties = [reader.tie(("associations", n), entry) for n, entry in enumerate(ties)]
    seeds.ties += [tie for tie in read_ties if tie is not None]
    report.raise_all()
    return seeds
