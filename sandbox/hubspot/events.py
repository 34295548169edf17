"""The events that a webhook tells of a change, in the old form and in the generic one. Pure.

`contact.creation` and the like are what apps of old subscribe to; `object.creation` is what can
still be subscribed to, with the object's type in the event. Which of them is sent is the business
of the subscription.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.hubspot.catalog import Catalog
from sandbox.hubspot.links import LinkChange
from sandbox.hubspot.rows import Row
from sandbox.hubspot.store import Change

Event = dict[str, Any]
VERBS = ("creation", "deletion", "propertyChange", "merge", "restore", "associationChange")
#: the object types that have events of their own name
FAMILIES = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-5": "ticket",
    "0-7": "product",
    "0-8": "line_item",
}
FLAGS = {"creation": "CREATED", "deletion": "DELETED"}


def of_change(change: Change, at: int) -> Iterator[tuple[str, Event]]:
    """The events of one change of an object, as (subscription type, own fields)."""
    row = change.after or change.before
    if row is None:
        return
    type_id = change.kind.type.id
    base: Event = {
        "objectId": row.id,
        "occurredAt": at,
        "changeSource": change.source.type,
        "sourceId": change.source.id or "",
    }
    if change.verb == "privacyDeletion":
        if type_id == "0-1":  # HubSpot has no such event of other objects
            yield "contact.privacyDeletion", base
        return
    for verb, fields in _told(change, row):
        if type_id in FAMILIES:
            yield f"{FAMILIES[type_id]}.{verb}", {**base, **fields}
        sensitive = {"isSensitive": False} if verb == "propertyChange" else {}
        yield f"object.{verb}", {**base, "objectTypeId": type_id, **fields, **sensitive}


def _told(change: Change, row: Row) -> Iterator[tuple[str, Event]]:
    """Verb and own fields of each event of a change."""
    if change.verb == "merge" and change.before is not None:
        primary, *others = change.merged
        moved = row.properties.keys() - change.before.properties.keys()
        yield (
            "merge",
            {
                "primaryObjectId": primary,
                "mergedObjectIds": others,
                "newObjectId": row.id,
                "numberOfPropertiesMoved": sum(not name.startswith("hs_") for name in moved),
            },
        )
        return
    if change.verb == "restore":
        yield "restore", {}
        return
    if change.verb in FLAGS:
        yield change.verb, {"changeFlag": FLAGS[change.verb]}
    for name, value in values(change):
        yield "propertyChange", {"propertyName": name, "propertyValue": value or ""}


def values(change: Change) -> list[tuple[str, str | None]]:
    """The properties that a change changed, with their new values, in order of name."""
    if change.after is None:
        return []
    old = change.before.properties if change.before else {}
    names = sorted(old.keys() | change.after.properties.keys())
    new = change.after.properties
    return [(name, new.get(name)) for name in names if old.get(name) != new.get(name)]


def of_link(change: LinkChange, catalog: Catalog, at: int) -> Iterator[tuple[str, Event]]:
    """The events of a tie that was made or undone, seen from one of its ends."""
    kinds = (change.kind, change.to)
    link = change.link
    base: Event = {
        "occurredAt": at,
        "changeSource": change.source.type,
        "sourceId": change.source.id or "",
        "associationType": "_TO_".join(catalog.word(kind).upper() for kind in kinds),
        "fromObjectId": link.id,
        "toObjectId": link.to_id,
        "associationRemoved": change.removed,
        "isPrimaryAssociation": link.type.label == "Primary",
    }
    family = FAMILIES.get(change.kind.type.id)
    if family is not None:
        yield f"{family}.associationChange", base
    generic = {
        "fromObjectTypeId": change.kind.type.id,
        "toObjectTypeId": change.to.type.id,
        "associationTypeId": link.type.type_id,
        "associationCategory": link.type.category,
    }
    yield "object.associationChange", {**base, **generic}
