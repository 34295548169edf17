"""The one way to HubSpot: below the account's limits, the most urgent first.

What the limits are, HubSpot says in the headers of its answers.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import IntEnum

from core.credits.errors import LimitReached, NoRoom, NotSent
from core.hubspot.pace.slots import LAST, Grant, Limit, Slots, Wait
from core.hubspot.ports.inspection import Quota

#: HubSpot's smallest limit, until an answer says more.
FIRST_LIMIT = Limit(count=100, window_s=10.0)
#: Searches: HubSpot allows five in any second, for the whole account and without a header.
SEARCH_LIMIT = Limit(count=4, window_s=1.0)
#: For how long what an answer said about the day is believed.
DAY_BELIEVED_S = 300.0
#: How often to compare HubSpot's count with ours, and by how much they may differ.
COMPARE_S, DIFFERENCE = 1.0, 0.05


#: However long a 429 asks to wait: after this somebody tries.
PAUSE_MAX_S = 60.0


class Priority(IntEnum):
    """Who goes first."""

    OPERATION = 0
    MIRROR = 1
    SWEEP = LAST


#: The part of the day's calls that is kept for whoever goes before.
KEPT_OF_DAY = {Priority.OPERATION: 0.0, Priority.MIRROR: 0.01, Priority.SWEEP: 0.05}


Waiter = tuple[int, int, threading.Condition]


@dataclass(slots=True)
class Lane:
    """Waiters of one bucket in this process, in two lines: those who are paced, and those in haste.

    Only the first of each line asks for a slot. Neither line waits for the other, but for sweeps:
    somebody waits for what is read in haste.
    """

    slots: Slots
    limit: Limit
    now: Callable[[], float]
    #: How many slots somebody else uses.
    foreign: Callable[[], int] = lambda: 0
    paused_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _queue: list[Waiter] = field(default_factory=list)
    _hasty: list[Waiter] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def slot(self, priority: Priority, until: float, *, hasty: bool = False) -> Iterator[None]:
        """Hold a slot. Raises ``NoRoom`` when there is none before ``until``."""
        limit, grant = self._wait(priority, until, hasty=hasty)
        try:
            yield
        finally:
            # a store that fails now must not hide what became of the request, and the slot
            # comes free by itself
            with self._lock, suppress(NotSent):
                self.slots.give_back(limit, grant)

    def _wait(self, priority: Priority, until: float, *, hasty: bool) -> tuple[Limit, Grant]:
        line = self._hasty if hasty else self._queue
        with self._lock:
            me = (int(priority), next(self._number), threading.Condition(self._lock))
            heapq.heappush(line, me)
            try:
                while True:
                    seconds: float | None = None
                    if line[0] is me and not self._gives_way(priority):
                        limit = self.ours()
                        answer = self._ask(limit, priority, hasty=hasty)
                        if isinstance(answer, Grant):
                            return limit, answer
                        seconds = answer.seconds
                    me[2].wait(self._at_most(seconds, until))
            finally:
                line.remove(me)
                heapq.heapify(line)
                for waiters in (self._queue, self._hasty):
                    if waiters:
                        waiters[0][2].notify()

    def _gives_way(self, priority: Priority) -> bool:
        return priority == LAST and bool(self._hasty)

    def _ask(self, limit: Limit, priority: Priority, *, hasty: bool) -> Grant | Wait:
        pause = self.paused_until - self.now()
        return Wait(seconds=pause) if pause > 0 else self.slots.take(limit, priority, hasty=hasty)

    def _at_most(self, seconds: float | None, until: float) -> float:
        left = until - self.now()
        if left <= 0 or (seconds is not None and seconds >= left):
            raise NoRoom("HubSpot's limit left no room in time")
        return min(left, threading.TIMEOUT_MAX) if seconds is None else seconds

    def ours(self) -> Limit:
        """What is kept to just now."""
        spare = self.limit.spare + self.foreign()
        return replace(self.limit, spare=min(spare, self.limit.count - 1))

    def busy(self) -> int:
        """Slots held or resting."""
        with self._lock:
            return self.slots.busy()

    def pause(self, seconds: float) -> None:
        """HubSpot said no all the same: nobody asks for so long, but for ever is not believed."""
        self.paused_until = max(self.paused_until, self.now() + min(seconds, PAUSE_MAX_S))


@dataclass(slots=True)
class Limiter:
    """Both lanes, and what HubSpot said of its limits. ``now`` is any steady clock."""

    calls: Slots
    searches: Slots
    now: Callable[[], float]
    #: The part of the account's limit that is ours.
    share: float = 1.0
    _calls: Lane = field(init=False)
    _searches: Lane = field(init=False)
    _day: tuple[int, int] | None = None
    _day_known_at: float = 0.0
    _foreign: int = 0
    #: When compared, and how many more HubSpot counted than we: of the last window.
    _unknown: tuple[tuple[float, int], ...] = ()
    _seeing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin with what every account has."""
        self._calls = Lane(self.calls, self._shared(FIRST_LIMIT), self.now, self._others)
        self._searches = Lane(self.searches, SEARCH_LIMIT, self.now)

    @property
    def limit(self) -> Limit:
        """What is kept to just now."""
        return self._calls.ours()

    @contextmanager
    def slot(
        self,
        priority: Priority,
        *,
        search: bool = False,
        hasty: bool = False,
        until: float = math.inf,
    ) -> Iterator[None]:
        """May be held for one request. ``hasty``: a person waits for many such.

        Raises:
            NotSent: no room before ``until``.
            LimitReached: what is left of the day is kept for more urgent calls.
        """
        self._spare_the_day(priority)
        if not search:
            with self._calls.slot(priority, until, hasty=hasty):
                yield
            return
        with self._searches.slot(priority, until), self._calls.slot(priority, until):
            yield

    def learn(self, headers: Mapping[str, str]) -> None:
        """From any answer; ``headers`` with names in small letters. Searches have none."""
        most = _whole(headers.get("x-hubspot-ratelimit-max"))
        window = _whole(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        left = _whole(headers.get("x-hubspot-ratelimit-remaining"))
        if most and window:
            if left is not None:
                self._compare(most, left, window / 1000)
            self._calls.limit = self._shared(Limit(count=most, window_s=window / 1000))
        day = _whole(headers.get("x-hubspot-ratelimit-daily"))
        day_left = _whole(headers.get("x-hubspot-ratelimit-daily-remaining"))
        if day and day_left is not None:
            self._day, self._day_known_at = (day_left, day), self.now()

    def refused(self, seconds: float, *, search: bool) -> None:
        """HubSpot answered 429: somebody else uses the limit too, and we have to wait."""
        (self._searches if search else self._calls).pause(seconds)

    def day_is_over(self) -> None:
        """HubSpot answered that the day's calls are used up."""
        _, day = self._day or (0, 0)
        self._day, self._day_known_at = (0, day), self.now()

    def quota(self) -> Quota:
        """What HubSpot allows, and what of it is used."""
        left, day = self._day or (None, None)
        limit = self._calls.ours()
        return Quota(
            used=min(self._calls.busy(), limit.count),
            limit=limit.count,
            window_s=limit.window_s,
            day_left=left,
            day_limit=day or None,
        )

    def _shared(self, limit: Limit) -> Limit:
        spare = math.floor(limit.count * (1 - self.share) + 1e-9)
        return replace(limit, spare=min(spare, limit.count - 1))

    def _compare(self, most: int, left: int, window_s: float) -> None:
        """Calls that HubSpot counts and we do not are somebody else's with our token.

        HubSpot may begin to count anew at once, so what others use is the most that was seen in a
        whole window. While much is left it can only become less: nobody needs to give way then.
        """
        now = self.now()
        if self._unknown and now - self._unknown[-1][0] < COMPARE_S:
            return
        unknown = most - left - self._calls.busy()
        with self._seeing:  # of two threads at once neither forgets what the other saw
            lately = tuple(each for each in self._unknown if now - each[0] <= window_s)
            self._unknown = (*lately, (now, unknown))
            seen = max(number for _, number in self._unknown)
            foreign = seen if seen > most * DIFFERENCE else 0
            self._foreign = foreign if left <= most / 4 else min(self._foreign, foreign)

    def _others(self) -> int:
        """Who got no answer for a window knows of nobody any more: waiting alone would not tell."""
        window_s = self._calls.limit.window_s
        is_fresh = self._unknown and self.now() - self._unknown[-1][0] <= window_s
        return self._foreign if is_fresh else 0

    def _spare_the_day(self, priority: Priority) -> None:
        if self._day is None or self.now() - self._day_known_at > DAY_BELIEVED_S:
            return
        left, day = self._day
        if left > day * KEPT_OF_DAY[priority]:
            return
        kept = f"; the last {left} are kept for more urgent ones" if left else ""
        raise LimitReached(
            f"HubSpot's {day or 'daily'} calls for today are used up{kept}. The day ends at"
            " midnight in the account's time zone",
            retry_after_s=DAY_BELIEVED_S,
        )


def _whole(raw: str | None) -> int | None:
    return int(raw) if raw is not None and raw.isascii() and raw.isdigit() else None
