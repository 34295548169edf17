"""The work that this process has in hand: working on it, or waiting to look again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from core.work.work import Work, parted
from core.workers.engine.attempt import Look

#: Who waits for longer looks in between: a look too many costs a query, and a clock that was set
#: could make it wait for hours.
WAIT_S_MAX = 60.0


class Leave(BaseException):
    """Let go of a piece of work without a word: another process carries it, or we are stopping.

    Not an ``Exception``: DBOS would record that as the workflow's end, and nobody went on.
    """


@dataclass(slots=True, eq=False)
class Hand:
    """One piece of work in hand, by its key."""

    key: str
    bell: threading.Event = field(default_factory=threading.Event)
    waiting: bool = False


class RunningWork:
    """All of them. Shared between threads."""

    def __init__(self, at_once: Mapping[Work, int], now: Callable[[], datetime]) -> None:
        """``at_once``: how many of each kind are worked on at one time; any number may wait."""
        self._slots = {work: threading.Semaphore(number) for work, number in at_once.items()}
        self._at_once = at_once
        self._now = now
        self._held: set[Hand] = set()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._closed = threading.Event()

    @contextmanager
    def take(self, key: str) -> Iterator[Hand]:
        """Have it in hand for a while. Raises ``Leave`` when we are stopping."""
        hand = Hand(key)
        with self._lock:
            self._held.add(hand)
        try:
            self._check()
            yield hand
        finally:
            with self._lock:
                self._held.remove(hand)
                self._changed.notify_all()

    @contextmanager
    def slot(self, key: str) -> Iterator[None]:
        """Wait for a turn to work, among its kind. Raises ``Leave`` when we are stopping."""
        slots = self._slots[parted(key)[0]]
        while not slots.acquire(timeout=0.1):
            self._check()
        try:
            self._check()
            yield
        finally:
            slots.release()

    def wait(self, hand: Hand, until: datetime) -> None:
        """Wait for that time or for the bell. Raises ``Leave`` when we are stopping."""
        hand.waiting = True
        try:
            left_s = (until - self._now()).total_seconds()
            hand.bell.wait(min(max(0.0, left_s), WAIT_S_MAX))
            hand.bell.clear()
            self._check()
        finally:
            hand.waiting = False

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Leave

    def ring(self, key: str) -> None:
        """Look again now, if it is only waiting."""
        with self._lock:
            for hand in self._held:
                if hand.key == key:
                    hand.bell.set()

    def keys(self) -> set[str]:
        """What is in hand."""
        with self._lock:
            return {hand.key for hand in self._held}

    def waiting(self) -> set[str]:
        """What only waits."""
        with self._lock:
            return {hand.key for hand in self._held if hand.waiting}

    def room(self, work: Work) -> int:
        """How many more of this kind could be worked on."""
        with self._lock:
            busy = (hand for hand in self._held if not hand.waiting)
            return self._at_once[work] - sum(parted(hand.key)[0] is work for hand in busy)

    def let_go(self) -> None:
        """Whoever waits leaves now; whoever works leaves when it is done."""
        self._stopping.set()
        with self._lock:
            for hand in self._held:
                hand.bell.set()

    def close(self) -> None:
        """What is found from now on shall not be recorded: the next worker looks for itself."""
        self._closed.set()

    def require_open(self, found: Look) -> None:
        """Raise ``Leave`` when what a look found must not be recorded.

        That is anything, once we are closed; and while we are stopping, when to look again: the
        next worker would keep to it, and what we let go waited for half a minute.
        """
        if self._closed.is_set() or (self._stopping.is_set() and found.again is not None):
            raise Leave

    def empty(self, timeout_s: float) -> bool:
        """Wait until nothing is in hand any more; False when some still is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout_s)
