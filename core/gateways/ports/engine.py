"""The port to the engine that carries operations on after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

#: Carries an operation as far as it can be now. None: ended. A time: look again then.
CarryOut = Callable[[str], datetime | None]


class Engine(Protocol):
    """Starts each operation once, sees every one through, takes over from dead processes."""

    def submit(self, operation_id: str) -> None:
        """Queue it for any worker. Repeating it is harmless. Works without ``start``."""
        ...

    def start(self, carry_out: CarryOut) -> None:
        """Become a worker: heartbeat, take queued operations, take over dead workers'."""
        ...

    def stop(self, *, grace_s: float) -> None:
        """Take nothing new; let what is in hand finish for at most ``grace_s`` seconds."""
        ...
