"""The webhooks journal, polled: subscriptions, entries, snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot import errors, inputs
from sandbox.hubspot.calls import Answer, Call, whole
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.journal import BATCH_MAX, FILE_MS, Entry
from sandbox.hubspot.values import iso


def earliest(desk: Desk, call: Call) -> Answer:
    return _one(desk, call, desk.journal.first(1))


def latest(desk: Desk, call: Call) -> Answer:
    return _one(desk, call, desk.journal.last(1))


def following(desk: Desk, call: Call) -> Answer:
    return _one(desk, call, desk.journal.after(call.params["offset"], 1))


def batch_earliest(desk: Desk, call: Call) -> Answer:
    return _batch(desk, call, desk.journal.first(_count(call)))


def batch_latest(desk: Desk, call: Call) -> Answer:
    return _batch(desk, call, desk.journal.last(_count(call)))


def batch_following(desk: Desk, call: Call) -> Answer:
    return _batch(desk, call, desk.journal.after(call.params["offset"], _count(call)))


def batch_read(desk: Desk, call: Call) -> Answer:
    offsets = inputs.names(call.json(), "inputs")
    if len(offsets) > BATCH_MAX:
        raise errors.validation(f"No more than {BATCH_MAX} offsets at once")
    found = desk.journal.named(offsets)
    missing = [one for one in offsets if one not in {entry.offset for entry in found}]
    problem = {**errors.missing_in_batch("journal entry", missing), "errors": [], "links": {}}
    return _batch(desk, call, found, [problem] if missing else [])


def subscriptions(desk: Desk, call: Call) -> Answer:  # noqa: ARG001 - a handler
    return Answer(200, {"results": desk.journal.subscriptions()})


def subscription(desk: Desk, call: Call) -> Answer:
    return Answer(200, desk.journal.subscription(whole(call.params["id"], "id")))


def subscribe(desk: Desk, call: Call) -> Answer:
    return Answer(200, desk.journal.subscribe(call.json(), app_id=desk.portal.app_id))


def unsubscribe(desk: Desk, call: Call) -> Answer:
    desk.journal.unsubscribe([whole(call.params["id"], "id")])
    return Answer(204)


def unsubscribe_account(desk: Desk, call: Call) -> Answer:
    portal_id = whole(call.params["portal"], "portalId")
    found = [s["id"] for s in desk.journal.subscriptions() if s["portalId"] == portal_id]
    desk.journal.unsubscribe(found)
    return Answer(204)


def snapshot(desk: Desk, call: Call) -> Answer:
    asked = call.json().get("snapshotRequests")
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise errors.invalid_json(": Some required fields were not set: [snapshotRequests]")
    return Answer(200, {"snapshotResponses": [desk.journal.snapshot(one) for one in asked]})


def snapshot_status(desk: Desk, call: Call) -> Answer:
    return Answer(200, desk.journal.snapshot_status(call.params["id"]))


def _count(call: Call) -> int:
    return whole(call.params["count"], "count", most=BATCH_MAX, least=1)


def _one(desk: Desk, call: Call, found: Sequence[Entry]) -> Answer:
    """204 when there is nothing, or nothing new yet."""
    return Answer(200, _told(desk, call, found[0])) if found else Answer(204)


def _batch(
    desk: Desk, call: Call, found: Sequence[Entry], problems: Sequence[dict[str, Any]] = ()
) -> Answer:
    started = desk.store.now_ms()
    return desk.batch(call, 200, [_told(desk, call, one) for one in found], problems, started)


def _told(desk: Desk, call: Call, entry: Entry) -> dict[str, Any]:
    until = desk.store.now_ms() + FILE_MS
    return {
        "url": f"{call.base_url}/_sandbox/journal/{entry.offset}.json?until={until}",
        "expiresAt": iso(until),
        "currentOffset": entry.offset,
    }
