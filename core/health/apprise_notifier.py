"""``Notifier`` over apprise: one thread sends, so that nobody waits for a mail server."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TypeAlias

log = logging.getLogger(__name__)

#: More than this many unsent messages say nothing new.
WAITING_MAX = 50

#: Title and text.
Message: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Apprise:
    """Starts its thread at the first message. Without addresses it only logs."""

    #: As https://github.com/caronc/apprise writes them. They hold passwords: never log them.
    urls: Sequence[str] = field(repr=False)
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
        self._start()
        try:
            self._waiting.put_nowait((title, text))
        except queue.Full:
            log.error("a notification was dropped, %d are waiting: %s", WAITING_MAX, title)  # noqa: TRY400 - the traceback tells nothing

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
                thread.start()  # which may fail: then the next message tries again
                self._thread = thread

    def _send_all(self) -> None:
        while (message := self._waiting.get()) is not None:
            try:
                sent = self._send(*message)
            except Exception:
                log.exception("a notification could not be sent: %s", message[0])
            else:
                if not sent:
                    log.error("not every notification address took this: %s", message[0])

    def _send(self, title: str, text: str) -> bool:
        apprise = _apprise()
        target = apprise.Apprise()
        for url in self.urls:
            target.add(url)
        return bool(target.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT))


def _understood(url: str) -> bool:
    return _apprise().Apprise.instantiate(url, suppress_exceptions=True) is not None


def _apprise() -> ModuleType:
    import apprise  # noqa: PLC0415 - takes a second or more that only a notification pays

    # It logs addresses it does not understand, and with them the passwords in them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    return apprise
