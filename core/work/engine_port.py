"""The port to the engine that carries work on after a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from core.work.work import Work

#: Carries one piece of work as far as it can be now. None: ended. A time: look again then.
CarryOut = Callable[[str], datetime | None]


class Engine(Protocol):
    """Starts each piece of work once, sees all of it through, takes over from dead processes.

    What is to be carried, the journal says (``Journal.unended``).
    """

    def submit(self, key: str) -> None:
        """Have it carried soon; ``key``: ``Task.key``, of an operation its id.

        Repeating it is harmless. Works without ``start``.
        """
        ...

    def start(self, carry_out: Mapping[Work, CarryOut]) -> None:
        """Become a worker: heartbeat, take what is unended, take over from dead workers."""
        ...

    def stop(self, *, grace_s: float) -> None:
        """Take nothing new; let what is in hand finish for at most ``grace_s`` seconds."""
        ...
