"""Starts: the requests that begin bookings go out a few at a time, and none after a stop.

Until one of them is sent nothing of its bookings was changed. Everything that follows is finished
even when the operation is stopped: a cancelled booking without its credit would be a loss.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.credits.writes import Run
from core.operations.states import OperationState
from core.operations.store.port import OperationStore

#: Of a process. They are one in six of an operation's calls, so this many do not hold it up; a
#: stop is heeded after as many requests.
STARTS_AT_ONCE = 6
#: What an item says that was left as it was.
NOT_BEGUN = "not begun: the operation was stopped"


@dataclass(frozen=True, slots=True)
class Starts:
    """Shared by all threads of a process."""

    journal: OperationStore
    _few: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(STARTS_AT_ONCE), init=False
    )

    @contextmanager
    def turn(self, run: Run) -> Iterator[bool]:
        """Wait for a turn to send one. False: a stop was asked for, and it must not be sent."""
        with self._few:
            yield not self.stopping(run)

    def stopping(self, run: Run) -> bool:
        """Whether somebody asked the operation to stop."""
        return self.journal.operation(run.operation_id).state is OperationState.STOPPING
