"""The engine: all work that has not ended is carried by one live process.

The work in the journal is the promise; ``submit`` is a hint. Each worker looks for work that nobody
carries, so none is lost between asking and submitting, whoever dies when
(docs/decisions/0006-engine.md).
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sqlalchemy.exc import DBAPIError

from core.credits.errors import JournalError
from core.database.full_disk import for_lack_of_room
from core.operations.states import OperationState
from core.work.engine_port import CarryOut
from core.work.vitals_port import NoVitals, Vitals
from core.work.work import Task, Work, parted
from core.workers.engine.attempt import Look, Looking
from core.workers.engine.dbos_runtime import LookOnce, Sitting, System
from core.workers.engine.heartbeats import Pulse, introduce
from core.workers.engine.in_hand import RunningWork
from core.workers.store.port import WorkerStore

log = logging.getLogger(__name__)

#: How many of each kind are worked on at one time. A sweep takes its time, and holds up no other.
AT_ONCE: Mapping[Work, int] = {
    Work.OPERATION: 4,
    Work.FOLLOW_UPS: 2,
    Work.SWEEP: 2,
    Work.REPAIR: 2,
    Work.EXAM: 2,
}
#: Each call of these ends where it is when it is told to, and loses a page at most.
PROMPT = frozenset({Work.SWEEP, Work.REPAIR, Work.EXAM})
#: A sitting that waits long is ended and begun anew, so that its record stays short.
LOOKS_MAX = 100
#: After its grace, what is in hand is superseded; it ends at its next word with the journal.
LAST_WORD_S = 2.0
#: After the journal or DBOS failed us.
AGAIN_S = 5.0
#: A sitting that is ours but not in hand was lost, unless it has only just been begun.
STRAY_AFTER_S = 5.0


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class DbosEngine:
    """``core.work.engine_port.Engine``. One started engine a process, at most."""

    def __init__(
        self,
        journal: WorkerStore,
        url: str,
        *,
        at_once: Mapping[Work, int] = AT_ONCE,
        dead_after_s: float = 10.0,
        poll_s: float = 0.5,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        vitals: Vitals | None = None,
    ) -> None:
        """Cheap: nothing is loaded or opened before ``start``.

        ``url``: the journal's database. ``at_once``: how many of each kind are worked on at one
        time. ``dead_after_s``: how long a worker may be silent before others take its work.
        """
        self._journal = journal
        self._url = url
        self._poll_s = poll_s
        self._vitals = vitals or NoVitals()
        self._dead_after_s = dead_after_s
        self._now = now
        self._me = introduce(now(), new_id)
        self._hands = RunningWork(at_once, now)
        self._pulse = Pulse(dead_after_s, time.monotonic)
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._system: System | None = None
        #: The kinds that this process carries.
        self._works: frozenset[Work] = frozenset()
        self._states: dict[str, str] = {}
        #: Sittings that are ours though nobody has them in hand, and since when.
        self._strays: dict[str, float] = {}
        self._alive = threading.Event()

    @property
    def executor_id(self) -> str:
        """The name of this process among the workers."""
        return self._me.executor_id

    def submit(self, key: str) -> None:
        """Have it carried soon, or looked at again if it waits.

        Standing in the journal is what makes it certain: this only makes it quick.

        Raises:
            UnknownId: it was never asked for.
        """
        self._journal.must_exist(key)
        self._hands.ring(key)
        self._bell.set()

    def start(self, carry_out: Mapping[Work, CarryOut]) -> None:
        """Become a worker. Returns at once; DBOS is loaded on the engine's own thread."""
        if self._stopping.is_set() or self._system is not None:
            raise RuntimeError("an engine is started once")
        self._works = frozenset(carry_out)
        looking = Looking(carry_out, self._journal, self._now, self.executor_id, self._vitals)

        def look(key: str, failures: int) -> Look:
            found = looking.look(key, failures)
            self._hands.require_open(found)
            return found

        system = System(self._url, self.executor_id, look, self._sit)
        self._system = system
        self._threads = [
            threading.Thread(target=self._keep_alive, name="engine-heartbeat", daemon=True),
            threading.Thread(target=self._work, args=(system,), name="engine", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, *, grace_s: float) -> None:
        """Take nothing new, let what waits go, give what works ``grace_s`` to come to its end."""
        system, self._system = self._system, None
        if system is None:
            return
        self._stopping.set()
        self._bell.set()
        self._hands.let_go()
        self._supersede(PROMPT)
        in_time = self._hands.empty(grace_s)
        self._hands.close()
        if not in_time:
            log.warning("left unfinished, any worker goes on: %s", sorted(self._hands.keys()))
            self._supersede(frozenset(Work))
            self._hands.empty(LAST_WORD_S)
        for thread in self._threads:
            thread.join()
        self._guarded(system.destroy)
        self._guarded(lambda: self._journal.forget_worker(self.executor_id))

    def _supersede(self, works: Collection[Work]) -> None:
        """What of these is in hand ends at its next word with the journal, as after a crash."""
        for key in sorted(self._hands.keys()):
            if parted(key)[0] in works:
                self._guarded(partial(self._journal.supersede, key))

    # one sitting, on a thread of DBOS's

    def _sit(self, key: str, look: LookOnce) -> None:
        failures = 0
        with self._hands.take(key) as hand:
            for _ in range(LOOKS_MAX):
                with self._hands.slot(key):
                    found = look(key, failures)
                if found.again is None:
                    return
                failures = found.failures
                self._hands.wait(hand, found.again)

    # the engine's own threads

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            self._guarded(self._beat, "heartbeat")
            self._stopping.wait(self._dead_after_s / 5)

    def _beat(self) -> None:
        self._journal.heartbeat(replace(self._me, heartbeat_at=self._now()))
        self._alive.set()
        for dead in self._pulse.dead(self._journal.workers()) - {self.executor_id}:
            log.warning("worker %s is dead; others carry its work on", dead)
            self._journal.forget_worker(dead)
            self._bell.set()

    def _work(self, system: System) -> None:
        if not self._launched(system):
            return
        while not self._stopping.is_set():
            self._bell.clear()
            went_well = self._guarded(lambda: self._distribute(system), "engine")
            self._bell.wait(self._poll_s if went_well else AGAIN_S)

    def _launched(self, system: System) -> bool:
        while not self._stopping.is_set():
            if not self._alive.wait(0.1):
                continue  # the others would take a worker they do not know for a dead one
            try:
                system.launch()
            except Exception as error:
                log.exception("the engine could not be started; trying again soon")
                self._vitals.failed("engine", error)
                self._stopping.wait(AGAIN_S)
            else:
                return True
        return False

    def _guarded(self, work: Callable[[], None], part: str = "") -> bool:
        """The engine's threads outlive every failure; the next round tries again.

        ``part``: what of this process is told to have failed, or worked.
        """
        try:
            work()
        except JournalError as error:
            log.warning("%s", error)
            failed: Exception = error
        except DBAPIError as error:  # of the engine's own tables
            if for_lack_of_room(error, None):
                log.warning("the disk is full: the engine goes on when it has room")
            else:
                log.exception("the engine's store failed; it goes on")
            failed = error
        except Exception as error:
            log.exception("unexpected in the engine; it goes on")
            failed = error
        else:
            if part:
                self._vitals.worked(part)
            return True
        if part:
            self._vitals.failed(part, failed)
        return False

    def _distribute(self, system: System) -> None:
        unended = [t for t in self._journal.unended(at=self._now()) if t.work in self._works]
        self._ring_for_changes(unended)
        in_hand = self._hands.keys()
        todo = [task for task in unended if task.key not in in_hand]
        if not todo:
            return
        sittings = {sitting.key: sitting for sitting in system.sittings()}
        orphans = self._orphans(list(sittings.values()))
        for work in self._works:
            new = [task.key for task in todo if task.work is work and task.key not in sittings]
            for key in new[: max(0, self._hands.room(work))]:
                self._guarded(partial(system.sit, key), "start of work")
        for key in orphans & {task.key for task in todo}:
            self._guarded(partial(system.hand_over, sittings[key]))

    def _ring_for_changes(self, unended: list[Task]) -> None:
        """Somebody asked it to stop or called it off: look now, not later."""
        states = {task.key: task.state for task in unended if task.work is Work.OPERATION}
        for waiting in self._hands.waiting() & self._states.keys():
            state = states.get(waiting)
            if state != self._states[waiting] and state != OperationState.RUNNING:
                self._hands.ring(waiting)
        self._states = states

    def _orphans(self, sittings: list[Sitting]) -> set[str]:
        """Work whose process is dead, or is this one and lost it."""
        alive = {worker.executor_id for worker in self._journal.workers()}
        in_hand, now = self._hands.keys(), time.monotonic()
        ours = [s for s in sittings if s.executor_id == self.executor_id]
        self._strays = {s.key: self._strays.get(s.key, now) for s in ours if s.key not in in_hand}
        lost = {key for key, since in self._strays.items() if now - since >= STRAY_AFTER_S}
        orphaned = {s.key for s in sittings if s.executor_id and s.executor_id not in alive}
        return lost | (orphaned - {s.key for s in ours})
