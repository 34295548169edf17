"""Batches of up to 100 objects: read, update, create, upsert, archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.hubspot import errors, inputs, system, wire
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.inputs import Input
from sandbox.hubspot.rows import Row

Found = tuple[Input, Row]


def read(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    started = desk.store.now_ms()
    body = call.json()
    asked = inputs.names(body, "properties")
    histories = inputs.names(body, "propertiesWithHistory")
    entries = inputs.history_batch(body) if histories else inputs.batch(body)
    keys = [inputs.entry_id(entry) for entry in entries]
    inputs.no_duplicates(keys)
    found = _by_keys(desk, kind, keys, inputs.optional_text(body, "idProperty"))
    archived = call.flag("archived")
    shown = {k: row for k, row in found.items() if (row.archived_at is not None) is archived}
    rows = list({row.id: row for row in shown.values()}.values())
    columns = kind.columns((*asked, *histories))
    results = []
    for row in _ordered(desk, rows):
        record = wire.record(desk.portal.id, kind, row, columns)
        if histories:
            record["propertiesWithHistory"] = wire.histories(kind, row, histories)
        results.append(record)
    missing = _missing(kind, [key for key in keys if key not in shown])
    return desk.batch(call, 200, results, missing, started)


def update(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    started = desk.store.now_ms()
    wanted = _wanted(kind, call, needs_id=True)
    inputs.no_duplicates([one.id for one in wanted])
    found, missing = _locate(desk, kind, wanted)
    taken: set[Any] = set()
    for one, row in found:
        desk.check(kind, one, row, taken)
    rows = dict(found)
    good, refused = _sorted_out(
        desk, "update", wanted, lambda one: desk.obey(kind, one, rows.get(one), call)
    )
    ready = [(one, row) for one, row in found if one in good]
    results = _update(desk, kind, ready, call)
    return desk.batch(call, 200, results, [*_missing(kind, missing), *refused], started)


def create(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    started = desk.store.now_ms()
    wanted = _wanted(kind, call, needs_id=False)
    taken: set[Any] = set()
    for one in wanted:
        desk.check(kind, one, None, taken)
    good, refused = _sorted_out(desk, "create", wanted, lambda one: desk.require(kind, one, call))
    results = [_new(desk, kind, one, row) for one, row in _create(desk, kind, good, call)]
    return desk.batch(call, 201, results, refused, started)


def upsert(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    started = desk.store.now_ms()
    wanted = _wanted(kind, call, needs_id=True)
    inputs.no_duplicates([one.id for one in wanted])
    rows: list[Row | None] = []
    taken: set[Any] = set()
    for one in wanted:
        if one.id_property is None:
            raise errors.validation("idProperty is required for an upsert")
        row = desk.by_key(kind, one.id, one.id_property, writing=True)
        one.values.setdefault(one.id_property, one.id)
        if one.id_property == "email":
            one.trace_id = None  # HubSpot's upserts by e-mail are never partial
        desk.check(kind, one, row, taken)
        rows.append(row)
    by_input = dict(zip(wanted, rows, strict=True))
    good, refused = _sorted_out(
        desk, "upsert", wanted, lambda one: desk.obey(kind, one, by_input[one], call)
    )
    known = [(o, r) for o, r in zip(wanted, rows, strict=True) if r is not None and o in good]
    fresh = [o for o, r in zip(wanted, rows, strict=True) if r is None and o in good]
    results = [{**body, "new": False} for body in _update(desk, kind, known, call)]
    for one, row in _create(desk, kind, fresh, call):
        results.append({**_new(desk, kind, one, row), "new": True})
    return desk.batch(call, 200, results, refused, started)


def archive(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    keys = [inputs.entry_id(entry) for entry in inputs.batch(call.json())]
    rows = {row.id: row for row in _by_keys(desk, kind, keys, None).values()}
    desk.store.archive(kind, [r for r in rows.values() if r.archived_at is None], call.source)
    return Answer(204)


def _wanted(kind: Kind, call: Call, *, needs_id: bool) -> list[Input]:
    entries = inputs.batch(call.json())
    return [inputs.write_input(kind, entry, needs_id=needs_id) for entry in entries]


def _by_keys(desk: Desk, kind: Kind, keys: Sequence[str], name: str | None) -> dict[str, Row]:
    """Key -> object. A key that is no number finds nothing."""
    if name is None:
        ids = {key: int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19}
    else:
        held = {key: desk.holder(kind, name, key) for key in keys}
        ids = {key: id_ for key, id_ in held.items() if id_ is not None}
    rows = desk.store.rows(kind, list(ids.values()))
    return {key: rows[id_] for key, id_ in ids.items() if id_ in rows}


def _locate(desk: Desk, kind: Kind, wanted: Sequence[Input]) -> tuple[list[Found], list[str]]:
    """The live objects that the inputs name, and the names that lead to none."""
    found: list[Found] = []
    missing: list[str] = []
    plain = _by_keys(desk, kind, [one.id for one in wanted if one.id_property is None], None)
    for one in wanted:
        row = plain.get(one.id)
        if one.id_property is not None:
            row = desk.by_key(kind, one.id, one.id_property, writing=True)
        elif row is not None and str(row.id) != one.id and not desk.options.write_through_merge:
            row = None
        if row is None or row.archived_at is not None:
            missing.append(one.id)
        else:
            found.append((one, row))
    return found, missing


def _sorted_out(
    desk: Desk,
    verb: str,
    wanted: Sequence[Input],
    also: Callable[[Input], errors.ApiError | None] = lambda _: None,
) -> tuple[list[Input], list[dict[str, Any]]]:
    """The inputs that can be done, and error entries for the others.

    Unless every input carries a trace id of its own, one bad input refuses them all.
    """
    refusals = []
    for one in wanted:
        refusal = desk.refusal(one.problems) if one.problems else also(one)
        refusals.append(refusal)
    bad = [refusal for refusal in refusals if refusal is not None]
    if not bad:
        return list(wanted), []
    traces = [one.trace_id for one in wanted]
    traced = verb in desk.options.traced and None not in traces
    if not traced or len(set(traces)) < len(traces):
        everything = [problem for one in wanted for problem in one.problems]
        raise desk.refusal(everything) if everything else bad[0]
    good = [one for one, refusal in zip(wanted, refusals, strict=True) if refusal is None]
    entries = [
        {
            "errors": [],
            "links": {},
            **refusal.body,
            "context": {"objectWriteTraceId": [one.trace_id]},
        }
        for one, refusal in zip(wanted, refusals, strict=True)
        if refusal is not None
    ]
    return good, entries


def _update(desk: Desk, kind: Kind, found: Sequence[Found], call: Call) -> list[dict[str, Any]]:
    """Two inputs may lead to one merged object: then the later one is applied upon the earlier."""
    latest: dict[int, Row] = {}
    shown: list[tuple[Input, Row]] = []
    for round_ in _rounds(found):
        pairs = [(latest.get(row.id, row), one.values) for one, row in round_]
        after = desk.write(kind, pairs, call)
        latest |= {row.id: row for row in after}
        shown += [(one, row) for (one, _), row in zip(round_, after, strict=True)]
    by_id = {row.id: (one, row) for one, row in shown}
    return [_show(desk, kind, *by_id[row.id]) for row in _ordered(desk, latest.values())]


def _rounds(found: Sequence[Found]) -> list[list[Found]]:
    rounds: list[list[Found]] = []
    seen: dict[int, int] = {}
    for one, row in found:
        number = seen[row.id] = seen.get(row.id, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append((one, row))
    return rounds


def _create(desk: Desk, kind: Kind, wanted: Sequence[Input], call: Call) -> list[Found]:
    targets = [desk.targets(kind, one.associations) for one in wanted]
    values = [desk.final(kind, one.values) for one in wanted]
    rows = desk.store.create(kind, values, call.source)
    tied = [desk.tie(kind, row, ends, call.source) for row, ends in zip(rows, targets, strict=True)]
    by_id = {row.id: (one, row) for one, row in zip(wanted, tied, strict=True)}
    return [by_id[row.id] for row in _ordered(desk, tied)]


def _show(desk: Desk, kind: Kind, one: Input, row: Row, also: Sequence[str] = ()) -> dict[str, Any]:
    body = wire.record(desk.portal.id, kind, row, kind.columns((*one.values, *also)))
    return body if one.trace_id is None else {**body, "objectWriteTraceId": one.trace_id}


def _new(desk: Desk, kind: Kind, one: Input, row: Row) -> dict[str, Any]:
    return _show(desk, kind, one, row, system.names_of(kind.type.id))


def _ordered(desk: Desk, rows: Iterable[Row]) -> list[Row]:
    return wire.scrambled(rows) if desk.options.shuffle else list(rows)


def _missing(kind: Kind, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [errors.missing_in_batch(kind.type.name, ids)] if ids else []
