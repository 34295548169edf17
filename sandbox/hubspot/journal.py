"""The webhooks journal: what happened to what an app subscribed to, kept three days for polling.

An entry holds the events of one change. A client asks for an entry, is told of a file that is
there for some minutes, and goes on from the entry's offset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from sandbox.hubspot import errors, events, inputs, wire
from sandbox.hubspot.calls import whole
from sandbox.hubspot.links import LinkChange
from sandbox.hubspot.rows import Row
from sandbox.hubspot.store import Change, Store
from sandbox.hubspot.values import DAY_MS, iso

KEPT_MS, FILE_MS, BATCH_MAX = 3 * DAY_MS, 300_000, 100
OBJECT, ASSOCIATION = "OBJECT", "ASSOCIATION"
#: what a subscription of each type may ask for
ACTIONS = {
    OBJECT: ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE", "SNAPSHOT"),
    ASSOCIATION: ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"),
}
#: the verbs of the store -> the actions of the journal
VERBS = {
    "creation": "CREATE",
    "change": "UPDATE",
    "deletion": "DELETE",
    "merge": "MERGE",
    "restore": "RESTORE",
}
Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the journal."""

    no: int
    offset: str
    at: int
    events: list[Body]

    def file(self) -> Body:
        """What the file of the entry holds."""
        return {
            "offset": self.offset,
            "journalEvents": self.events,
            "publishedAt": iso(self.at),
        }


class Journal:
    """Subscriptions and entries, over the sandbox's file."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots: dict[str, Body] = {}
        self._known: list[Body] | None = None
        store.listeners.append(self._changed)
        store.links.listeners.append(self._linked)

    # -- subscriptions

    def subscribe(self, body: Mapping[str, Any], *, app_id: int) -> Body:
        """A new subscription. Raises ApiError 400 for one that HubSpot would refuse."""
        type_ = str(body.get("subscriptionType"))
        if type_ not in ACTIONS:
            raise errors.validation("Invalid subscription type provided")
        actions = inputs.names(body, "actions")
        unknown = [action for action in actions if action not in ACTIONS[type_]]
        if unknown or not actions:
            allowed = ", ".join(ACTIONS[type_])
            raise errors.validation(f"actions of {type_} are {allowed}, not {unknown}")
        portal_id = whole(body.get("portalId"), "portalId")
        if portal_id != self._store.catalog.portal.id:
            raise errors.validation(f"The app is not installed in account {portal_id}")
        kind = self._store.catalog.kind(str(body.get("objectTypeId")))
        at = iso(self._store.now_ms())
        made: Body = {
            "appId": app_id,
            "subscriptionType": type_,
            "objectTypeId": kind.type.id,
            "portalId": portal_id,
            "actions": actions,
            "properties": inputs.names(body, "properties"),
            "objectIds": _ids(body.get("objectIds")),
            "associatedObjectTypeIds": inputs.names(body, "associatedObjectTypeIds"),
            "createdAt": at,
            "updatedAt": at,
        }
        with self._store.database.writing() as connection:
            sql = "insert into journal_subscriptions (body) values (?)"
            number = connection.execute(sql, (orjson.dumps(made).decode(),)).lastrowid
        self._known = None
        return {"id": number, **made}

    def subscriptions(self) -> list[Body]:
        """All of them, oldest first."""
        if self._known is None:
            with self._store.database.looking() as connection:
                sql = "select id, body from journal_subscriptions order by id"
                rows = connection.execute(sql).fetchall()
            self._known = [{"id": number, **orjson.loads(body)} for number, body in rows]
        return self._known

    def subscription(self, id_: int) -> Body:
        """One of them. Raises ApiError 404."""
        for one in self.subscriptions():
            if one["id"] == id_:
                return one
        raise errors.object_not_found(f"No subscription with id {id_}")

    def unsubscribe(self, ids: Sequence[int]) -> None:
        """End some of them; what they wrote stays."""
        with self._store.database.writing() as connection:
            for id_ in ids:
                connection.execute("delete from journal_subscriptions where id = ?", (id_,))
        self._known = None

    # -- entries

    def first(self, count: int) -> list[Entry]:
        """The oldest entries."""
        return self._entries("order by no limit ?", (count,))

    def last(self, count: int) -> list[Entry]:
        """The newest entries, the oldest of them first."""
        return self._entries("order by no desc limit ?", (count,))[::-1]

    def after(self, offset: str, count: int) -> list[Entry]:
        """The entries after one. Raises ApiError 404 for an offset that is none or too old."""
        (entry,) = self.named([offset]) or (None,)
        if entry is None:
            raise errors.object_not_found(f"No journal entry with offset {offset}")
        return self._entries("and no > ? order by no limit ?", (entry.no, count))

    def named(self, offsets: Sequence[str]) -> list[Entry]:
        """Those of these entries that there are."""
        given = orjson.dumps(list(offsets)).decode()
        return self._entries("and offset in (select value from json_each(?)) order by no", (given,))

    def _entries(self, tail: str, args: tuple[object, ...]) -> list[Entry]:
        sql = f"select no, offset, at, body from journal_entries where at > ? {tail}"  # noqa: S608 - ours
        since = self._store.now_ms() - KEPT_MS
        with self._store.database.looking() as connection:
            rows = connection.execute(sql, (since, *args)).fetchall()
        return [Entry(no=no, offset=o, at=at, events=orjson.loads(b)) for no, o, at, b in rows]

    def _add(self, found: list[Body]) -> None:
        if not found:
            return
        at = self._store.now_ms()
        with self._store.database.writing() as connection:
            connection.execute("delete from journal_entries where at <= ?", (at - KEPT_MS,))
            sql = "insert into journal_entries (offset, at, body) values (?, ?, ?)"
            connection.execute(sql, (str(uuid4()), at, orjson.dumps(found).decode()))

    # -- what happens

    def _changed(self, changes: Sequence[Change]) -> None:
        if self.subscriptions():
            self._add([event for change in changes for event in self._of_change(change)])

    def _of_change(self, change: Change) -> Iterator[Body]:
        row = change.after or change.before
        action = VERBS.get(change.verb)
        if row is None or action is None:
            return
        named = dict(events.values(change)) if action in {"CREATE", "UPDATE"} else {}
        ids = {row.id, *change.merged}
        wanted = [s for s in self._asking(OBJECT, action, change.kind.type.id) if _of(s, ids)]
        shown = {n: v for n, v in named.items() if any(n in s["properties"] for s in wanted)}
        if not wanted or (action == "UPDATE" and not shown):
            return
        event = self._event(OBJECT, action) | {
            "objectTypeId": change.kind.type.id,
            "objectId": row.id,
        }
        if action in {"CREATE", "UPDATE"}:
            event["propertyChanges"] = shown
        if action == "MERGE":
            primary, *others = change.merged
            event |= {"primaryObjectId": primary, "mergedObjectIds": others, "newObjectId": row.id}
        yield event

    def _linked(self, changes: Sequence[LinkChange]) -> None:
        if self.subscriptions():
            self._add([event for change in changes for event in self._of_link(change)])

    def _of_link(self, change: LinkChange) -> Iterator[Body]:
        action = "ASSOCIATION_REMOVED" if change.removed else "ASSOCIATION_ADDED"
        link, to = change.link, change.to.type.id
        if any(
            _of(s, {link.id}) and to in (s["associatedObjectTypeIds"] or [to])
            for s in self._asking(ASSOCIATION, action, change.kind.type.id)
        ):
            yield self._event(ASSOCIATION, action) | {
                "fromObjectTypeId": change.kind.type.id,
                "fromObjectId": link.id,
                "toObjectTypeId": to,
                "toObjectId": link.to_id,
                "associationTypeId": link.type.type_id,
                "associationCategory": link.type.category,
                "isPrimary": link.type.label == "Primary",
            }

    def _asking(self, type_: str, action: str, object_type: str) -> list[Body]:
        return [
            one
            for one in self.subscriptions()
            if (one["subscriptionType"], one["objectTypeId"]) == (type_, object_type)
            and action in one["actions"]
        ]

    def _event(self, type_: str, action: str) -> Body:
        at = iso(self._store.now_ms())
        portal_id = self._store.catalog.portal.id
        return {"type": type_, "portalId": portal_id, "occurredAt": at, "action": action}

    # -- snapshots

    def snapshot(self, asked: Mapping[str, Any]) -> Body:
        """Write how an object is now into the journal; the status says whether it could be."""
        kind = self._store.catalog.kind(str(asked.get("objectTypeId")))
        id_ = whole(asked.get("objectId"), "objectId")
        row = self._store.rows(kind, [id_]).get(id_)
        at, status = self._store.now_ms(), str(uuid4())
        told: Body = {"id": status, "initiatedAt": at, "completedAt": at, "status": "SUCCESS"}
        if row is None or row.archived_at is not None:
            told |= {
                "status": "FAILED",
                "errorCode": "VALIDATION_ERROR",
                "message": "No such object",
            }
        else:
            names = [n for n in inputs.names(asked, "properties") if kind.live(n)]
            self._add([self._shown(kind.type.id, row, wire.properties(kind, row, names))])
        self._snapshots[status] = told
        return {
            "portalId": self._store.catalog.portal.id,
            "objectId": id_,
            "objectTypeId": kind.type.id,
            "snapshotStatusId": status,
        }

    def _shown(self, type_id: str, row: Row, values: Mapping[str, str | None]) -> Body:
        event = self._event(OBJECT, "SNAPSHOT")
        return event | {
            "objectTypeId": type_id,
            "objectId": row.id,
            "propertyChanges": dict(values),
        }

    def snapshot_status(self, id_: str) -> Body:
        """Raises ApiError 404."""
        found = self._snapshots.get(id_)
        if found is None:
            raise errors.object_not_found(f"No snapshot with id {id_}")
        return found


def _ids(given: object) -> list[int]:
    if given is not None and not isinstance(given, list):
        raise errors.invalid_json(": objectIds is not a list")
    return [whole(id_, "objectIds") for id_ in given or ()]


def _of(subscription: Mapping[str, Any], ids: set[int]) -> bool:
    """Whether a subscription is about one of these objects; without ids it is about all."""
    return not subscription["objectIds"] or not ids.isdisjoint(subscription["objectIds"])
