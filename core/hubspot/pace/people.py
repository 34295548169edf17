"""How long somebody who waits for an answer, a person at a page, say, waits for HubSpot.

Reads are tried again for a minute and more, which is right for work that goes on by itself. A
person who looks at a page that stands still wants to know why. So their reads are watched: as long
as HubSpot answers anything at all, they are waited for as any other; when it has been silent for
``ASK_AFTER_S``, it is asked for a sign of life, and when it gives none in as much time, the person
is told. A slow answer of a HubSpot that is there is no reason to give up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import Context
from dataclasses import dataclass, field
from typing import TypeVar

from core.credits.errors import GatewayError, LimitUnknown, NoRoom, NotSent, Refused
from core.credits.ways import Way, come_by, way
from core.work.context_pool import ContextPool

Made = TypeVar("Made")

#: After so many seconds without any answer HubSpot is asked whether it is there, and it has as many
#: to say so. A person waits for twice as long at most.
ASK_AFTER_S = 1.5
#: Of people's reads, and of questions whether HubSpot is there.
THREADS = 32


def somebody_waits() -> bool:
    """Whether what this thread does is for a person at a page, or for an app that asks the API."""
    return way() in {Way.PAGE, Way.API}


@dataclass(slots=True)
class People:
    """Safe for threads; shared by all people of a process."""

    #: A cheap call, not repeated, that ends within ``ASK_AFTER_S`` unless HubSpot hangs. Raises
    #: GatewayError.
    knock: Callable[[], None]
    #: Seconds since HubSpot last answered; None: never.
    well_s_ago: Callable[[], float | None]
    ask_after_s: float = ASK_AFTER_S
    monotonic: Callable[[], float] = time.monotonic
    _pool: ContextPool = field(default_factory=lambda: ContextPool(THREADS, "hubspot-people"))
    #: The knocking that is under way, for all who wait.
    _knocking: Future[str] | None = None
    #: When somebody was told last that it is away, and in which words.
    _away: tuple[float, str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, work: Callable[[Callable[[], bool]], Made]) -> Made:
        """What ``work`` makes. It is handed a question: does anybody still want the answer?

        Raises:
            NotSent: HubSpot was silent, or only failed, for too long. The work ends by itself.
            GatewayError: what the work raised.
        """
        self._fail_at_once()
        given_up = threading.Event()
        asked = self._pool.submit(_unwatched, work, lambda: not given_up.is_set())
        while not wait([asked], self.ask_after_s).done:
            if why := self._missed():
                given_up.set()
                asked.cancel()
                self._away = self.monotonic(), why
                raise NotSent(why)
        return asked.result()

    def close(self) -> None:
        """Leave what is under way to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fail_at_once(self) -> None:
        """Of several reads of one page only the first waits for a HubSpot that is away."""
        if self._away is None:
            return
        at, why = self._away
        silent_s = self.monotonic() - at
        heard = self.well_s_ago()
        if silent_s < self.ask_after_s and (heard is None or heard > silent_s):
            raise NotSent(why)

    def _missed(self) -> str:
        """Why nobody waits any more; "": HubSpot is there."""
        heard = self.well_s_ago()
        if heard is not None and heard < self.ask_after_s:
            return ""
        with self._lock:
            if self._knocking is None or self._knocking.done():
                self._knocking = self._pool.submit(Context().run, self._answers)
            knocking = self._knocking
        done = wait([knocking], self.ask_after_s).done
        return knocking.result() if done else self._silent

    @property
    def _silent(self) -> str:
        return f"HubSpot has not answered for {2 * self.ask_after_s:g} s"

    def _answers(self) -> str:
        """As ``_missed``, by what becomes of a call."""
        try:
            self.knock()
        except (NoRoom, Refused):  # others of ours are answered; or it says no, which is an answer
            return ""
        except LimitUnknown as error:  # it was not asked: our own store keeps us from it
            return str(error)
        except GatewayError as error:
            if isinstance(error, NotSent) and error.retry_after_s is not None:
                return ""  # it is too busy, and says for how long
            return f"{self._silent}: {error}"
        return ""


def _unwatched(work: Callable[[Callable[[], bool]], Made], wanted: Callable[[], bool]) -> Made:
    """Nobody watches the watched; otherwise it is done for whoever asks."""
    come_by(None)
    return work(wanted)
