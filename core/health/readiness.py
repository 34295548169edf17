"""Readiness: can the desk do all of its work just now; known within seconds, whatever hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from core.credits.errors import GatewayError, JournalError, LimitUnknown, NoRoom
from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.credits.room import Room
from core.health.matters import HANDLING, Matter
from core.health.store.port import HealthStore
from core.hubspot.ports.inspection import Finding, Health, Inspecting
from core.mirror.port import Mirror
from core.mirror.store.outbox_port import OutboxState
from core.work.clocks import within
from core.workers.store.port import WorkerInfo

log = logging.getLogger(__name__)

#: Probes are answered after this time at the latest.
WITHIN_S = 2.0
#: A person at a command waits for longer: by then HubSpot's client has said what keeps it.
PATIENT_S = 6.0
#: Who draws a page waits for so long at most, and is told the rest at the next look.
GLANCE_S = 0.15
#: How old an answer of a part may be: many probes cost as much as one.
STORE_S, MIRROR_S, TRUTH_S = 2.0, 10.0, 10.0
#: HubSpot is asked only when no call of the desk's own has told as much in this time.
HEARD_WITHIN_S = 60.0
#: A worker that was silent for longer counts as gone.
ALIVE_WITHIN = timedelta(seconds=30)


def alive(workers: Sequence[WorkerInfo], now: datetime) -> list[WorkerInfo]:
    """Those heard of lately."""
    return [worker for worker in workers if within(worker.heartbeat_at, now, ALIVE_WITHIN)]


@dataclass(slots=True)
class Part:
    """One thing to look at, in a thread of its own that may take its time."""

    what: str
    look: Callable[[], list[Finding]]
    #: For how long what was found holds.
    holds_s: float
    _found: list[Finding] = field(default_factory=list)
    _found_at: float | None = None
    _began_at: float = 0.0
    _thread: threading.Thread | None = None

    def begin(self, now: float) -> None:
        """Look, unless that is under way or was done lately."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._found_at is None or now - self._found_at >= self.holds_s:
            # A daemon: a store that hangs must not hold up the end of the process.
            self._began_at = now
            self._thread = threading.Thread(target=self._run, name=self.what, daemon=True)
            self._thread.start()

    def found(self, within_s: float) -> list[Finding]:
        """What it found; that it does not answer, when it does not within this time."""
        if self._thread is not None:
            self._thread.join(max(0.0, within_s))
            if self._thread.is_alive():
                return [fault(self.what, f"has not answered for {self._looked_s():.0f} s")]
        return self._found

    def known(self, within_s: float) -> list[Finding]:
        """The same as far as it is known by then: what it found before, while it still looks."""
        looked_s = self._looked_s()
        if self._thread is not None:
            self._thread.join(within_s)
            if self._thread.is_alive() and looked_s < WITHIN_S:
                return self._found
        return self.found(0)

    def _looked_s(self) -> float:
        """For how many seconds it looks, or how long ago it began to look last."""
        return time.monotonic() - self._began_at

    def _run(self) -> None:
        try:
            self._found = self.look()
        except (GatewayError, JournalError) as error:
            self._found = [fault(self.what, str(error))]
        except Exception:
            log.exception("%s could not be looked at", self.what)
            self._found = [fault(self.what, "could not be looked at; the log says why")]
        self._found_at = time.monotonic()


@dataclass(slots=True)
class Readiness:
    """A fault: the desk cannot do all of its work. A warning: it can, and somebody should look."""

    journal: HealthStore
    mirror: Mirror
    #: None: there is no account to look at.
    truth: Inspecting | None
    now: Callable[[], datetime]
    _parts: tuple[Part, ...] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Nothing is looked at before somebody asks."""
        self._parts = (
            Part("operational store", self._store, STORE_S),
            Part("HubSpot", self._truth, TRUTH_S),
            Part("Supabase", self._mirror, MIRROR_S),
        )

    def findings(self, within_s: float = WITHIN_S) -> list[Finding]:
        """All parts, within this many seconds. Many may ask at once: one looks."""
        until = self._begun() + within_s
        return [finding for part in self._parts for finding in part.found(until - time.monotonic())]

    def glance(self) -> list[Finding]:
        """What is known within moments; nothing of a part that was never heard of yet."""
        until = self._begun() + GLANCE_S
        return [
            finding
            for part in self._parts
            for finding in part.known(max(0.0, until - time.monotonic()))
        ]

    def working(self, actor: Actor) -> bool:
        """Whether any worker was heard of lately.

        Raises:
            NotAllowed: this person may not look anything up.
        """
        actor.require(Act.LOOK_UP)
        return bool(alive(self.journal.workers(), self.now()))

    def workers(self, actor: Actor) -> list[WorkerInfo]:
        """Those that are known, also silent ones, the longest running first.

        Raises:
            NotAllowed: this person may not watch.
        """
        actor.require(Act.WATCH)
        return self.journal.workers()

    def _begun(self) -> float:
        """When: many may ask at once, and one looks."""
        with self._lock:
            began = time.monotonic()
            for part in self._parts:
                part.begin(began)
        return began

    def _store(self) -> list[Finding]:
        now = self.now()
        outbox, workers = self.journal.outbox(), alive(self.journal.workers(), now)
        said = f"{len(workers)} at work"
        return [
            fine("operational store", "answers"),
            fine("workers", said) if workers else fault("workers", "none is at work"),
            *_copies(outbox, now),
            _disk(self.journal.room()),
        ]

    def _truth(self) -> list[Finding]:
        if self.truth is None:
            return []
        heard = self.truth.heard()
        well_s, ill_s = (inf if s is None else s for s in (heard.well_s_ago, heard.ill_s_ago))
        if well_s < HEARD_WITHIN_S and well_s <= ill_s:
            return [fine("HubSpot", f"answered {well_s:.0f} s ago")]
        try:
            self.truth.knock()
        except NoRoom as error:  # it answers others of ours: they use up what it allows
            return [fine("HubSpot", str(error))]
        except LimitUnknown:  # nothing was asked, and the store says by itself what it lacks
            return []
        return [fine("HubSpot", "answers, and accepts the token")]

    def _mirror(self) -> list[Finding]:
        self.mirror.page(Kind.EXAM, limit=1)
        return [fine("Supabase", "answers")]


def _copies(outbox: OutboxState, now: datetime) -> Iterable[Finding]:
    waited = now - outbox.oldest if outbox.oldest else timedelta(0)
    said = f"{outbox.due} due, the oldest for {waited.total_seconds():.0f} s"
    unready_after = HANDLING[Matter.BEHIND].unready_after
    late = unready_after is not None and waited > unready_after
    yield fault("copies", said) if late else fine("copies", said)
    if outbox.dead:
        said, mend = f"{outbox.dead} were given up", "see Operations, Copies to Supabase"
        yield Finding(health=Health.WARNING, what="dead letters", said=said, mend=mend)
    else:
        yield fine("dead letters", "none")


def _disk(room: Room) -> Finding:
    free = "" if room.free is None else f"{room.free / (1 << 20):,.0f} MB free"
    if room.none:
        return fault("disk", "full: nothing new is saved")
    return fault("disk", f"nearly full: {free}") if room.short else fine("disk", free or "not full")


def fine(what: str, said: str) -> Finding:
    """Nothing is to be done."""
    return Finding(health=Health.FINE, what=what, said=said)


def fault(what: str, said: str) -> Finding:
    """Somebody has to do something."""
    return Finding(health=Health.FAULT, what=what, said=said)
