"""Kinds of association: the labels of an account, and how many ties of a kind there may be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot import errors, inputs
from sandbox.hubspot.calls import Answer, Call, whole
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.handlers.links import label as show
from sandbox.hubspot.links import USER, LinkType

LABELS_MAX = 50  # of one pair of object types
TIES_MAX = 50_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def page(desk: Desk, call: Call) -> Answer:
    return Answer(
        200, {"results": [show(one) for one in desk.store.links.types(*_ends(desk, call))]}
    )


def create(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    body = call.json()
    text, name = (inputs.optional_text(body, key) for key in ("label", "name"))
    if text is None or name is None:
        raise errors.invalid_json(": Some required fields were not set: [label, name]")
    if not NAME.fullmatch(name):
        raise errors.validation(
            f'The name "{name}" is not valid: no hyphens, and no digit at the beginning'
        )
    known = desk.store.links.types(kind, to)
    if any(name == one.name or text == one.label for one in known):
        raise errors.validation(f"An association label {text} exists already")
    if sum(one.category == USER and one.label is not None for one in known) >= LABELS_MAX:
        raise errors.validation(f"No more than {LABELS_MAX} labels between two object types")
    inverse = inputs.optional_text(body, "inverseLabel")
    made = desk.store.links.define(kind, to, name=name, label=text, inverse_label=inverse)
    both = [made, *(t for t in desk.store.links.types(to, kind) if t.no == made.inverse)]
    return Answer(200, {"results": [show(t) for t in {t.no: t for t in both}.values()]})


def update(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    body = call.json()
    text = inputs.optional_text(body, "label")
    if text is None:
        raise errors.invalid_json(": Some required fields were not set: [label]")
    found = _own(desk, kind, to, body.get("associationTypeId"))
    desk.store.links.rename(found, text, inputs.optional_text(body, "inverseLabel"))
    return Answer(204)


def archive(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    desk.store.links.forget(_own(desk, kind, to, call.params["id"]))
    return Answer(204)


def limits(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    held = ((one, desk.store.links.most(one)) for one in desk.store.links.types(kind, to))
    found = [_limit(one, most, "userEnforcedMaxToObjectIds") for one, most in held if most]
    return Answer(200, {"results": found})


def limit(desk: Desk, call: Call) -> Answer:
    """Create and update are one: HubSpot's two endpoints take the same body."""
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    results = []
    for entry in inputs.batch(call.json()):
        found = _any(desk, kind, to, entry)
        most = whole(entry.get("maxToObjectIds"), "maxToObjectIds", most=TIES_MAX, least=1)
        desk.store.links.limit(found, most)
        results.append(_limit(found, most, "userEnforcedMaxToObjectIds"))
    creates = call.path.rstrip("/").endswith("create")
    if not creates:
        for one in results:
            one.pop("label", None)  # an update's answer names no label
    fresh = creates and call.version in {"v4", "2026-03"}
    return desk.batch(call, 201 if fresh else 200, results, [], started)


def unlimit(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    for entry in inputs.batch(call.json()):
        desk.store.links.limit(_any(desk, kind, to, entry), None)
    return desk.batch(call, 200, [], [], started) if call.dated else Answer(204)


def _ends(desk: Desk, call: Call) -> tuple[Kind, Kind]:
    return desk.kind(call), desk.kind(call, "to")


def _own(desk: Desk, kind: Kind, to: Kind, type_id: object) -> LinkType:
    """A label of the account. Raises ApiError 400 for one of HubSpot's own."""
    number = whole(type_id, "associationTypeId")
    own = [t for t in desk.store.links.types(kind, to) if t.category == USER]
    return _one([t for t in own if t.type_id == number and t.label is not None], number)


def _any(desk: Desk, kind: Kind, to: Kind, entry: Mapping[str, Any]) -> LinkType:
    number = whole(entry.get("typeId"), "typeId")
    known = desk.store.links.types(kind, to)
    return _one(
        [t for t in known if (t.category, t.type_id) == (entry.get("category"), number)], number
    )


def _one(found: Sequence[LinkType], number: int) -> LinkType:
    if not found:
        raise errors.validation(f"{number} is no association type of the account between these")
    return found[0]


def _limit(link_type: LinkType, most: int, key: str) -> dict[str, Any]:
    body: dict[str, Any] = {"category": link_type.category, "typeId": link_type.type_id, key: most}
    return {**body, "label": link_type.label} if link_type.label is not None else body
