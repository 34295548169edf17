"""Custom object types."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import definitions, errors, inputs
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.definitions import NAME, Definition
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.handlers.properties import show as show_property
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.standard import ties
from sandbox.hubspot.values import iso

FIRST_TYPE = 50_158_916
#: HubSpot lets every custom object be associated with these
ACTIVITIES = frozenset({ties.CALL, ties.EMAIL, ties.MEETING, ties.NOTE, ties.TASK})


def page(desk: Desk, call: Call) -> Answer:
    archived = call.flag("archived")
    found = [
        kind
        for kind in desk.catalog.kinds()
        if kind.type.custom and (kind.archived_at is not None) is archived
    ]
    return Answer(200, {"results": [_show(desk, kind) for kind in found]})


def get(desk: Desk, call: Call) -> Answer:
    return Answer(200, _show(desk, desk.kind(call)))


def create(desk: Desk, call: Call) -> Answer:
    body = call.json()
    name = inputs.optional_text(body, "name") or ""
    if not NAME.fullmatch(name):
        raise errors.validation(f'The object type name "{name}" is not valid.')
    if any(kind.type.name == name for kind in desk.catalog.kinds()):
        raise errors.conflict(f"An object type named {name} already exists.")
    at = desk.store.now_ms()
    own = _properties(body, at)
    known = {one.name for one in own}
    required = tuple(inputs.names(body, "requiredProperties"))
    primary = inputs.optional_text(body, "primaryDisplayProperty") or own[0].name
    if not known.issuperset({*required, primary}):
        raise errors.validation("requiredProperties and primaryDisplayProperty must be properties")
    associated = tuple(inputs.names(body, "associatedObjects"))
    for other in associated:
        desk.catalog.kind(other)  # raises for a type that there is not
    numbers = [int(k.type.id[2:]) for k in desk.catalog.kinds() if k.type.custom]
    kind = desk.catalog.add(
        ObjectType(
            id=f"2-{max([FIRST_TYPE - 1, *numbers]) + 1}",
            name=name,
            plural=name,
            custom=True,
            primary=primary,
            required=required,
            associated=associated,
            defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
            definitions=(*_system(), *own),
        ),
        at=at,
    )
    return Answer(201, _show(desk, kind))


def archive(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    if not kind.type.custom:
        raise errors.validation(f"{kind.type.name} cannot be archived")
    if desk.store.page(kind, after=0, limit=1, archived=False):
        raise errors.validation("Only object types without objects can be archived")
    kind.archived_at = desk.store.now_ms()
    desk.catalog.save(kind)
    return Answer(204)


def _properties(body: dict[str, Any], at: int) -> list[Definition]:
    raw = body.get("properties")
    if not isinstance(raw, list) or not raw or not all(isinstance(one, dict) for one in raw):
        raise errors.invalid_json(": Some required fields were not set: [properties]")
    group = f"{body['name']}_information"
    return [definitions.from_wire({"groupName": group, **one}, at=at) for one in raw]


def _system() -> tuple[Definition, ...]:
    names = {
        "hs_object_id": ("number", "number"),
        "hs_createdate": ("datetime", "date"),
        "hs_lastmodifieddate": ("datetime", "date"),
        "hs_merged_object_ids": ("string", "text"),
    }
    return tuple(
        Definition(name=name, type=type_, field_type=field, read_only=True, hubspot_defined=True)
        for name, (type_, field) in names.items()
    )


def _show(desk: Desk, kind: Kind) -> dict[str, Any]:
    t = kind.type
    word = t.name.replace("_", " ").capitalize()
    return {
        "labels": {"singular": word.removesuffix("s"), "plural": word},
        "requiredProperties": list(t.required),
        "searchableProperties": [t.primary],
        "primaryDisplayProperty": t.primary,
        "secondaryDisplayProperties": [],
        "allowsSensitiveProperties": False,
        "archived": kind.archived_at is not None,
        "id": t.id.removeprefix("2-"),
        "fullyQualifiedName": desk.catalog.full_name(kind),
        "createdAt": iso(kind.created_at),
        "updatedAt": iso(kind.updated_at),
        "objectTypeId": t.id,
        "properties": [
            show_property(d) for d in kind.definitions.values() if d.archived_at is None
        ],
        "associations": _associations(desk, kind),
        "name": t.name,
    }


def _associations(desk: Desk, kind: Kind) -> list[dict[str, Any]]:
    """What the schema was made to be associated with, and the activities, both ways."""
    named = {desk.catalog.kind(name).type.id for name in kind.type.associated}
    others = [k for k in desk.catalog.kinds() if k.type.id in named | ACTIVITIES]
    found = []
    for other in others:
        for a, b in ((kind, other), (other, kind)):
            one = desk.store.links.default(a, b)
            found.append(
                {
                    "id": str(one.type_id),
                    "fromObjectTypeId": a.type.id,
                    "toObjectTypeId": b.type.id,
                    "name": one.name or f"{a.type.name}_to_{b.type.name}",
                }
            )
    return found
