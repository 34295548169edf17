"""Preflight: nothing is begun on an account where the end of it would be refused.

A cancellation without the marker property, say, would free seats and then be unable to give the
credits back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.clocks import within
from core.gateways.errors import NotReady
from core.gateways.ports.inspecting import Health, Inspecting

#: An account found in order is not looked at again for so long.
BELIEVED = timedelta(minutes=10)


@dataclass(slots=True)
class Preflight:
    """Shared by the sessions of a process. ``truth`` None: there is nothing to look at."""

    truth: Inspecting | None
    now: Callable[[], datetime]
    _fine_at: datetime | None = None

    def check(self) -> None:
        """Raise ``NotReady`` with every fault, unless all is in order."""
        if self.truth is None or self._found_fine():
            return
        faults = [
            f"{found.what}: {found.said}. {found.mend}".strip()
            for found in self.truth.inspect()
            if found.health is Health.FAULT
        ]
        if faults:
            raise NotReady(faults)
        self._fine_at = self.now()

    def _found_fine(self) -> bool:
        return self._fine_at is not None and within(self._fine_at, self.now(), BELIEVED)
