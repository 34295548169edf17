"""Property definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.hubspot import definitions, errors, inputs, versions
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.values import iso


def page(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    archived = call.flag("archived")
    found = [d for d in kind.definitions.values() if (d.archived_at is not None) is archived]
    return Answer(200, {"results": [show(one) for one in found]})


def get(desk: Desk, call: Call) -> Answer:
    return Answer(200, show(_find(desk.kind(call), call)))


def create(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    return Answer(201, show(_create(desk, kind, call.json())))


def update(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    changed = definitions.edited(_find(kind, call), call.json(), at=desk.store.now_ms())
    _check_group(kind, changed)
    return Answer(200, show(desk.catalog.put(kind, changed)))


def archive(desk: Desk, call: Call) -> Answer:
    _archive(desk, desk.kind(call), call.params["name"])
    return Answer(204)


def batch_create(desk: Desk, call: Call) -> Answer:
    kind, started = desk.kind(call), desk.store.now_ms()
    made = [_create(desk, kind, entry) for entry in inputs.batch(call.json())]
    status = 200 if versions.since(call.version, "2026-09") else 201
    return desk.batch(call, status, [show(one) for one in made], [], started)


def batch_read(desk: Desk, call: Call) -> Answer:
    kind, started = desk.kind(call), desk.store.now_ms()
    names = [inputs.entry_id(entry, "name") for entry in inputs.batch(call.json())]
    found = {name: kind.live(name) for name in names}
    problems = [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"No properties exist with the name {name}.",
            "context": {"name": [name]},
            "errors": [],
            "links": {},
        }
        for name, one in found.items()
        if one is None
    ]
    shown = [show(one) for one in found.values() if one is not None]
    return desk.batch(call, 200, shown, problems, started)


def batch_archive(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    for entry in inputs.batch(call.json()):
        _archive(desk, kind, inputs.entry_id(entry, "name"))
    return Answer(204)


def show(definition: Definition) -> dict[str, Any]:
    """A property as HubSpot sends it."""
    return definitions.to_wire(definition, iso)


def _find(kind: Kind, call: Call) -> Definition:
    name = call.params["name"]
    found = kind.definitions.get(name)
    if found is None or (found.archived_at is not None) is not call.flag("archived"):
        raise errors.object_not_found(f"No properties exist with the name {name}.")
    return found


def _create(desk: Desk, kind: Kind, body: dict[str, Any]) -> Definition:
    at = desk.store.now_ms()
    made = definitions.from_wire(body, at=at)
    if kind.live(made.name) is not None:
        message = f"A property named '{made.name}' already exists."
        raise errors.already_exists(message, "Properties.PROPERTY_WITH_NAME_EXISTS")
    _check_group(kind, made)
    unique = [d for d in kind.definitions.values() if d.unique and d.archived_at is None]
    if made.unique and len(unique) >= definitions.UNIQUE_MAX:
        raise errors.validation(f"No more than {definitions.UNIQUE_MAX} unique properties")
    if archived := kind.definitions.get(made.name):
        made = replace(made, created_at=archived.created_at)  # the name brings it back
    return desk.catalog.put(kind, made)


def _check_group(kind: Kind, definition: Definition) -> None:
    if definition.group not in kind.groups:
        message = f"Property group {definition.group} does not exist"
        raise errors.validation(message, subCategory="PropertyGroupError.GROUP_NOT_FOUND")


def _archive(desk: Desk, kind: Kind, name: str) -> None:
    found = kind.live(name)
    if found is None:
        return
    if found.hubspot_defined:
        raise errors.validation(f"Property {name} is defined by HubSpot and cannot be archived")
    at = desk.store.now_ms()
    desk.catalog.put(kind, replace(found, archived_at=at, updated_at=at))
