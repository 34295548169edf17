"""Associations, version 4 and dated: reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import cursors, errors, inputs, wire
from sandbox.hubspot.calls import Answer, Call, object_id, whole
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.links import Link, LinkType

PAGE_MAX, READ_MAX, WRITE_MAX, ARCHIVE_MAX = 500, 1_000, 2_000, 100
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a batch read of associations found: the ties of each object, and the refusals."""

    ties: dict[str, list[Link]]
    ids: dict[str, int]
    problems: list[dict[str, Any]]


def of_one(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    row = desk.find(kind, call)
    limit = call.number("limit", default=PAGE_MAX, most=PAGE_MAX, least=1)
    after = cursors.read(call.query.get("after", [""])[-1])
    ties = desk.store.links.of(kind, to, [row.id]).get(row.id, [])
    if not desk.options.ties_by_old_id and str(row.id) != call.params["id"]:
        ties = []
    results, last = _page(desk, call, ties, after, limit)
    body: dict[str, Any] = {"results": results}
    if last is not None:
        cursor = cursors.make(kind.type.id, last)
        body["paging"] = wire.paging(cursor, call.next_link(cursor))
    return Answer(200, body)


def batch_read(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    entries = inputs.batch(call.json(), most=READ_MAX)
    afters = {inputs.entry_id(entry): cursors.read(entry.get("after")) for entry in entries}
    found = find(desk, kind, to, list(afters))
    results = []
    for key, ties in found.ties.items():
        page, last = _page(desk, call, ties, afters[key], PAGE_MAX)
        entry = {"from": {"id": str(found.ids[key])}, "to": page}
        if last is not None:
            cursor = cursors.make(kind.type.id, last)
            entry["paging"] = wire.paging(cursor, f"?after={cursor}")
        results.append(entry)
    return desk.batch(call, 200, results, found.problems, started)


def find(desk: Desk, kind: Kind, to: Kind, keys: Sequence[str]) -> Found:
    """The ties of many objects. One without ties is an error of its own, and no result."""
    ids = {key: int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19}
    alive = desk.store.alive(kind, list(ids.values()))
    live = {key: alive[id_] for key, id_ in ids.items() if id_ in alive}
    asked = {
        key: id_
        for key, id_ in live.items()
        if id_ == ids[key] or desk.options.ties_by_old_id  # else: merged away, and without ties
    }
    held = desk.store.links.of(kind, to, list(asked.values()))
    ties = {key: held[id_] for key, id_ in asked.items() if id_ in held}
    problems = []
    gone = [] if desk.options.gone_without_ties else [key for key in keys if key not in live]
    if gone:
        problems.append(errors.missing_in_batch(kind.type.name, gone))
    words = (desk.catalog.word(kind), desk.catalog.word(to))
    bare = [key for key in keys if key not in ties and key not in gone]
    problems += [errors.no_associations(key, *words) for key in bare]
    return Found(ties=ties, ids=asked, problems=problems)


def put_default(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    pair = _pair(desk, kind, to, call.params["id"], call.params["to_id"])
    _tie(desk, call, kind, to, [(pair, desk.store.links.default(kind, to))])
    return desk.batch(call, 200, _defaults(desk, kind, to, [pair]), [], started)


def put(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    specs = _list(call.json_value(), "the body")
    types = _types(desk, kind, to, specs)
    pair = _pair(desk, kind, to, call.params["id"], call.params["to_id"])
    _tie(desk, call, kind, to, [(pair, one) for one in types])
    return Answer(201, _labels_of(desk, call, kind, to, pair, types))


def delete(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    pair = object_id(call.params["id"]), object_id(call.params["to_id"])
    _untie(desk, call, kind, to, [pair])
    return Answer(204)


def batch_default(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    pairs, problems = _pairs(desk, kind, to, inputs.batch(call.json(), most=WRITE_MAX))
    plain = desk.store.links.default(kind, to)
    _tie(desk, call, kind, to, [(pair, plain) for pair, _ in pairs])
    results = _defaults(desk, kind, to, [pair for pair, _ in pairs])
    return Answer(200, desk.batch(call, 200, results, problems, started).body)  # no 207 in any spec


def batch_create(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    entries = inputs.batch(call.json(), most=WRITE_MAX)
    typed = [(e, _types(desk, kind, to, _list(e.get("types"), "types"))) for e in entries]
    pairs, problems = _pairs(desk, kind, to, entries)
    types = {id(entry): found for entry, found in typed}
    ties = [(pair, one) for pair, entry in pairs for one in types[id(entry)]]
    _tie(desk, call, kind, to, ties)
    results = [_labels_of(desk, call, kind, to, pair, types[id(e)]) for pair, e in pairs]
    status = 201 if call.version in {"v4", "2025-09", "2026-03"} else 200
    return desk.batch(call, status, results, problems, started)


def batch_archive(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    pairs = []
    for entry in inputs.batch(call.json(), most=ARCHIVE_MAX):
        from_id = _number(entry.get("from"))
        pairs += [(from_id, _number(end)) for end in _list(entry.get("to"), "to")]
    _untie(desk, call, kind, to, pairs)
    return _archived(desk, call, started)


def batch_labels_archive(desk: Desk, call: Call) -> Answer:
    kind, to = _ends(desk, call)
    started = desk.store.now_ms()
    for entry in inputs.batch(call.json(), most=ARCHIVE_MAX):
        pair = _number(entry.get("from")), _number(entry.get("to"))
        for one in _types(desk, kind, to, _list(entry.get("types"), "types")):
            desk.store.links.remove(kind, to, [pair], call.source, only=one)
        desk.rollups.linked(kind, to, [pair])
    return _archived(desk, call, started)


def _archived(desk: Desk, call: Call, started: int) -> Answer:
    """Dated versions answer with a body, version 4 without."""
    return desk.batch(call, 200, [], [], started) if call.dated else Answer(204)


def _ends(desk: Desk, call: Call) -> tuple[Kind, Kind]:
    return desk.kind(call), desk.kind(call, "to")


def _page(
    desk: Desk, call: Call, ties: Sequence[Link], after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Ties of one object with an other end above `after`; the last id when there are more."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for tie in ties:
        if tie.to_id > after:
            grouped.setdefault(tie.to_id, []).append(label(tie.type))
    ids = list(grouped)[:limit]
    page = [{"toObjectId": _id(desk, call, i), "associationTypes": grouped[i]} for i in ids]
    return page, ids[-1] if len(grouped) > limit else None


def _id(desk: Desk, call: Call, id_: int) -> int | str:
    """An id as this version sends it: some write numbers where their specs say text."""
    return id_ if call.version in desk.options.number_ids else str(id_)


def label(link_type: LinkType) -> dict[str, Any]:
    return {
        "category": link_type.category,
        "typeId": link_type.type_id,
        "label": link_type.label,
    }


def _pair(desk: Desk, kind: Kind, to: Kind, key: str, to_key: str) -> Pair:
    """The two ids, of live objects. Raises ApiError 404."""
    ids = []
    for one, text in ((kind, key), (to, to_key)):
        id_ = object_id(text)
        alive = desk.store.alive(one, [id_]).get(id_)
        if alive is None:
            raise errors.object_not_found(f"No {one.type.name} with ID {id_} exists")
        ids.append(alive)
    return ids[0], ids[1]


def _pairs(
    desk: Desk, kind: Kind, to: Kind, entries: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[Pair, Mapping[str, Any]]], list[dict[str, Any]]]:
    """The pairs of a batch whose ends live, each with its input, and errors for the others."""
    wanted = [(_number(entry.get("from")), _number(entry.get("to"))) for entry in entries]
    here = desk.store.alive(kind, list({a for a, _ in wanted}))
    there = desk.store.alive(to, list({b for _, b in wanted}))
    good, bad = [], []
    for (a, b), entry in zip(wanted, entries, strict=True):
        if a in here and b in there:
            good.append(((here[a], there[b]), entry))
        else:
            bad.append(_bad_pair(kind, to, (a, b)))
    return good, bad


def _bad_pair(kind: Kind, to: Kind, pair: Pair) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not associate {kind.type.name} {pair[0]} with {to.type.name} {pair[1]}: "
        "one of them does not exist",
        "context": {"fromObjectId": [str(pair[0])], "toObjectId": [str(pair[1])]},
        "errors": [],
        "links": {},
    }


def _number(end: object) -> int:
    if not isinstance(end, dict):
        raise errors.invalid_json(": an end of an association needs an id")
    return whole(inputs.entry_id(end), "id", most=10**18)


def _list(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise errors.invalid_json(f": {what} is not a list of objects")
    return value


def _types(desk: Desk, kind: Kind, to: Kind, specs: Sequence[Mapping[str, Any]]) -> list[LinkType]:
    found = []
    for spec in specs:
        type_id = whole(spec.get("associationTypeId"), "associationTypeId")
        category = str(spec.get("associationCategory"))
        one = desk.store.links.find(kind, to, category, type_id)
        if one is None:
            raise errors.validation(
                f"{category} {type_id} is no association type"
                f" from {kind.type.name} to {to.type.name}"
            )
        found.append(one)
    if not found:
        raise errors.validation("At least one association type is needed")
    return found


def _tie(
    desk: Desk, call: Call, kind: Kind, to: Kind, ties: Sequence[tuple[Pair, LinkType]]
) -> None:
    desk.store.links.put(kind, to, [(*pair, one) for pair, one in ties], call.source)
    desk.rollups.linked(kind, to, {pair: None for pair, _ in ties})


def _untie(desk: Desk, call: Call, kind: Kind, to: Kind, pairs: Sequence[Pair]) -> None:
    desk.store.links.remove(kind, to, pairs, call.source)
    desk.rollups.linked(kind, to, pairs)


def _defaults(desk: Desk, kind: Kind, to: Kind, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Both directions of each new tie, as HubSpot lists them."""
    there, back = desk.store.links.default(kind, to), desk.store.links.default(to, kind)
    results = []
    for a, b in pairs:
        for one, from_id, to_id in ((there, a, b), (back, b, a)):
            spec = {"associationCategory": one.category, "associationTypeId": one.type_id}
            ends = {"from": {"id": str(from_id)}, "to": {"id": str(to_id)}}
            results.append({**ends, "associationSpec": spec})
    return results


def _labels_of(
    desk: Desk, call: Call, kind: Kind, to: Kind, pair: Pair, types: Sequence[LinkType]
) -> dict[str, Any]:
    return {
        "fromObjectTypeId": kind.type.id,
        "fromObjectId": _id(desk, call, pair[0]),
        "toObjectTypeId": to.type.id,
        "toObjectId": _id(desk, call, pair[1]),
        "labels": [one.label for one in types if one.label is not None],
    }
