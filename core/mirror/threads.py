"""The threads that drain the outbox: at a nudge at once, and by themselves every second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.credits.records import Kind
from core.mirror.circuit_breaker import BATCH_MAX
from core.mirror.copier import MirrorCopier
from core.mirror.store.outbox_port import Due
from core.work.vitals_port import NoVitals, Vitals
from core.work.wakeup import WakeUp

log = logging.getLogger(__name__)

#: How often to look for rows that other processes have left.
POLL_S = 1.0


@dataclass(slots=True)
class _ToRead:
    """Rows that wait to be read from the truth, each record once."""

    bell: WakeUp = field(default_factory=WakeUp)
    _rows: dict[tuple[Kind, str], Due] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, dues: Sequence[Due]) -> None:
        with self._lock:
            self._rows |= {(due.kind, due.record_id): due for due in dues}
        self.bell.ring()

    def take(self, limit: int) -> list[Due]:
        with self._lock:
            keys = list(self._rows)[:limit]
            return [self._rows.pop(key) for key in keys]


@dataclass(slots=True)
class MirrorThreads:
    """Started and stopped with the process. Can be started once."""

    mirroring: MirrorCopier
    copiers: int = 2
    poll_s: float = POLL_S
    vitals: Vitals = field(default_factory=NoVitals)
    _to_read: _ToRead = field(default_factory=_ToRead)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to copy what is due."""
        jobs = [("mirror-0", self._lead), ("mirror-read", self._read)]
        jobs += [(f"mirror-{n}", self._follow) for n in range(1, self.copiers)]
        # Daemons: a row not copied when the process ends is still due for the next one.
        self._threads = [threading.Thread(target=job, name=n, daemon=True) for n, job in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self, grace_s: float) -> None:
        """Take nothing new; let copies in hand finish, for at most ``grace_s`` seconds."""
        self.mirroring.bell.close()
        self._to_read.bell.close()
        until = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _lead(self) -> None:
        with self._reported():
            self.mirroring.probe()  # the first copy finds a connection open
        self._copy_when_rung(self.poll_s)

    def _follow(self) -> None:
        self._copy_when_rung(None)

    def _copy_when_rung(self, poll_s: float | None) -> None:
        bell = self.mirroring.bell
        while not bell.closed:
            with self._reported():
                self._drain()
            bell.wait(poll_s)

    def _drain(self) -> None:
        while not self.mirroring.bell.closed:
            if not self.mirroring.drain(self._to_read.put).full:
                return
            self.mirroring.bell.ring()  # more than one thread's worth: another may help

    def _read(self) -> None:
        bell = self._to_read.bell
        while not bell.closed:
            bell.wait(None)
            while not bell.closed and (dues := self._to_read.take(BATCH_MAX)):
                with self._reported():
                    self.mirroring.read_and_copy(dues)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """A thread outlives what goes wrong in it: the rows stay due, and the log says why."""
        try:
            yield
        except Exception as error:
            log.exception("a mirror thread stumbled and goes on")
            self.vitals.failed("copying", error)
        else:
            self.vitals.worked("copying")
