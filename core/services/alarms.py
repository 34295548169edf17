"""What people are told of while they look elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.gateways.ports import Due
from core.gateways.ports.notify import Notifier

#: After a message of dead letters, the next ones are only counted for so long.
QUIET = timedelta(minutes=5)
NAMED_MAX = 5


@dataclass(slots=True)
class Alarms:
    """Says each thing once: a broken trigger in the database makes thousands of dead letters."""

    notifier: Notifier
    now: Callable[[], datetime]
    _quiet_until: datetime | None = None
    _untold: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def dead_letters(self, dead: Sequence[Due]) -> None:
        """For ``Mirroring.on_dead``: these copies were given up."""
        with self._lock:
            if self._quiet_until is not None and self.now() < self._quiet_until:
                self._untold += len(dead)
                return
            self._quiet_until = self.now() + QUIET
            earlier, self._untold = self._untold, 0
        self.notifier.tell(*dead_letter_message(dead, earlier))


def dead_letter_message(dead: Sequence[Due], earlier: int) -> tuple[str, str]:
    """Title and text. ``earlier``: how many were given up since the last message."""
    count = len(dead) + earlier
    title = f"Credit Desk: {count} {'copy' if count == 1 else 'copies'} to the mirror given up"
    named = [f"{due.kind} {due.record_id}: {due.error}" for due in dead[:NAMED_MAX]]
    more = [f"and {count - len(named)} more"] if count > len(named) else []
    todo = "HubSpot is right, Supabase is behind. See Operations > Outbox to retry them."
    return title, "\n".join([*named, *more, todo])
