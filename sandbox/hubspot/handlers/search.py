"""Search: the one read that is not up to date."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import query, wire
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.desk import Desk


def search(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    wanted = query.read(kind, call.json(), anywhere=desk.options.query_anywhere)
    total, rows = desk.searcher.run(kind, wanted, desk.store.now_ms())
    columns = kind.columns(tuple(wanted.properties))
    found = [wire.record(desk.portal.id, kind, row, columns) for row in rows]
    body: dict[str, Any] = {"total": total, "results": found}
    following = wanted.offset + wanted.limit
    if following < total:
        link = f"{call.base_url}{call.path}?after={following}"
        body["paging"] = wire.paging(str(following), link)
    return Answer(200, body)
