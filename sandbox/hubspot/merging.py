"""What becomes of two objects that are merged. Pure, but for the redirect of older ids."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.rows import HISTORY_MAX, Row, Source

CONTACTS = "0-1"
#: whose merges make a new id: of contacts alone, of all objects, or of none
MODES = ("contacts", "all", "kept")


@dataclass(frozen=True, slots=True)
class Plan:
    """The object that stays, and those whose ids lead to it from now on."""

    winner: Row
    losers: tuple[Row, ...]


def makes_new_id(mode: str, kind: Kind) -> bool:
    """Whether what two objects become has an id of its own; else it has the primary's."""
    return mode == "all" or (mode == "contacts" and kind.type.id == CONTACTS)


def plan(kind: Kind, primary: Row, other: Row, *, at: int, new_id: int | None) -> Plan:
    """The primary's values win; the other's fill only what the primary lacks.

    The other's values stay in the history, below the winner's own. Without a new id, the primary's
    id is kept.
    """
    winner_id = primary.id if new_id is None else new_id
    values = {**other.properties, **primary.properties}
    merged = _ids(primary) | _ids(other)
    values["hs_merged_object_ids"] = ";".join(str(i) for i in sorted(merged - {winner_id}))
    if kind.type.id == CONTACTS:
        values["hs_calculated_merged_vids"] = ";".join(f"{i}:{at}" for i in sorted(merged))
    at = max(at, primary.updated_at + 1, other.updated_at + 1)
    winner = replace(
        primary,
        id=winner_id,
        properties=values,
        created_at=min(primary.created_at, other.created_at),
        updated_at=at,
        history_text=orjson.dumps(_history(values, primary, other, at)).decode(),
    )
    gone = [row for row in (primary, other) if row.id != winner_id]
    return Plan(winner, tuple(replace(row, merged_into=winner_id, archived_at=at) for row in gone))


def _ids(row: Row) -> set[int]:
    earlier = row.properties.get("hs_merged_object_ids") or ""
    return {row.id, *(int(i) for i in earlier.split(";") if i)}


def _history(
    values: dict[str, str | None], primary: Row, other: Row, at: int
) -> dict[str, list[list[Any]]]:
    histories: dict[str, list[list[Any]]] = {}
    source = Source("MERGE_OBJECTS", f"primary:{primary.id}")
    names = set(values) | set(primary.history()) | set(other.history())
    for name in sorted(names):
        entries: list[list[Any]] = [
            [version.value, version.at, *version.source]
            for row in (primary, other)
            for version in row.versions(name)
        ]
        entries.sort(key=lambda entry: entry[1])
        entries.append([values.get(name), at, *source])
        histories[name] = entries[-HISTORY_MAX:]
    return histories


def redirect(connection: sqlite3.Connection, kind: Kind, plan: Plan) -> None:
    """Ids that led to a loser lead to the winner: one step, however often people merge."""
    for row in plan.losers:
        connection.execute(
            "update objects set merged_into = ? where kind = ? and merged_into = ?",
            (plan.winner.id, kind.no, row.id),
        )
