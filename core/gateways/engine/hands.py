"""The operations that this process has in hand: working on them, or waiting to look again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: A wait is cut up, so that a clock that was set cannot make it endless.
WAIT_S_MAX = 30.0


class Leave(BaseException):
    """Let go of an operation without a word: another process carries it, or we are stopping.

    Not an ``Exception``: DBOS would record that as the workflow's end, and nobody went on.
    """


@dataclass(slots=True, eq=False)
class Hand:
    """One operation in hand."""

    operation_id: str
    bell: threading.Event = field(default_factory=threading.Event)
    waiting: bool = False


class Hands:
    """All of them. Shared between threads."""

    def __init__(self, at_once: int, now: Callable[[], datetime]) -> None:
        """``at_once``: how many are worked on at one time; any number may wait."""
        self._slots = threading.Semaphore(at_once)
        self._at_once = at_once
        self._now = now
        self._held: set[Hand] = set()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._closed = threading.Event()

    @contextmanager
    def take(self, operation_id: str) -> Iterator[Hand]:
        """Have it in hand for a while. Raises ``Leave`` when we are stopping."""
        hand = Hand(operation_id)
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
    def slot(self) -> Iterator[None]:
        """Wait for a turn to work. Raises ``Leave`` when we are stopping."""
        while not self._slots.acquire(timeout=0.1):
            self._check()
        try:
            self._check()
            yield
        finally:
            self._slots.release()

    def wait(self, hand: Hand, until: datetime) -> None:
        """Wait for that time or for the bell. Raises ``Leave`` when we are stopping."""
        hand.waiting = True
        try:
            while (left_s := (until - self._now()).total_seconds()) > 0:
                if hand.bell.wait(min(left_s, WAIT_S_MAX)):
                    break
            hand.bell.clear()
            self._check()
        finally:
            hand.waiting = False

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Leave

    def ring(self, operation_id: str) -> None:
        """Look again now, if it is only waiting."""
        with self._lock:
            for hand in self._held:
                if hand.operation_id == operation_id:
                    hand.bell.set()

    def ids(self) -> set[str]:
        """What is in hand."""
        with self._lock:
            return {hand.operation_id for hand in self._held}

    def waiting(self) -> set[str]:
        """What only waits."""
        with self._lock:
            return {hand.operation_id for hand in self._held if hand.waiting}

    @property
    def room(self) -> int:
        """How many more could be worked on."""
        with self._lock:
            return self._at_once - sum(not hand.waiting for hand in self._held)

    def let_go(self) -> None:
        """Whoever waits leaves now; whoever works leaves when it is done."""
        self._stopping.set()
        with self._lock:
            for hand in self._held:
                hand.bell.set()

    def close(self) -> None:
        """What is found from now on shall not be recorded: the next worker looks for itself."""
        self._closed.set()

    def unless_closed(self, work: Callable[P, R]) -> Callable[P, R]:
        """The same, but ``Leave`` instead of a result once we are closed."""

        @wraps(work)
        def done(*args: P.args, **kwargs: P.kwargs) -> R:
            result = work(*args, **kwargs)
            if self._closed.is_set():
                raise Leave
            return result

        return done

    def empty(self, timeout_s: float) -> bool:
        """Wait until nothing is in hand any more; False when some still is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout_s)
