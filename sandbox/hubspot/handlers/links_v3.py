"""Associations, version 3: ties by the names of their kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import cursors, errors, inputs, wire
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.handlers.links import READ_MAX, find
from sandbox.hubspot.links import LinkType

PAGE_MAX, WRITE_MAX = 100, 2_000


def types(desk: Desk, call: Call) -> Answer:
    kind, to = desk.kind(call), desk.kind(call, "to")
    found = desk.store.links.types(kind, to)
    results = [{"id": str(one.type_id), "name": name_of(desk, kind, to, one)} for one in found]
    return Answer(200, {"results": results})


def batch_read(desk: Desk, call: Call) -> Answer:
    kind, to = desk.kind(call), desk.kind(call, "to")
    started = desk.store.now_ms()
    keys = [inputs.entry_id(entry) for entry in inputs.batch(call.json(), most=READ_MAX)]
    found = find(desk, kind, to, list(dict.fromkeys(keys)))
    results = []
    for key, ties in found.ties.items():
        ends = [
            {"id": str(one.to_id), "type": name_of(desk, kind, to, one.type)}
            for one in ties[:PAGE_MAX]
        ]
        entry: dict[str, Any] = {"from": {"id": str(found.ids[key])}, "to": ends}
        if len(ties) > PAGE_MAX:
            cursor = cursors.make(kind.type.id, ties[PAGE_MAX - 1].to_id)
            path = f"/crm/v3/objects/{kind.type.id}/{found.ids[key]}/associations/{to.type.id}"
            entry["paging"] = wire.paging(cursor, f"{call.base_url}{path}?after={cursor}")
        results.append(entry)
    return desk.batch(call, 200, results, found.problems, started)


def batch_create(desk: Desk, call: Call) -> Answer:
    kind, to = desk.kind(call), desk.kind(call, "to")
    started = desk.store.now_ms()
    results, problems = [], []
    for entry in inputs.batch(call.json(), most=WRITE_MAX):
        link_type = _type(desk, kind, to, entry)
        keys = [inputs.entry_id(_end(entry, end)) for end in ("from", "to")]
        ids = [_alive(desk, one, key) for one, key in zip((kind, to), keys, strict=True)]
        if ids[0] is None or ids[1] is None:
            problems.append(errors.missing_in_batch(kind.type.name, keys))
            continue
        desk.store.links.put(kind, to, [(ids[0], ids[1], link_type)], call.source)
        desk.rollups.linked(kind, to, [(ids[0], ids[1])])
        results.append({"from": {"id": keys[0]}, "to": {"id": keys[1]}, "type": entry["type"]})
    return desk.batch(call, 201, results, problems, started)


def batch_archive(desk: Desk, call: Call) -> Answer:
    kind, to = desk.kind(call), desk.kind(call, "to")
    for entry in inputs.batch(call.json(), most=WRITE_MAX):
        link_type = _type(desk, kind, to, entry)
        keys = [inputs.entry_id(_end(entry, end)) for end in ("from", "to")]
        pair = _number(keys[0]), _number(keys[1])
        desk.store.links.remove(kind, to, [pair], call.source, only=link_type)
        desk.rollups.linked(kind, to, [pair])
    return Answer(204)


def name_of(desk: Desk, kind: Kind, to: Kind, link_type: LinkType) -> str:
    """`contact_to_company`; the names of an account's own types have their full names."""
    return link_type.name or f"{desk.catalog.word(kind)}_to_{desk.catalog.word(to)}"


def _type(desk: Desk, kind: Kind, to: Kind, entry: Mapping[str, Any]) -> LinkType:
    wanted = str(entry.get("type"))
    for one in desk.store.links.types(kind, to):
        if wanted in {str(one.type_id), name_of(desk, kind, to, one)}:
            return one
    raise errors.validation(f"{wanted} is no association type from {kind.type.name}")


def _end(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    end = entry.get(key)
    if not isinstance(end, dict):
        raise errors.invalid_json(f": Some required fields were not set: [{key}]")
    return end


def _alive(desk: Desk, kind: Kind, key: str) -> int | None:
    return desk.store.alive(kind, [_number(key)]).get(_number(key))


def _number(key: str) -> int:
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0
