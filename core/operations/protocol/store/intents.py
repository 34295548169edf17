"""Writes with their movements, in and out of their two tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, tuple_

from core.credits.records import WriteId
from core.credits.writes import Movement, Write, WriteState
from core.database.columns import always
from core.database.statements import PAIRS, chunks
from core.operations.protocol.store.claims import LIVE_MOVEMENTS
from core.operations.protocol.store.rules import already_moved
from core.operations.protocol.store.tables import MovementState, movements, writes
from core.operations.protocol.store.writes_port import WriteRecord

_WRITE = ("id", "operation_id", "kind", "target_id", "marker_before", "sent_at")
_MOVEMENT = ("booking_id", "kind", "credit", "delta")
_OUTCOME = ("state", "modified_at", "reason", "verified", "verified_at", "look_at")


def add_intents(connection: Connection, fresh: Sequence[Write]) -> None:
    """Writes and movements; those of a write that is known already are left as they are.

    Raises:
        JournalError: a movement is already carried by another write that counts.
    """
    known = _known(connection, [write.id for write in fresh])
    fresh = [write for write in fresh if write.id not in known]
    if not fresh:
        return
    moving = [_movement_row(write, n, m) for write in fresh for n, m in enumerate(write.movements)]
    _check_alone(connection, moving)
    connection.execute(writes.insert(), [_write_row(write) for write in fresh])
    if moving:
        connection.execute(movements.insert(), moving)


def load_writes(
    connection: Connection, *where: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[WriteRecord]:
    """Writes that ``where`` picks, in the order in which they were saved."""
    picked = select(writes).where(*where)
    if limit is not None:
        picked = picked.order_by(writes.c.seq).limit(limit).offset(offset)
    # Sorted here: for the order's sake SQLite would read all writes to find the open ones.
    found = sorted(connection.execute(picked), key=attrgetter("seq"))
    carried = _movements_of(connection, [row.id for row in found])
    return [_record(row, carried.get(row.id, ())) for row in found]


def _known(connection: Connection, ids: Sequence[WriteId]) -> set[str]:
    return {
        id_
        for some in chunks(ids)
        for id_ in connection.execute(select(writes.c.id).where(writes.c.id.in_(some))).scalars()
    }


def _write_row(write: Write) -> dict[str, Any]:
    row = {name: getattr(write, name) for name in _WRITE}
    return row | {
        "before": dict(write.before),
        "after": dict(write.after),
        "state": WriteState.OPEN,
    }


def _movement_row(write: Write, n: int, movement: Movement) -> dict[str, Any]:
    return {
        "write_id": write.id,
        "n": n,
        "operation_id": write.operation_id,
        "booking_id": movement.booking_id,
        "kind": movement.kind,
        "credit": movement.credit,
        "delta": movement.delta,
        "state": MovementState.OPEN,
    }


def _check_alone(connection: Connection, moving: Sequence[Mapping[str, Any]]) -> None:
    """The unique key holds this too; here it can be said in words."""
    keys = [(row["booking_id"], row["kind"]) for row in moving]
    for some in chunks(keys, PAIRS):
        query = select(movements.c.booking_id, movements.c.kind, movements.c.write_id).where(
            tuple_(movements.c.booking_id, movements.c.kind).in_(some),
            always(movements.c.state, *LIVE_MOVEMENTS),
        )
        if row := connection.execute(query).first():
            raise already_moved(row.booking_id, row.kind, row.write_id)
    for key, times in Counter(keys).items():
        if times > 1:
            raise already_moved(*key, "the same save")


def _movements_of(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[Movement, ...]]:
    """By write, in the order of each."""
    columns = (movements.c.write_id, *(movements.c[name] for name in _MOVEMENT))
    found: dict[str, tuple[Movement, ...]] = {}
    for some in chunks(ids):
        query = select(*columns).where(movements.c.write_id.in_(some))
        rows = connection.execute(query.order_by(movements.c.write_id, movements.c.n))
        for write_id, of_write in groupby(rows, key=attrgetter("write_id")):
            found[write_id] = tuple(
                Movement(**dict(zip(_MOVEMENT, row[1:], strict=True))) for row in of_write
            )
    return found


def _record(row: Row[Any], carried: tuple[Movement, ...]) -> WriteRecord:
    values = row._mapping  # noqa: SLF001  (public in SQLAlchemy, for all its underscore)
    write = Write(
        **{name: values[name] for name in _WRITE},
        before=values["before"],
        after=values["after"],
        movements=carried,
    )
    return WriteRecord(write=write, **{name: values[name] for name in _OUTCOME})
