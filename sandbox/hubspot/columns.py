"""An object as a row of the table `objects`, and back."""

from __future__ import annotations

import orjson

from sandbox.hubspot.rows import Row

COLUMNS = "kind, id, properties, created_at, updated_at, archived_at, merged_into, history, origin"


def to_row(stored: tuple[object, ...]) -> Row:
    """A row of the table `objects`, in the order of COLUMNS."""
    kind, id_, properties, created_at, updated_at, archived_at, merged_into, history, origin = (
        stored
    )
    return Row(
        kind=kind,  # type: ignore[arg-type]
        id=id_,  # type: ignore[arg-type]
        properties=orjson.loads(properties),  # type: ignore[arg-type]
        created_at=created_at,  # type: ignore[arg-type]
        updated_at=updated_at,  # type: ignore[arg-type]
        archived_at=archived_at,  # type: ignore[arg-type]
        merged_into=merged_into,  # type: ignore[arg-type]
        history_text=history,  # type: ignore[arg-type]
        origin_text=origin,  # type: ignore[arg-type]
    )


def to_update(row: Row) -> tuple[object, ...]:
    changed = (orjson.dumps(row.properties).decode(), row.updated_at, row.archived_at)
    return (*changed, row.history_text, row.kind, row.id)


def to_tuple(row: Row) -> tuple[object, ...]:
    """The opposite of `to_row`."""
    return (
        row.kind,
        row.id,
        orjson.dumps(row.properties).decode(),
        row.created_at,
        row.updated_at,
        row.archived_at,
        row.merged_into,
        row.history_text,
        row.origin_text,
    )
