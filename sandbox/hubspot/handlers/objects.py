"""Single objects: list, get, create, update, archive, merge, forget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot import errors, inputs, system, wire
from sandbox.hubspot.calls import INT64_MAX, Answer, Call, object_id
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.rows import Row

PAGE_MAX, HISTORY_PAGE_MAX = 100, 50


def page(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    most = HISTORY_PAGE_MAX if call.names("propertiesWithHistory") else PAGE_MAX
    limit = call.number("limit", default=10, most=most, least=1)
    after = call.number("after", default=0, most=INT64_MAX)
    archived = call.flag("archived")
    rows = desk.store.page(kind, after=after, limit=limit + 1, archived=archived)
    body: dict[str, Any] = {"results": show(desk, kind, rows[:limit], call)}
    if len(rows) > limit:
        last = str(rows[limit - 1].id)
        body["paging"] = wire.paging(last, call.next_link(last))
    return Answer(200, body)


def get(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    return Answer(200, show(desk, kind, [desk.find(kind, call)], call)[0])


def create(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    wanted = inputs.write_input(kind, call.json(), needs_id=False)
    desk.check(kind, wanted, None, set())
    if wanted.problems:
        raise desk.refusal(wanted.problems)
    if lacking := desk.require(kind, wanted, call):
        raise lacking
    targets = desk.targets(kind, wanted.associations)
    (row,) = desk.store.create(kind, [desk.final(kind, wanted.values)], call.source)
    row = desk.tie(kind, row, targets, call.source)
    shown = [*wanted.values, *system.names_of(kind.type.id)]
    return Answer(201, _one(desk, kind, row, shown))


def update(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    body = call.json()
    row = desk.find(kind, call, writing=True)
    wanted = inputs.write_input(kind, body, needs_id=False)
    desk.check(kind, wanted, row, set())
    if wanted.problems:
        raise desk.refusal(wanted.problems)
    if forbidden := desk.obey(kind, wanted, row, call):
        raise forbidden
    (row,) = desk.write(kind, [(row, wanted.values)], call)
    return Answer(200, _one(desk, kind, row, list(wanted.values)))


def archive(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    id_ = object_id(call.params["id"])
    row = desk.store.rows(kind, [id_]).get(id_)
    if row is not None and row.archived_at is None:
        desk.store.archive(kind, [row], call.source)
    return Answer(204)  # an object that is gone already is no error


def merge(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    body = call.json()
    keys = [inputs.entry_id(body, key) for key in ("primaryObjectId", "objectIdToMerge")]
    primary_id, other_id = (object_id(key) for key in keys)
    found = desk.store.rows(kind, [primary_id, other_id])
    live = [row for row in found.values() if row.archived_at is None]
    if len(live) < len({primary_id, other_id}):
        raise errors.object_not_found()
    if len({row.id for row in live}) == 1:
        raise errors.validation("Cannot merge an object with itself")
    id_ = desk.store.merge(kind.type.id, primary_id, other_id)
    row = desk.store.rows(kind, [id_])[id_]
    return Answer(200, _one(desk, kind, row, []))


def gdpr_delete(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    body = call.json()
    name = inputs.optional_text(body, "idProperty")
    row = desk.by_key(kind, inputs.entry_id(body, "objectId"), name, writing=True)
    if row is not None:
        desk.store.forget(kind, row, call.source)
    return Answer(204)


def _one(desk: Desk, kind: Kind, row: Row, asked: Sequence[str]) -> dict[str, Any]:
    return wire.record(desk.portal.id, kind, row, kind.columns(tuple(asked)))


def show(desk: Desk, kind: Kind, rows: Sequence[Row], call: Call) -> list[dict[str, Any]]:
    """Objects as a get or a list sends them: histories and associations when asked for."""
    asked, histories = call.names("properties"), call.names("propertiesWithHistory")
    columns = kind.columns((*asked, *histories))
    bodies = [wire.record(desk.portal.id, kind, row, columns) for row in rows]
    if histories:
        for row, body in zip(rows, bodies, strict=True):
            body["propertiesWithHistory"] = wire.histories(kind, row, histories)
    for name in call.names("associations"):
        other = desk.catalog.kind(name)
        key = desk.catalog.full_name(other) if other.type.custom else other.type.plural
        ties = desk.store.links.of(kind, other, [row.id for row in rows])
        for row, body in zip(rows, bodies, strict=True):
            if row.id in ties:
                found = _associated(desk, kind, other, ties[row.id])
                body.setdefault("associations", {})[key] = {"results": found}
    return bodies


def _associated(desk: Desk, kind: Kind, other: Kind, ties: Sequence[Any]) -> list[dict[str, str]]:
    ends = [desk.catalog.full_name(k).lower() for k in (kind, other)]
    plain = "_to_".join(ends)
    found = []
    for tie in ties:
        name = tie.type.name or plain
        found.append({"id": str(tie.to_id), "type": name})
        if tie.type.label is None and tie.type.name is None:
            found.append({"id": str(tie.to_id), "type": f"{plain}_unlabeled"})
    return found
