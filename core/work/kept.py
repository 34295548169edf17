"""Answers worth having and not worth waiting for: asked in a thread, and kept for a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from core.credits.errors import GatewayError
from core.work.clocks import within

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class Kept(Generic[T]):
    """Safe for threads. Until it is known, and while it cannot be, it is ``empty``."""

    #: For the log: "the people of HubSpot".
    what: str
    ask: Callable[[], T]
    empty: T
    now: Callable[[], datetime]
    #: How long an answer holds; None: for as long as this process lives.
    holds: timedelta | None
    #: After how long a failure is asked about again.
    again: timedelta
    _value: T | None = None
    _asked_at: datetime | None = None
    _failed: bool = False
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, wait_s: float) -> T:
        """The last answer. Only who finds it due waits, for so long at most."""
        if (thread := self._begun()) is not None:
            thread.join(wait_s)
        return self.empty if self._value is None else self._value

    def _begun(self) -> threading.Thread | None:
        """The thread that asks, if it was this call that began it."""
        with self._lock:
            asking = self._thread is not None and self._thread.is_alive()
            if asking or not self._due():
                return None
            self._asked_at, self._failed = self.now(), True  # until it is answered
            # a daemon: a store that hangs must not hold up the end of the process
            self._thread = threading.Thread(target=self._run, name=self.what, daemon=True)
            self._thread.start()
            return self._thread

    def _due(self) -> bool:
        if self._asked_at is None:
            return True
        holds = self.again if self._failed else self.holds
        return holds is not None and not within(self._asked_at, self.now(), holds)

    def _run(self) -> None:
        try:
            self._value = self.ask()
            self._failed = False
        except GatewayError as error:
            log.info("%s cannot be asked for: %s", self.what, error)
        except Exception:
            log.exception("%s cannot be asked for", self.what)
