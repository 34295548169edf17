"""Several workers carry the groups of one operation, where one has too little processor time.

One worker holds the operation, as ever: its run begins, settles and ends it. While it has time
enough, its groups are known to itself alone. When it is short, it offers those that nobody has
begun in the journal, from which each is taken by one worker alone; whoever carries one does so in
that very run. So a worker that lends a hand is what another thread of the holder is, and is barred
by the same fence: when one of them dies, the holder begins a new run, as whoever takes over an
operation does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TypeVar

from core.credits.errors import GatewayError, Superseded
from core.credits.records import ItemKey
from core.credits.writes import Run
from core.operations.store.port import OperationStore
from core.work.context_pool import ContextPool

log = logging.getLogger(__name__)

Taken = TypeVar("Taken")

#: How often the holder looks whether it is short of processor time, and whether others are done.
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Crew:
    """This process as one of them."""

    journal: OperationStore
    #: Its name among the workers.
    me: str
    #: The names of those that live.
    alive: Callable[[], Collection[str]]
    #: Whether this process has too little processor time, and another's would help.
    short: Callable[[], bool]
    #: Waits so many seconds.
    pause: Callable[[float], None]
    #: Set when the process is to end: no other group is begun here.
    resting: threading.Event = field(default_factory=threading.Event)
    #: Runs in which this process may still be taken to have groups in hand.
    _to_return: list[Run] = field(default_factory=list, init=False)

    def carry(
        self,
        run: Run,
        groups: Sequence[Sequence[ItemKey]],
        one: Callable[[Sequence[ItemKey]], None],
        at_once: int,
    ) -> bool:
        """Have all groups carried, here by ``one`` and so many at a time, and wherever else.

        False: a worker died that had some in hand, and what it did is to be barred by a new run.

        Raises:
            GatewayError: HubSpot could not be read here. Nobody has a group in hand.
            Superseded: another process has the operation.
        """
        left = _Unbegun(self.journal, run, self.me, groups)

        def work() -> GatewayError | None:
            return self._work(left.take, one)

        failed = self._in_threads(work, at_once, lambda: left.share(self.short()))
        all_returned = not left.offered or self._all_returned(left)
        if failed is not None:
            raise failed
        return all_returned

    def asked(self) -> Run | None:
        """A run whose holder is short of processor time, while this process is not.

        What an earlier call could not return is returned first.
        """
        while self._to_return:
            self._return(self._to_return[-1])
            self._to_return.pop()
        if self.resting.is_set() or self.short():
            return None
        run = self.journal.shared_run()
        return run if run is not None and self.me in self.alive() else None

    def lend_a_hand(
        self, run: Run, one: Callable[[Sequence[ItemKey]], None], at_once: int
    ) -> GatewayError | None:
        """Carry groups of this run as long as its holder shares them. What HubSpot refused, if so.

        Raises:
            Superseded: another process has the operation.
        """
        self._to_return.append(run)  # before the first is taken: that it was may never be told

        def work() -> GatewayError | None:
            return self._work(
                lambda: self.journal.take_group(run, self.me, shared=True),
                lambda group: one(group.bookings),
            )

        failed = self._in_threads(work, at_once, lambda: None)
        self._return(run)
        self._to_return.remove(run)
        return failed

    def _work(
        self, take: Callable[[], Taken | None], carry: Callable[[Taken], None]
    ) -> GatewayError | None:
        """One thread's share. The first failure of HubSpot, which holds up no other group."""
        failed: GatewayError | None = None
        while not self.resting.is_set():
            group = take()
            if group is None:
                break
            try:
                carry(group)
            except GatewayError as error:
                failed = failed or error
        return failed

    def _in_threads(
        self, work: Callable[[], GatewayError | None], at_once: int, meanwhile: Callable[[], None]
    ) -> GatewayError | None:
        """So many of them; the first failure. What else is raised, is when all have ended."""
        meanwhile()
        if at_once == 1:
            return work()
        with ContextPool(at_once, thread_name_prefix="carry") as pool:
            working: list[Future[GatewayError | None]] = [pool.submit(work) for _ in range(at_once)]
            while wait(working, LOOK_S).not_done:
                meanwhile()
        return next(filter(None, (each.result() for each in working)), None)

    def _all_returned(self, left: _Unbegun) -> bool:
        """Wait until no other worker has a group in hand. False: one that had some is dead."""
        left.share(False)
        run = left.run
        while others := self.journal.groups_out(run, self.me):
            if dead := others - set(self.alive()):
                log.warning("%s died with groups of %s in hand", sorted(dead), run.operation_id)
                return False
            self.pause(LOOK_S)
        return True

    def _return(self, run: Run) -> None:
        """A newer run has them already."""
        try:
            self.journal.return_groups(run, self.me)
        except Superseded as error:
            log.info("nothing to return: %s", error)


@dataclass(slots=True)
class _Unbegun:
    """Groups of a run that nobody has begun. Its holder's threads take them from here.

    They are offered in the journal when the holder is short of processor time for the first time.
    From then on its own threads take them from there too.
    """

    journal: OperationStore
    run: Run
    #: The holder.
    me: str
    groups: Sequence[Sequence[ItemKey]]
    #: Whether the journal has them.
    offered: bool = False
    #: How many were begun before.
    _begun: int = 0
    _shared: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Sequence[ItemKey] | None:
        """The next one; None: there is none."""
        with self._lock:
            if not self.offered:
                if self._begun == len(self.groups):
                    return None
                self._begun += 1
                return self.groups[self._begun - 1]
        taken = self.journal.take_group(self.run, self.me)
        return None if taken is None else self.groups[self._begun + taken.n]

    def share(self, shared: bool) -> None:
        """Whether other workers may take some. Each change is told to them once."""
        if shared and not self.offered:
            self._offer()
        if self.offered and shared != self._shared:
            self.journal.share_groups(self.run, shared)
            self._shared = shared

    def _offer(self) -> None:
        with self._lock:  # nobody begins one meanwhile: it would be offered all the same
            if rest := self.groups[self._begun :]:
                self.journal.offer_groups(self.run, rest)
                self.offered = True
