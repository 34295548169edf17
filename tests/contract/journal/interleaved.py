"""Two transactions on two connections to one PostgreSQL database, in an order that a test chooses.

One stands still after a statement of its own, while another runs to its end or to a lock that the
first one holds. PostgreSQL itself says which of the two it was. Nothing sleeps.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import event, text

from core.access.store.chain import Chain
from core.app.stores import SqlJournal
from core.database.database import Database

T = TypeVar("T")
Work = Callable[[SqlJournal], T]

PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.02
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


@dataclass
class Standing:
    """A journal whose transaction stands still after the first statement that matches."""

    journal: SqlJournal
    after: re.Pattern[str]
    pool: ThreadPoolExecutor
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def begin(self, work: Work[T]) -> Future[T]:
        """Run ``work`` until it stands still."""
        begun = self.pool.submit(work, self.journal)
        while not self.reached.wait(_LOOK_EVERY_S):
            if begun.done():
                begun.result()
                raise AssertionError(f"it ended without a statement like {self.after.pattern!r}")
        return begun

    def go_on(self) -> None:
        self.released.set()

    def _executed(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if not self.reached.is_set() and self.after.search(" ".join(statement.split())):
            self.reached.set()
            assert self.released.wait(PATIENCE_S), "the test never let it go on"


@dataclass
class Both:
    """One that stands still, and another that meets what the first one holds."""

    first: Standing
    other: SqlJournal
    looker: Database
    pool: ThreadPoolExecutor

    def begin(self, work: Work[T]) -> Future[T]:
        return self.first.begin(work)

    def meanwhile(self, work: Work[T]) -> tuple[Future[T], bool]:
        """Run ``work`` beside it. True: it waits for a lock of the one that stands still."""
        begun = self.pool.submit(work, self.other)
        while not begun.done():
            if self.looker.read(lambda connection: connection.execute(_WAITING).scalar_one()):
                return begun, True
            with suppress(TimeoutError):
                begun.exception(_LOOK_EVERY_S)
        return begun, False


@contextmanager
def interleaved(url: str, *, after: str) -> Iterator[Both]:
    """``after``: a pattern of the statement after which the first one stands still."""
    stands = SqlJournal(url)
    stands.close()
    # the database takes a transaction from whoever stands still: here that is what is wanted
    stands._db = Database(url, stands_still_s=2 * PATIENCE_S, at_end=Chain(()).append)
    other, looker = SqlJournal(url), Database(url)
    with ThreadPoolExecutor(2) as pool:
        first = Standing(stands, re.compile(after), pool)
        event.listen(stands._db.engine, "after_cursor_execute", first._executed)
        try:
            yield Both(first, other, looker, pool)
        finally:
            first.go_on()
    for each in (stands, other, looker):
        each.close()
