"""`my-portal.toml`: the account, its custom object types and the properties it added. Pure.

The format is in sandbox/README.md. Every fault of a file is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.hubspot.definitions import FIELD_TYPES, NAME, TYPES, UNIQUE_MAX, Definition
from sandbox.hubspot.handlers.labels import NAME as LABEL_NAME
from sandbox.hubspot.limits import TIERS
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.tool.problems import Place, Report, dotted

TOKEN = "pat-na1-local"
FIRST_TYPE = 7_000_001
NAMING = "a name is lower-case letters, digits and _, and begins with a letter"
ACCOUNT = {"id", "token", "app_id", "app_name", "scopes", "tier", "people"}
CUSTOM = {"id", "primary", "required", "properties", "rules"}
STANDARD = {"properties", "rules"}
RULE = {"require", "when", "values"}
PROPERTY = {
    "type",
    "field_type",
    "label",
    "group",
    "description",
    "options",
    "unique",
    "read_only",
}
ASSOCIATION = {"from", "to", "label", "name", "inverse"}
_TYPE_ID = re.compile(r"2-[1-9]\d{0,9}")
_SYSTEM = {
    "hs_object_id": ("number", "number"),
    "hs_createdate": ("datetime", "date"),
    "hs_lastmodifieddate": ("datetime", "date"),
    "hs_merged_object_ids": ("string", "text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A labelled association that the account defines."""

    from_type: str
    to_type: str
    name: str
    label: str
    inverse: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRule:
    """What an admin requires of the records of a type; see `rules.Rule`."""

    type: str
    require: str
    when: str | None
    values: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPortal(Portal):
    """An account made of a file: HubSpot's own object types, and those of the file."""

    types: tuple[ObjectType, ...] = ()

    def object_types(self) -> tuple[ObjectType, ...]:
        """The object types that a new sandbox starts with."""
        return self.types


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All that a schema file says."""

    portal: SchemaPortal
    token: str = TOKEN
    scopes: frozenset[str] = ALL
    tier: str = "professional"
    labels: tuple[Label, ...] = ()
    rules: tuple[RecordRule, ...] = ()


def standard() -> tuple[ObjectType, ...]:
    """HubSpot's own object types with HubSpot's own properties."""
    return tuple(
        replace(t, definitions=tuple(d for d in t.definitions if d.hubspot_defined))
        for t in Portal(with_marker=False).object_types()
        if not t.custom
    )


def plain() -> Schema:
    """The account of who gives no file: HubSpot's own object types, and nothing else."""
    return Schema(portal=_portal(standard(), {}))


def read(body: Mapping[str, Any], report: Report) -> Schema:
    """The account that a file describes; raises Unusable with every fault."""
    _known(report, (), body, {"account", "objects", "associations"}, "section")
    account = _table(report, (), body, "account")
    _known(report, ("account",), account, ACCOUNT, "setting of the account")
    objects = _table(report, (), body, "objects")
    types = _types(report, objects)
    labels = _labels(report, body.get("associations", []), types)
    made = Schema(
        portal=_portal(types, _identity(report, account)),
        token=_text(report, ("account",), account, "token", TOKEN),
        scopes=frozenset(_scopes(report, account)),
        tier=_one_of(report, ("account", "tier"), account.get("tier", "professional"), TIERS),
        labels=tuple(labels),
        rules=tuple(_rules(report, objects, types)),
    )
    report.raise_all()
    return made


def _portal(types: tuple[ObjectType, ...], identity: Mapping[str, Any]) -> SchemaPortal:
    given = {"app_name": "Sandbox app", **identity}
    # an account of a file has no property that HubSpot copies from object to object
    return SchemaPortal(types=types, rollup_from="", rollup_to="", rollup_names=(), **given)


def _identity(report: Report, account: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("id", "app_id"):
        value = account.get(name)
        if value is not None and (type(value) is not int or value < 1):
            report.add(("account", name), f"{value!r} is no number; write one from 1 up")
        elif value is not None:
            found[name] = value
    if "app_name" in account:
        found["app_name"] = _text(report, ("account",), account, "app_name", "")
    people = _table(report, ("account",), account, "people")
    if people:
        found["people"] = {}
        for user, email in people.items():
            place = ("account", "people", user)
            if not user.isdigit() or not isinstance(email, str):
                report.add(place, 'write a user id and an e-mail: 61000001 = "ada@example.test"')
            else:
                found["people"][int(user)] = email
    return found


def _scopes(report: Report, account: Mapping[str, Any]) -> Iterable[str]:
    given = account.get("scopes")
    if given is None:
        return ALL
    names = _names(report, ("account", "scopes"), given)
    for n, name in enumerate(names):
        if name not in ALL:
            report.unknown(("account", "scopes", n), name, ALL, "scope")
    return names


def _types(report: Report, objects: Mapping[str, Any]) -> tuple[ObjectType, ...]:
    found = {t.plural: t for t in standard()}
    taken: dict[str, str] = {t.id: name for name, t in found.items()}
    next_id = FIRST_TYPE
    for name in objects:
        place: Place = ("objects", name)
        entry = _table(report, ("objects",), objects, name)
        if name in found:
            _known(report, place, entry, STANDARD, "setting of a HubSpot object type")
            own = _definitions(report, place, entry, found[name])
            found[name] = replace(found[name], definitions=(*found[name].definitions, *own))
            continue
        while f"2-{next_id}" in taken:
            next_id += 1
        made = _custom(report, name, entry, f"2-{next_id}")
        if made.id in taken:
            report.add((*place, "id"), f"{made.id} is the id of {taken[made.id]}; choose another")
        taken[made.id] = name
        found[name] = made
    return tuple(found.values())


def _custom(report: Report, name: str, entry: Mapping[str, Any], free_id: str) -> ObjectType:
    place: Place = ("objects", name)
    if not NAME.fullmatch(name):
        report.add(place, NAMING)
    _known(report, place, entry, CUSTOM, "setting of an object type")
    id_ = _text(report, place, entry, "id", free_id)
    if not _TYPE_ID.fullmatch(id_):
        report.add((*place, "id"), f"{id_!r} is no id of a custom object; write one as 2-7001")
    system = tuple(
        Definition(name=n, type=t, field_type=f, read_only=True, hubspot_defined=True)
        for n, (t, f) in _SYSTEM.items()
    )
    made = ObjectType(
        id=id_,
        name=name,
        plural=name,
        custom=True,
        definitions=system,
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    )
    own = _definitions(report, place, entry, made)
    if not own:
        report.add(place, f"a custom object needs a property: [objects.{name}.properties]")
        return made
    names = {d.name for d in own}
    primary = _text(report, place, entry, "primary", own[0].name)
    required = _names(report, (*place, "required"), entry.get("required", []))
    for where, one in [((*place, "primary"), primary)] + [
        ((*place, "required", n), one) for n, one in enumerate(required)
    ]:
        if one not in names:
            report.unknown(where, one, names, f"property of {name}")
    return replace(made, definitions=(*system, *own), primary=primary, required=tuple(required))


def _definitions(
    report: Report, place: Place, entry: Mapping[str, Any], of: ObjectType
) -> list[Definition]:
    given = _table(report, place, entry, "properties")
    there = {d.name for d in of.definitions}
    group = "contactinformation" if of.name == "contact" else f"{of.name}_information"
    found = []
    for name, spec in given.items():
        where = (*place, "properties", name)
        if not NAME.fullmatch(name):
            report.add(
                where, "a name is lower-case letters, digits and _, and begins with a letter"
            )
        if name in there:
            report.add(where, f"HubSpot has this property on {of.plural} already; leave it out")
            continue
        fields = {"type": spec} if isinstance(spec, str) else spec
        if not isinstance(fields, dict):
            report.add(where, 'write a type, as "number", or a table: { type = "number" }')
            continue
        _known(report, where, fields, PROPERTY, "setting of a property")
        found.append(_definition(report, where, name, fields, group))
    if sum(d.unique for d in found) > UNIQUE_MAX:
        report.add((*place, "properties"), f"HubSpot allows {UNIQUE_MAX} unique properties")
    return found


def _definition(
    report: Report, place: Place, name: str, fields: Mapping[str, Any], group: str
) -> Definition:
    type_ = _one_of(report, (*place, "type"), fields.get("type", "string"), TYPES)
    options = _options(report, (*place, "options"), fields.get("options", []))
    if type_ == "enumeration" and not options and "options" not in fields:
        report.add(place, 'an enumeration needs options = ["one", "two"]')
    usual = {"enumeration": "select", "string": "text", "bool": "booleancheckbox"}
    kinds = FIELD_TYPES.get(type_, ())
    first = usual.get(type_, kinds[0] if kinds else "text")
    field_type = fields.get("field_type", first)
    if kinds:
        field_type = _one_of(report, (*place, "field_type"), field_type, kinds)
    for flag in ("unique", "read_only"):
        if not isinstance(fields.get(flag, False), bool):
            report.add((*place, flag), f"{fields[flag]!r} is neither true nor false")
    return Definition(
        name=name,
        label=_text(report, place, fields, "label", name.replace("_", " ").capitalize()),
        type=type_,
        field_type=str(field_type),
        group=_text(report, place, fields, "group", group),
        description=_text(report, place, fields, "description", ""),
        options=options,
        unique=fields.get("unique") is True,
        read_only=fields.get("read_only") is True,
    )


def _options(report: Report, place: Place, given: object) -> tuple[tuple[str, str], ...]:
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list):
        pairs = [(one, one) for one in given]
    else:
        report.add(place, 'write a list of values, or a table of values and labels: { a = "A" }')
        return ()
    for n, (value, label) in enumerate(pairs):
        if not isinstance(value, str) or not value or not isinstance(label, str):
            report.add((*place, n), f"{value!r} is no text; HubSpot's options are texts")
    values = [value for value, _ in pairs]
    if any(values.count(value) > 1 for value in values):
        report.add(place, "an option stands twice; keep one of them")
    return tuple((str(value), str(label)) for value, label in pairs)


def _rules(
    report: Report, objects: Mapping[str, Any], types: Iterable[ObjectType]
) -> Iterator[RecordRule]:
    properties = {t.plural: {d.name for d in t.definitions} for t in types}
    for name, entry in objects.items():
        given = entry.get("rules", []) if isinstance(entry, dict) else []
        where: Place = ("objects", name, "rules")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            report.add(where, f"write each of them as [[objects.{name}.rules]]")
            continue
        for n, rule in enumerate(given):
            place = (*where, n)
            _known(report, place, rule, RULE, "setting of a rule")
            require = _text(report, place, rule, "require", None)
            when = _text(report, place, rule, "when", "") or None
            for key, one in (("require", require), ("when", when)):
                if one and one not in properties.get(name, ()):
                    what = f"property of {name}"
                    report.unknown((*place, key), one, properties.get(name, ()), what)
            values = _names(report, (*place, "values"), rule.get("values", []))
            if (when is None) is bool(values):
                report.add(place, 'when and values belong together: values = ["one"]')
            yield RecordRule(type=name, require=require, when=when, values=frozenset(values))


def _labels(report: Report, given: object, types: Iterable[ObjectType]) -> list[Label]:
    known = {t.plural for t in types}
    if not isinstance(given, list):
        report.add(("associations",), "write each of them as [[associations]]")
        return []
    found: list[Label] = []
    for n, entry in enumerate(given):
        place: Place = ("associations", n)
        if not isinstance(entry, dict):
            report.add(place, "write it as [[associations]] with from, to and label")
            continue
        _known(report, place, entry, ASSOCIATION, "setting of an association")
        ends = [_text(report, place, entry, key, None) for key in ("from", "to")]
        for key, end in zip(("from", "to"), ends, strict=True):
            if end and end not in known:
                report.unknown((*place, key), end, known, "object type")
        label = _text(report, place, entry, "label", None)
        usual = re.sub(r"\W+", "_", label.lower()).strip("_")
        name = _text(report, place, entry, "name", usual)
        if name and not LABEL_NAME.fullmatch(name):
            report.add((*place, "name"), f"{name!r}: letters, digits and _, no digit at first")
        inverse = _text(report, place, entry, "inverse", "") or None
        made = Label(from_type=ends[0], to_type=ends[1], name=name, label=label, inverse=inverse)
        if any({ends[0], ends[1]} == {o.from_type, o.to_type} and o.name == name for o in found):
            report.add((*place, "label"), f"{label!r} between these types stands twice")
        found.append(made)
    return found


def _known(
    report: Report, place: Place, given: Mapping[str, Any], known: Iterable[str], what: str
) -> None:
    names = set(known)
    for key in given:
        if key not in names:
            report.unknown((*place, key), key, names, what)


def _table(report: Report, place: Place, body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key, {})
    if isinstance(value, dict):
        return value
    report.add((*place, key), f"{value!r} is no table; write [{dotted((*place, key))}]")
    return {}


def _text(
    report: Report, place: Place, body: Mapping[str, Any], key: str, usual: str | None
) -> str:
    """A text; `usual` when it is missing, a fault when there is no usual one."""
    value = body.get(key, usual)
    if value is None:
        report.add(place, f'{key} is missing; write {key} = "..."')
        return ""
    if not isinstance(value, str) or (not value and usual != ""):
        report.add((*place, key), f"{value!r} is no text; write it in quotes")
        return ""
    return value


def _names(report: Report, place: Place, given: object) -> list[str]:
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return given
    report.add(place, f'{given!r} is no list of names; write ["one", "two"]')
    return []


def _one_of(report: Report, place: Place, given: object, known: Iterable[str]) -> str:
    names = list(known)
    if given not in names:
        report.unknown(place, str(given), names, str(place[-1]).replace("_", " "))
        return ""
    return str(given)
