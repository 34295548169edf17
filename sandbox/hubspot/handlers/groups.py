"""Property groups: under which heading the HubSpot screen shows a property."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import errors, inputs
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.definitions import NAME
from sandbox.hubspot.desk import Desk


def page(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    archived = call.flag("archived")  # an archived group is gone for good here
    return Answer(200, {"results": [] if archived else [_show(kind, name) for name in kind.groups]})


def get(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    return Answer(200, _show(kind, _find(kind, call)))


def create(desk: Desk, call: Call) -> Answer:
    kind, body = desk.kind(call), call.json()
    name, label = (inputs.optional_text(body, key) for key in ("name", "label"))
    if name is None or label is None:
        raise errors.invalid_json(": Some required fields were not set: [name, label]")
    if not NAME.fullmatch(name):
        raise errors.validation(f'The property group name "{name}" is not valid.')
    if name in kind.groups:
        raise errors.conflict(f"A property group named '{name}' already exists.")
    kind.groups[name] = label
    desk.catalog.save(kind)
    return Answer(201, _show(kind, name))


def update(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    name = _find(kind, call)
    label = inputs.optional_text(call.json(), "label")
    if label is not None:
        kind.groups[name] = label
        desk.catalog.save(kind)
    return Answer(200, _show(kind, name))


def archive(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    name = call.params["name"]
    if any(d.group == name and d.archived_at is None for d in kind.definitions.values()):
        raise errors.validation(f"Property group {name} still has properties")
    if kind.groups.pop(name, None) is not None:
        desk.catalog.save(kind)
    return Answer(204)


def _find(kind: Kind, call: Call) -> str:
    name = call.params["name"]
    if name not in kind.groups:
        raise errors.object_not_found(f"No property group exists with the name {name}.")
    return name


def _show(kind: Kind, name: str) -> dict[str, Any]:
    order = list(kind.groups).index(name)
    return {"name": name, "label": kind.groups[name], "displayOrder": order, "archived": False}
