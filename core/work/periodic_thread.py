"""A thread that does one thing every so often, while its process lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.work.vitals_port import NoVitals, Vitals

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PeriodicThread:
    """Outlives whatever goes wrong in what it does. Can be started once."""

    name: str
    act: Callable[[], object]
    every_s: float
    vitals: Vitals = field(default_factory=NoVitals)
    #: Done once, when it was stopped after it had begun.
    at_end: Callable[[], object] = lambda: None
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin at once."""
        # A daemon: what one process does not get to, the next one does.
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Let what is in hand finish, for at most ``grace_s`` seconds."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(grace_s)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.act()
            except Exception as error:
                log.exception("%s stumbled and goes on", self.name)
                self.vitals.failed(self.name, error)
            else:
                self.vitals.worked(self.name)
            self._ended.wait(self.every_s)
        self.at_end()
