"""Who carries operations, and which of those processes is dead."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from core.workers.store.port import WorkerInfo


def introduce(started_at: datetime, new_id: Callable[[], str]) -> WorkerInfo:
    """This process as a worker, under a name that no other process ever has."""
    host, pid = socket.gethostname(), os.getpid()
    return WorkerInfo(
        executor_id=f"{_place(host)}-{pid}-{new_id()[:8]}",
        host=host,
        pid=pid,
        started_at=started_at,
        heartbeat_at=started_at,
    )


def _place(host: str) -> str:
    """Where a process number means what it means here: this host, this container."""
    namespace = Path("/proc/self/ns/pid")
    return f"{host}-{namespace.stat().st_ino}" if namespace.exists() else host


class Pulse:
    """Tells dead workers by their heartbeats, without trusting anybody's clock but our own.

    A worker is dead when its heartbeat has not changed for ``dead_after_s`` of our time. One of
    this very machine is dead as soon as its process is gone.
    """

    def __init__(self, dead_after_s: float, monotonic: Callable[[], float]) -> None:
        """``monotonic``: seconds that never go back."""
        self._dead_after_s = dead_after_s
        self._monotonic = monotonic
        self._seen: dict[str, tuple[datetime, float]] = {}
        self._place = _place(socket.gethostname())

    def dead(self, workers: Sequence[WorkerInfo]) -> set[str]:
        """The ids of those that are dead, as of now."""
        now = self._monotonic()
        for worker in workers:
            beat, _ = self._seen.get(worker.executor_id, (None, now))
            if beat != worker.heartbeat_at:
                self._seen[worker.executor_id] = (worker.heartbeat_at, now)
        known = {worker.executor_id for worker in workers}
        self._seen = {id_: seen for id_, seen in self._seen.items() if id_ in known}
        return {worker.executor_id for worker in workers if self._is_dead(worker, now)}

    def _is_dead(self, worker: WorkerInfo, now: float) -> bool:
        _, since = self._seen[worker.executor_id]
        return now - since >= self._dead_after_s or self._is_gone(worker)

    def _is_gone(self, worker: WorkerInfo) -> bool:
        if not worker.executor_id.startswith(f"{self._place}-{worker.pid}-"):
            return False
        try:
            os.kill(worker.pid, 0)  # asks, sends nothing
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
