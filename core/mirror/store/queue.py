"""What the outbox and the outgoing events have in common as tables of what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Select, Table, bindparam, func, select, update

from core.database.statements import chunks
from core.mirror.store.outbox_port import OutboxState
from core.mirror.store.rules import AT_ONCE

#: What makes one that was given up due again, as if it had never been tried.
ALIVE = {"dead": False, "attempts": 0, "next_try_at": None, "take_at": AT_ONCE}


class Tried(Protocol):
    """How something that is due fared when it was tried."""

    @property
    def attempts(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def dead(self) -> bool: ...
    @property
    def next_try_at(self) -> datetime | None: ...


def any_ready(connection: Connection, queue: Table, now: datetime) -> bool:
    """Whether anything may be taken: asked by a reader, before the writer's turn is taken."""
    query = select(queue.c.seq).where(~queue.c.dead, queue.c.take_at <= now).limit(1)
    return connection.execute(query).first() is not None


def ready(
    queue: Table, columns: Sequence[Column[Any]], now: datetime, *order: Column[Any]
) -> Select[Any]:
    """What may be taken, in this order, but for what another process takes at this moment."""
    found = select(*columns).where(~queue.c.dead, queue.c.take_at <= now)
    return found.order_by(*order).with_for_update(skip_locked=True)


def hold(
    connection: Connection, key: Column[Any], taken: Sequence[object], until: datetime
) -> None:
    """Nobody else takes these before then."""
    for some in chunks(taken):
        connection.execute(update(key.table).where(key.in_(some)).values(take_at=until))


def keep_failed(
    connection: Connection, key: Column[Any], failed: Sequence[tuple[object, Tried]]
) -> None:
    """Each by its value of ``key``: when to try it again, or that it was given up."""
    values = [
        {
            "b_key": value,
            "attempts": one.attempts,
            "error": one.error,
            "dead": one.dead,
            "next_try_at": one.next_try_at,
            "take_at": one.next_try_at or AT_ONCE,
        }
        for value, one in failed
    ]
    if values:
        connection.execute(update(key.table).where(key == bindparam("b_key")), values)


def counted(connection: Connection, queue: Table, since: Column[Any]) -> OutboxState:
    """Counted in the database; ``since``: from when each is due."""
    query = select(queue.c.dead, func.count(), func.min(since)).group_by(queue.c.dead)
    found = {dead: (n, at) for dead, n, at in connection.execute(query)}
    due, oldest = found.get(False, (0, None))
    return OutboxState(due=due, dead=found.get(True, (0, None))[0], oldest=oldest)
