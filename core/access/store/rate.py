"""How often each key may ask: a row for each, changed by one statement, whichever process asks.

A token bucket kept as one time: until when an even rate would be busy with what was let in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from core.credits.errors import JournalError
from core.database.database import SCHEMA
from core.database.fleeting import opened

#: As many as there are threads that ask (``api.v1.limits.THREADS``).
CONNECTIONS = 8
#: Nothing that was let in makes a time further ahead than its room and this: the clock was put back
#: or the machine started since, and it is begun anew.
ASTRAY_S = 1.0

#: On PostgreSQL unlogged: nothing of it is waited for on its way to the disk.
TABLE = "create {}table if not exists api_pace (id text primary key, due double precision not null)"
#: Of two at once one waits for the other. No row comes back: there was no room.
TAKE = """
insert into {table} as pace (id, due) {begun}
on conflict (id) do update set due = {from_} + :gap where {from_} + :gap <= {now} + :room
returning due"""
FROM = (
    f"case when pace.due > {{now}} + :room + {ASTRAY_S} then {{now}}"
    " else {later}({now}, pace.due) end"
)
AHEAD = "select due - {clock} from {table} where id = :id"
SERVER_TIME = "extract(epoch from clock_timestamp())::double precision"


@dataclass(slots=True)
class SharedPace:
    """``core.access.store.rate_port.Pace`` of the operational store at ``url``."""

    url: str
    #: Of a file: seconds that nobody sets, begun anew with the machine. PostgreSQL's own clock is
    #: the one of all who share it.
    clock: Callable[[], float] = time.monotonic
    _on_file: bool = field(init=False)
    _engine: sa.Engine | None = field(default=None, init=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False)
    #: A file has one writer at a time. Waiting here is fair and quick; its own waiting polls.
    _turn: AbstractContextManager[Any] = field(init=False)
    _take: sa.TextClause = field(init=False)
    _ahead: sa.TextClause = field(init=False)

    def __post_init__(self) -> None:
        """Opens nothing yet: scripts have no use for it."""
        on_file = self._on_file = make_url(self.url).get_backend_name() == "sqlite"
        self._turn = threading.Lock() if on_file else nullcontext()
        table = "api_pace" if on_file else f"{SCHEMA}.api_pace"
        now = "(excluded.due - :gap)"
        from_ = FROM.format(now=now, later="max" if on_file else "greatest")
        clock = ":now" if on_file else SERVER_TIME
        begun = f"select cast(:id as text), {clock} + :gap where true"
        self._take = sa.text(TAKE.format(table=table, begun=begun, from_=from_, now=now))
        self._ahead = sa.text(AHEAD.format(table=table, clock=clock))

    def take(self, id_: str, *, rate: float, most: float) -> float:
        """See ``Pace``. One statement, and one more for whoever is turned away."""
        gap = 1 / rate
        asked = {"id": id_, "gap": gap, "room": most * gap, "now": self.clock()}
        try:
            with self._turn, self._opened().connect() as connection:
                if connection.execute(self._take, asked).first() is not None:
                    return 0.0
                ahead = connection.execute(self._ahead, asked).scalar()
        except SQLAlchemyError as error:
            raise JournalError("the operational store cannot tell how often was asked") from error
        return max((ahead or 0.0) + gap - most * gap, 0.001)

    def close(self) -> None:
        """Give all connections back."""
        if self._engine is not None:
            self._engine.dispose()

    def _opened(self) -> sa.Engine:
        with self._opening:
            if self._engine is None:
                table = TABLE.format("" if self._on_file else "unlogged ")
                self._engine = opened(self.url, table, connections=CONNECTIONS)
            return self._engine
