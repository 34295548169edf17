"""``Notifier`` over apprise: one thread sends, so that nobody waits for a mail server."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TypeAlias

log = logging.getLogger(__name__)

#: More than this many unsent messages say nothing new.
WAITING_MAX = 50

#: How soon an address that did not take a message is tried again, and for how long.
AGAIN_S, GIVEN_UP_S = 60.0, 3600.0

#: Title and text.
Message: TypeAlias = tuple[str, str]
#: What an address did not take yet, each with the seconds when it was first to be sent.
Unsent: TypeAlias = deque[tuple[Message, float]]


@dataclass(slots=True)
class Apprise:
    """Starts its thread at the first message. Without addresses it only logs."""

    #: As https://github.com/caronc/apprise writes them. They hold passwords: never log them.
    urls: Sequence[str] = field(repr=False)
    again_s: float = AGAIN_S
    given_up_s: float = GIVEN_UP_S
    monotonic: Callable[[], float] = time.monotonic
    _waiting: queue.Queue[Message | None] = field(
        default_factory=lambda: queue.Queue(WAITING_MAX), init=False, repr=False
    )
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def tell(self, title: str, text: str) -> None:
        """See ``Notifier.tell``."""
        log.warning("%s: %s", title, text)
        if not self.urls:
            return
        try:
            self._waiting.put_nowait((title, text))
            self._start()
        except queue.Full:
            log.error("a notification was dropped, %d are waiting: %s", WAITING_MAX, title)  # noqa: TRY400 - the traceback tells nothing
        except RuntimeError:
            log.exception("no thread can be started just now; the next notification tries again")

    def faults(self) -> list[str]:
        """Addresses that apprise does not understand, by their place and scheme; for ``doctor``."""
        return [
            f"CREDIT_DESK_NOTIFY_URLS: address {n} ({url.partition(':')[0]}://...) is not one "
            "that apprise understands; see https://github.com/caronc/apprise/wiki"
            for n, url in enumerate(self.urls, start=1)
            if not _understood(url)
        ]

    def stop(self, grace_s: float) -> None:
        """Send what waits, for at most ``grace_s`` seconds."""
        thread = self._thread
        if thread is None:
            return
        try:
            self._waiting.put(None, timeout=grace_s)
        except queue.Full:
            return
        thread.join(grace_s)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._send_all, name="notify", daemon=True)
                thread.start()
                self._thread = thread

    def _send_all(self) -> None:
        """Each address has its own line: one that is away keeps nothing from the others."""
        unsent: dict[str, Unsent] = {url: deque(maxlen=WAITING_MAX) for url in self.urls}
        while (new := self._next(again=any(unsent.values()))) is not None:
            for url, waiting in unsent.items():
                waiting.extendleft((message, self.monotonic()) for message in new)
                self._send_to(url, waiting)

    def _next(self, *, again: bool) -> list[Message] | None:
        """The next message, none when some are to be tried again; None: no more will come."""
        try:
            message = self._waiting.get(timeout=self.again_s if again else None)
        except queue.Empty:
            return []
        return None if message is None else [message]

    def _send_to(self, url: str, waiting: Unsent) -> None:
        """Until it does not take one, which is tried after the others then."""
        while waiting:
            message, since = waiting[0]
            if self._took(url, *message):
                waiting.popleft()
                continue
            log.error("not every notification address took this: %s", message[0])
            if self.monotonic() - since >= self.given_up_s:
                waiting.popleft()
            else:
                waiting.rotate(-1)
            return

    def _took(self, url: str, title: str, text: str) -> bool:
        try:
            apprise = _apprise()
            target = apprise.Apprise()
            target.add(url)
            return bool(
                target.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
            )
        except Exception:
            log.exception("a notification could not be sent: %s", title)
            return False


def _understood(url: str) -> bool:
    return _apprise().Apprise.instantiate(url, suppress_exceptions=True) is not None


def _apprise() -> ModuleType:
    import apprise  # noqa: PLC0415 - takes a second or more that only a notification pays

    # It logs addresses it does not understand, and with them the passwords in them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    return apprise
