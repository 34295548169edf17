"""Fitness: a process without memory, threads or files ends with a reason, to be started again.

Everything else that fails is waited for: HubSpot, Supabase or a database that is away come back, a
full disk gets room, and a restart would bring nothing; pages say meanwhile what is wrong. What this
process itself has run out of, only its end frees.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.credits.errors import StoreFull

log = logging.getLogger(__name__)

#: For so long it is tried again: another process may have the memory for a moment.
GRACE_S = 60.0

_ERRNO = {
    errno.ENOMEM: "no memory is left",
    errno.EFBIG: "a file may not grow any more",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk fails",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open on this machine",
}
#: The operational store says in words what it lacks.
_WORDS = {
    "can't start new thread": "no thread can be started",
    "disk i/o error": "the disk fails",
    "attempt to write a readonly database": "the disk is read-only",
    "unable to open database file": "the operational store cannot be opened",
    "out of memory": "no memory is left",
}


def lacking(error: BaseException) -> str:
    """What the process has run out of, by this error or one behind it; empty: nothing."""
    for each in _chain(error):
        if isinstance(each, StoreFull):
            return ""  # waited for, whatever SQLite calls it
        if isinstance(each, MemoryError):
            return "no memory is left"
        if isinstance(each, OSError) and each.errno in _ERRNO:
            return _ERRNO[each.errno]
        said = str(each).lower()
        for words, told in _WORDS.items():
            if words in said:
                return told
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@dataclass(slots=True)
class Fitness:
    """``core.work.vitals_port.Vitals``. Shared by all threads of a process."""

    #: Called once, by whichever thread finds it out: must only say so, and not stop anything.
    on_unfit: Callable[[], None] = lambda: None
    grace_s: float = GRACE_S
    monotonic: Callable[[], float] = time.monotonic
    #: Why the process has to end; empty: it can work.
    reason: str = ""
    _since: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, part: str, error: BaseException) -> None:
        """Unfit when this part has lacked something for the grace, without working once."""
        why = lacking(error)
        if not why:
            return
        with self._lock:
            now = self.monotonic()
            lasts = now - self._since.setdefault(part, now)
            if lasts < self.grace_s or self.reason:
                return
            self.reason = f"{why}: the {part} has not worked for {lasts:.0f} s ({error})"
        log.critical("this process cannot work and ends: %s", self.reason)
        self.on_unfit()

    def worked(self, part: str) -> None:
        """Whatever it lacked is there again."""
        with self._lock:
            self._since.pop(part, None)
