"""An object as the store keeps it, and what an update does to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

HISTORY_MAX = 45


class Source(NamedTuple):
    """Who changed a value, in HubSpot's words."""

    type: str
    id: str | None = None
    label: str | None = None
    user_id: int | None = None


class Version(NamedTuple):
    """One entry of a property's history."""

    value: str | None
    at: int  # ms
    source: Source


IMPORTED = Source("IMPORT")


@dataclass(slots=True, kw_only=True)
class Row:
    """One object. `history` holds only properties that changed since creation."""

    kind: int
    id: int
    properties: dict[str, str | None]
    created_at: int
    updated_at: int
    archived_at: int | None = None
    merged_into: int | None = None
    history_text: str | None = None
    origin_text: str | None = None

    def history(self) -> dict[str, list[list[Any]]]:
        """Property -> versions as stored, oldest first."""
        return orjson.loads(self.history_text) if self.history_text else {}

    def origin(self) -> Source:
        """The source of the values that the object was created with."""
        return Source(*orjson.loads(self.origin_text)) if self.origin_text else IMPORTED

    def versions(self, name: str) -> list[Version]:
        """The history of one property, newest first."""
        stored = self.history().get(name)
        if stored is None:
            value = self.properties.get(name)
            return [] if value is None else [Version(value, self.created_at, self.origin())]
        return [_version(entry) for entry in reversed(stored)]


def changes_of(row: Row, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """What of the wanted values differs from the row."""
    return {name: v for name, v in wanted.items() if row.properties.get(name) != v}


def changed(
    row: Row,
    changes: Mapping[str, str | None],
    *,
    at: int,
    source: Source,
    touch: bool = False,
    history_max: int = HISTORY_MAX,
) -> Row:
    """The row after one update: every change in it shares one timestamp.

    Without any change the row stays as it is; with `touch` its modified time moves all the same.
    """
    at = max(at, row.updated_at + 1)  # two updates never share a modified time
    if not changes:
        return replace(row, updated_at=at) if touch else row
    history = row.history()
    for name, value in changes.items():
        if name not in history:
            history[name] = [_entry(v) for v in row.versions(name)]
        history[name].append(_entry(Version(value, at, source)))
        del history[name][:-history_max]
    properties = {**row.properties, **changes}
    return replace(
        row,
        properties={name: value for name, value in properties.items() if value is not None},
        updated_at=at,
        history_text=orjson.dumps(history).decode(),
    )


def source_text(source: Source) -> str:
    """The stored form of an origin."""
    return orjson.dumps(list(source)).decode()


def _entry(version: Version) -> list[Any]:
    return [version.value, version.at, *version.source]


def _version(entry: list[Any]) -> Version:
    return Version(entry[0], entry[1], Source(*entry[2:]))
