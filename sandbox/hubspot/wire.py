"""Objects, histories and batches as HubSpot writes them. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot import system
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.rows import Row, Version
from sandbox.hubspot.values import iso

Body = dict[str, Any]


def system_value(kind: Kind, row: Row, name: str) -> str | None:
    """The values that HubSpot keeps itself; None for any other property."""
    if name == "hs_object_id":
        return str(row.id)
    if name == kind.type.created:
        return iso(row.created_at)
    if name == kind.type.modified:
        return iso(row.updated_at)
    worked = system.ALL.get(name)
    return worked(row) if worked else None


def value_of(kind: Kind, row: Row, name: str) -> str | None:
    """The value of any property."""
    return system_value(kind, row, name) or row.properties.get(name)


def properties(kind: Kind, row: Row, names: Sequence[str]) -> dict[str, str | None]:
    """The values; a property without one is null."""
    values = {name: row.properties.get(name) for name in names}
    for name in system.ALL.keys() & values.keys():
        values[name] = system.ALL[name](row)
    values["hs_object_id"] = str(row.id)
    values[kind.type.created] = iso(row.created_at)
    values[kind.type.modified] = iso(row.updated_at)
    return values


def record(portal_id: int, kind: Kind, row: Row, names: Sequence[str]) -> Body:
    """One object, with the properties that `Kind.columns` chose."""
    body: Body = {
        "id": str(row.id),
        "properties": properties(kind, row, names),
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.updated_at),
        "archived": row.archived_at is not None,
        "url": f"https://app.hubspot.com/contacts/{portal_id}/record/{kind.type.id}/{row.id}",
    }
    if row.archived_at is not None:
        body["archivedAt"] = iso(row.archived_at)
    return body


def histories(kind: Kind, row: Row, asked: Sequence[str]) -> dict[str, list[Body]]:
    """`propertiesWithHistory`: newest first."""
    found: dict[str, list[Body]] = {}
    for name in asked:
        if kind.live(name) is None:
            continue
        system = system_value(kind, row, name)
        if system is not None:
            at = row.updated_at if name == kind.type.modified else row.created_at
            found[name] = [_version(Version(system, at, row.origin()))]
        else:
            found[name] = [_version(version) for version in row.versions(name)]
    return found


def _version(version: Version) -> Body:
    source = version.source
    body: Body = {
        "value": version.value or "",
        "timestamp": iso(version.at),
        "sourceType": source.type,
    }
    if source.id is not None:
        body["sourceId"] = source.id
    if source.label is not None:
        body["sourceLabel"] = source.label
    if source.user_id is not None:
        body["updatedByUserId"] = source.user_id
    return body


def batch(
    results: Sequence[Any], errors: Sequence[Body], *, started_ms: int, completed_ms: int
) -> Body:
    """A batch's answer; `numErrors` counts the error entries, not the ids in them."""
    body: Body = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": iso(started_ms),
        "completedAt": iso(completed_ms),
    }
    if errors:
        body["numErrors"] = len(errors)
        body["errors"] = list(errors)
    return body


def scrambled(rows: Iterable[Row]) -> list[Row]:
    """HubSpot's batches do not come back in the order of the inputs."""
    return sorted(rows, key=lambda row: zlib.crc32(str(row.id).encode()))


def paging(after: str, link: str) -> Body:
    """`paging` of a page that has one behind it."""
    return {"next": {"after": after, "link": link}}
