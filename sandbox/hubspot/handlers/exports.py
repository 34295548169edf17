"""Exports: ask for one, look whether it is ready."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.hubspot import errors, inputs, query
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.values import iso

ROWS_MAX = 10_000  # of an export that filters
GROUPS_MAX = FILTERS_MAX = 3


def create(desk: Desk, call: Call) -> Answer:
    body = call.json()
    if body.get("exportType") != "VIEW" or body.get("format") != "CSV":
        raise errors.validation("This sandbox exports a VIEW as CSV, no LIST and no spreadsheet")
    kind = desk.catalog.kind(inputs.optional_text(body, "objectType") or "")
    names = [name for name in inputs.names(body, "objectProperties") if kind.live(name)]
    search = None
    if asked := body.get("publicCrmSearchRequest"):
        if not isinstance(asked, dict):
            raise errors.invalid_json(": publicCrmSearchRequest is not an object")
        groups = asked.get("filterGroups") or [{"filters": asked.get("filters") or []}]
        _check(groups)
        search = query.read(kind, {"filterGroups": groups, "query": asked.get("query")})
        search = replace(search, limit=ROWS_MAX)
    task = desk.exports.add(kind, names, search, at=desk.store.now_ms())
    link = f"{call.base_url}{call.path.rstrip('/')}/tasks/{task.id}/status"
    return Answer(202, {"id": task.id, "links": {"status": link}})


def _check(groups: Any) -> None:
    """An export takes fewer filters than a search."""
    if not isinstance(groups, list) or len(groups) > GROUPS_MAX:
        raise errors.validation(f"An export takes {GROUPS_MAX} filterGroups at most")
    for group in groups:
        filters = group.get("filters") if isinstance(group, dict) else None
        if not isinstance(filters, list) or len(filters) > FILTERS_MAX:
            raise errors.validation(
                f"A filterGroup of an export takes {FILTERS_MAX} filters at most"
            )


def status(desk: Desk, call: Call) -> Answer:
    task = desk.exports.get(call.params["id"])
    if task is None:
        raise errors.object_not_found("No export task with this id")
    state = task.status(desk.store.now_ms())
    body: dict[str, Any] = {
        "status": state,
        "requestedAt": iso(task.asked_at),
        "startedAt": iso(task.asked_at),
        "completedAt": iso(desk.store.now_ms()),
    }
    if state == "COMPLETE":
        body["result"] = f"{call.base_url}/_sandbox/exports/{task.id}.csv"
    return Answer(200, body)
