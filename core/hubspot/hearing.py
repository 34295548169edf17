"""What HubSpot made of the calls of this process: for readiness and for the metrics."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core.credits.errors import GatewayError, NotSent
from core.hubspot.ports.inspection import Heard

#: A token that does not let us in is no better than no answer.
SHUT_OUT = frozenset({401, 403})
#: ``Date`` leaves out what is less than a second; half of that is the best guess.
LEFT_OUT = timedelta(seconds=0.5)
#: Answers whose dates are kept: one of them will have come without delay.
DATES_MAX = 16


def utc_now() -> datetime:
    """The wall clock of this machine."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Hearing:
    """Safe for threads."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    #: What the last answers said of their time, and when each came by the clock of this machine.
    _dated: deque[tuple[str, datetime]] = field(default_factory=lambda: deque(maxlen=DATES_MAX))
    _outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    _well_at: float | None = None
    _ill_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, what: str, status: int, date: str | None = None) -> None:
        """A call of this kind got an answer. ``date``: its header of that name."""
        if date:
            with self._lock:
                self._dated.append((date, self.now()))
        self._note(what, outcome(status), well=status < 500 and status not in SHUT_OUT)

    @contextmanager
    def silence(self, what: str) -> Iterator[None]:
        """Notes when the call in the block gets none."""
        try:
            yield
        except GatewayError as error:
            kind = "unreachable" if isinstance(error, NotSent) else "unanswered"
            self._note(what, kind, well=False)
            raise

    def heard(self) -> Heard:
        """So far."""
        now = self.monotonic()
        with self._lock:
            return Heard(
                outcomes=dict(self._outcomes),
                well_s_ago=None if self._well_at is None else now - self._well_at,
                ill_s_ago=None if self._ill_at is None else now - self._ill_at,
                # an answer that was long on its way makes its clock look slow, none makes it fast
                ahead_s=max(_known(map(_ahead_s, self._dated)), default=None),
            )

    def _note(self, what: str, kind: str, *, well: bool) -> None:
        with self._lock:
            self._outcomes[what, kind] += 1
            if well:
                self._well_at = self.monotonic()
            else:
                self._ill_at = self.monotonic()


def _known(found: Iterable[float | None]) -> Iterator[float]:
    return (each for each in found if each is not None)


def _ahead_s(dated: tuple[str, datetime]) -> float | None:
    text, came = dated
    try:
        theirs = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None  # no date in the form that HTTP asks for: it tells nothing
    if theirs.tzinfo is None:
        return None
    return (theirs + LEFT_OUT - came).total_seconds()


def outcome(status: int) -> str:
    """Of an answer, in a word."""
    if status == 429:
        return "limited"
    return "ok" if status < 400 else "refused" if status < 500 else "failed"
