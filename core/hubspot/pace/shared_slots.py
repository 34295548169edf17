"""Slots in a database, shared by every process that calls HubSpot with the same account.

Nothing of them outlives ten seconds of use, so they lie beside the journal, and taking a slot never
waits for it. On PostgreSQL the time is the server's; beside a file it is the seconds that this
machine counts, which nobody sets. They begin anew when the machine starts, and a server's clock may
be set back: a slot that is held for longer than any can be rests for one window from now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.credits.errors import LimitUnknown
from core.database.fleeting import opened, transaction
from core.database.full_disk import for_lack_of_room
from core.hubspot.pace.slots import LAST, TICK_S, TRANSIT_S, Grant, Limit, Pace, Wait

TABLES = """
create table if not exists hubspot_slots (
    bucket text, slot integer, free_at double precision not null, primary key (bucket, slot)
);
create table if not exists hubspot_pace (bucket text primary key, due double precision not null);
create table if not exists hubspot_waiting (
    bucket text, priority integer, until double precision not null, primary key (bucket, priority)
)"""
#: The fields of ``Pace``, and what the bucket of each is called in ``hubspot_pace``.
PACES = {"due": "", "hasty_due": " in haste", "crowded_until": " crowded"}
HELD = sa.text(
    "select bucket, due from hubspot_pace where bucket in (:due, :hasty_due, :crowded_until)"
)
LOOK = sa.text(
    "select slot, free_at,"
    " (select max(until) from hubspot_waiting"
    "  where bucket = :bucket and priority < :priority) as ahead"
    " ,(select max(free_at) from hubspot_slots where bucket = :bucket) as furthest"
    " from hubspot_slots where bucket = :bucket and slot < :count"
    " order by free_at, slot limit 1 offset :skipped"
)
REST = sa.text(
    "update hubspot_slots set free_at = :until"
    " where bucket = :bucket and slot = :slot and free_at > :until"
)
HOLD = sa.text("update hubspot_slots set free_at = :until where bucket = :bucket and slot = :slot")
ADD = sa.text(
    "insert into hubspot_slots values (:bucket, :slot, 0) on conflict (bucket, slot) do nothing"
)
PACE = sa.text(
    "insert into hubspot_pace values (:bucket, :due)"
    " on conflict (bucket) do update set due = excluded.due"
)
STAND = sa.text(
    "insert into hubspot_waiting values (:bucket, :priority, :until)"
    " on conflict (bucket, priority) do update set until = excluded.until"
)
BRING_BACK = (
    sa.text(
        "update hubspot_slots set free_at = :until where bucket = :bucket and free_at > :longest"
    ),
    sa.text("update hubspot_waiting set until = :now where bucket = :bucket and until > :now"),
)
BUSY = sa.text("select count(*) from hubspot_slots where bucket = :bucket and free_at > :now")
SERVER_TIME = sa.text("select extract(epoch from clock_timestamp())")
#: How those in haste stand: before sweeps, and not before a copy that waits.
BEHIND = LAST - 1
#: For how long after it looked in vain a waiter is still held to wait, and how soon to look again.
STANDS_S, LOOK_AGAIN_S = 0.2, 0.05

NO_ANSWER = "the operational store does not answer"


def open_engine(url: str) -> sa.Engine:
    """An engine for the slots of the operational store at ``url``, with the tables made."""
    return opened(url, TABLES)


@dataclass(slots=True)
class SharedSlots:
    """One bucket of slots. Raises ``LimitUnknown`` when the store does not answer."""

    engine: sa.Engine
    bucket: str
    #: Of this machine, beside a file.
    seconds: Callable[[], float] = time.monotonic
    #: How many rows are known to be there.
    _count: int = field(default=0, init=False)
    #: Priorities whose waiting we have told the others of.
    _standing: set[int] = field(default_factory=set, init=False)

    def take(self, limit: Limit, priority: int, *, hasty: bool = False) -> Grant | Wait:
        """A slot; none while somebody with a smaller priority waits, in any process."""
        with self._store() as (connection, now):
            self._make_rows(connection, limit.count)
            pace = self._pace(connection)
            looked = self._look(connection, limit, priority, pace.skipped(limit, now, hasty=hasty))
            if looked.furthest > now + TRANSIT_S + limit.window_s + TICK_S:
                pace = self._bring_back(connection, pace, now, limit)
                skipped = pace.skipped(limit, now, hasty=hasty)
                looked = self._look(connection, limit, priority, skipped)
            if looked.ahead is not None and looked.ahead > now:
                return Wait(seconds=LOOK_AGAIN_S)
            ready_at = max(looked.free_at, pace.ready_at(limit, now, hasty=hasty))
            if ready_at > now + TICK_S:
                again_at = pace.look_again_at(ready_at, now, hasty=hasty)
                if priority < LAST:
                    self._stand(connection, BEHIND if hasty else priority, again_at)
                    if not hasty:
                        self._keep(connection, pace, pace.waited(ready_at))
                return Wait(seconds=again_at - now)
            until = now + TRANSIT_S + limit.window_s
            connection.execute(HOLD, self._with(slot=looked.slot, until=until))
            self._keep(connection, pace, pace.granted(limit, now, hasty=hasty))
            self._stand_down(connection, BEHIND if hasty else priority, now)
            return Grant(slot=looked.slot, at=now)

    def _look(
        self, connection: sa.Connection, limit: Limit, priority: int, skipped: int
    ) -> sa.Row[Any]:
        """The slot that is free for longest but those to be left free."""
        asked = self._with(count=limit.count, priority=priority, skipped=skipped)
        return connection.execute(LOOK, asked).one()

    def _stand(self, connection: sa.Connection, priority: int, until: float) -> None:
        """Those of later priorities, in all processes, let this one go first."""
        self._standing.add(priority)
        connection.execute(STAND, self._with(priority=priority, until=until + STANDS_S))

    def _stand_down(self, connection: sa.Connection, priority: int, now: float) -> None:
        if priority in self._standing:
            self._standing.discard(priority)
            connection.execute(STAND, self._with(priority=priority, until=now))

    def _pace(self, connection: sa.Connection) -> Pace:
        buckets = {name: self.bucket + tail for name, tail in PACES.items()}
        held = {row.bucket: row.due for row in connection.execute(HELD, buckets)}
        return Pace(**{name: held.get(bucket, 0.0) for name, bucket in buckets.items()})

    def _keep(self, connection: sa.Connection, before: Pace, after: Pace) -> None:
        changed = [
            {"bucket": self.bucket + tail, "due": at}
            for name, tail in PACES.items()
            if (at := getattr(after, name)) != getattr(before, name)
        ]
        if changed:
            connection.execute(PACE, changed)

    def _bring_back(self, connection: sa.Connection, pace: Pace, now: float, limit: Limit) -> Pace:
        """The clock was set back since: nothing that it stored is waited for but one rest."""
        longest, until = now + TRANSIT_S + limit.window_s, now + limit.window_s
        for statement in BRING_BACK:
            connection.execute(statement, self._with(now=now, longest=longest, until=until))
        self._keep(connection, pace, kept := pace.brought_back(now))
        return kept

    def give_back(self, limit: Limit, grant: Grant) -> None:
        """Never later than the grant had said."""
        with self._store() as (connection, now):
            rested = self._with(slot=grant.slot, until=now + limit.window_s)
            connection.execute(REST, rested)

    def busy(self) -> int:
        """How many slots are held or resting, by all processes."""
        with self._store() as (connection, now):
            return int(connection.execute(BUSY, self._with(now=now)).scalar_one())

    def _make_rows(self, connection: sa.Connection, count: int) -> None:
        if count > self._count:
            connection.execute(ADD, [self._with(slot=n) for n in range(self._count, count)])
            self._count = count

    def _with(self, **more: object) -> dict[str, object]:
        return {"bucket": self.bucket, **more}

    @contextmanager
    def _store(self) -> Iterator[tuple[sa.Connection, float]]:
        try:
            with transaction(self.engine) as connection:
                local = self.engine.dialect.name == "sqlite"
                now = self.seconds() if local else connection.execute(SERVER_TIME).scalar_one()
                yield connection, float(now)
        except SQLAlchemyError as error:
            self._count = 0  # whatever was there may be gone
            full = isinstance(error, DBAPIError) and for_lack_of_room(error, None)
            what = "the disk of the operational store is full" if full else NO_ANSWER
            raise LimitUnknown(f"{what}, so HubSpot's limit is not known") from error
