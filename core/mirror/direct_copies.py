"""Copies handed over by whoever settles a write: on their way to the mirror while the journal
still saves them.

The outbox row is the promise; this is only speed. A settled copy is held in the outbox for the
process that settled it, which offers it to the mirror at the same moment. The row leaves the
outbox when both have happened, in whichever order. Should either fail, the hold ends and any
process copies the row again, which is harmless (docs/decisions/0008-copies.md).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.records import Kind
from core.mirror.store.outbox_port import Due

#: How long the outbox holds a settled copy for the process that settled it. One that died, or
#: fell behind, costs a copy no more than this.
HANDED = timedelta(seconds=5)
#: More than this is left to the outbox: the mirror is slow or down, and memory stays flat.
KEPT_MAX = 10_000

#: A version of a record's copy: the time of the settlement that made it due.
Version = tuple[Kind, str, datetime | None]


@dataclass(slots=True)
class DirectCopies:
    """In the order in which they came. Shared by the threads of one process."""

    _offered: deque[Due] = field(default_factory=deque)
    #: As they were read before a write of them: copied before what was offered after.
    _read: deque[Due] = field(default_factory=deque)
    #: In the outbox, and not copied yet; copied, and not in the outbox yet. Oldest first.
    _saved: dict[Version, Due] = field(default_factory=dict)
    _made: dict[Version, Due] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, due: Sequence[Due]) -> None:
        """To be copied soon, though the journal does not have them yet."""
        self._put(self._offered, due)

    def offer_read(self, due: Sequence[Due]) -> None:
        """To be copied soon if that can be; no outbox ever has them."""
        self._put(self._read, due)

    def take(self, limit: int, now: datetime) -> list[Due]:
        """The first of them that are still ours to copy."""
        return self._take(self._offered, limit, now)

    def take_read(self, limit: int, now: datetime) -> list[Due]:
        """The first of those that were read of late."""
        return self._take(self._read, limit, now)

    def _put(self, line: deque[Due], due: Sequence[Due]) -> None:
        with self._lock:
            room = KEPT_MAX - len(line)
            line += due[: max(0, room)]

    def _take(self, line: deque[Due], limit: int, now: datetime) -> list[Due]:
        with self._lock:
            taken = [line.popleft() for _ in range(min(limit, len(line)))]
        return [due for due in taken if _ours(due, now)]

    def saved(self, held: Sequence[Due], now: datetime) -> list[Due]:
        """The outbox has these. Those of them that are copied already, and may leave it."""
        with self._lock:
            _forget(self._saved, now)
            made = [(due, self._made.pop(_version(due), None)) for due in held]
            self._saved |= {_version(due): due for due, copy in made if copy is None}
        return [due for due, copy in made if copy is not None and copy.row == due.row]

    def made(self, copies: Sequence[Due], now: datetime) -> list[Due]:
        """These are copied. Those of them that are in the outbox, and may leave it."""
        with self._lock:
            _forget(self._made, now)
            saved = [(copy, self._saved.pop(_version(copy), None)) for copy in copies]
            self._made |= {_version(copy): copy for copy, due in saved if due is None}
        return [due for copy, due in saved if due is not None and copy.row == due.row]


def _version(due: Due) -> Version:
    return due.kind, due.record_id, due.due_since


def _ours(due: Due, now: datetime) -> bool:
    return due.due_since is not None and now < due.due_since + HANDED


def _forget(kept: dict[Version, Due], now: datetime) -> None:
    """What never found its other half: the outbox sees to it."""
    while kept and not _ours(next(iter(kept.values())), now):
        del kept[next(iter(kept))]


@dataclass(slots=True)
class PendingRemovals:
    """Copies that are made, to be taken out of the outbox: all threads' together, by one of them.

    The journal has one writer, which a hundred small removals would keep from settling writes.
    """

    _waiting: list[Due] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def put(self, done: Sequence[Due]) -> None:
        """To be removed by the next who closes."""
        with self._lock:
            self._waiting += done

    def close(self, remove: Callable[[Sequence[Due]], None]) -> None:
        """Remove what waits, unless somebody is at it: they see to ours when they are done.

        What cannot be removed is copied again when its hold is over, which is harmless.
        """
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                with self._lock:
                    done, self._waiting = self._waiting, []
                if done:
                    remove(done)
            finally:
                self._turn.release()
