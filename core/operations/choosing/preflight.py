"""Preflight: nothing is begun on an account where the end of it would be refused.

A cancellation without the marker property, say, would free seats and then be unable to give the
credits back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.errors import NotReady
from core.hubspot.ports.inspection import Health, Inspecting
from core.work.clocks import within

#: An account found in order is not looked at again for so long.
BELIEVED = timedelta(minutes=10)


@dataclass(slots=True)
class Preflight:
    """Shared by the sessions of a process. ``truth`` None: there is nothing to look at."""

    truth: Inspecting | None
    now: Callable[[], datetime]
    #: When the account was found in order, by which properties it needed beside the usual ones.
    _fine_at: dict[frozenset[str], datetime] = field(default_factory=dict)

    def check(self, also: frozenset[str] = frozenset()) -> None:
        """Raise ``NotReady`` with every fault, unless all is in order.

        ``also``: properties of ours that this account may be without, and that are needed now.
        """
        if self.truth is None or self._found_fine(also):
            return
        faults = [
            f"{found.what}: {found.said}. {found.mend}".strip()
            for found in self.truth.inspect()
            if found.health is Health.FAULT
            or (found.property_ in also and found.health is not Health.FINE)
        ]
        if faults:
            raise NotReady(faults)
        self._fine_at[also] = self.now()

    @contextmanager
    def meanwhile(self, reads: Executor, also: frozenset[str] = frozenset()) -> Iterator[None]:
        """The same, while the block reads what it may need. ``reads`` ends with it.

        ``NotReady`` is raised in the place of whatever the block met: that may come of it.
        """
        with reads:
            looking = reads.submit(self.check, also)
            try:
                yield
            finally:
                looking.result()

    def _found_fine(self, also: frozenset[str]) -> bool:
        found_at = self._fine_at.get(also)
        return found_at is not None and within(found_at, self.now(), BELIEVED)
