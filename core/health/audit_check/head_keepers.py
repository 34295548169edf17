"""``HeadKeeper``: a file, an HTTP receiver, or the addresses of the notifications."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from core.health.notify_port import Notifier
from core.mirror.outgoing.rules import SIGNATURE, TIMESTAMP, signature
from core.mirror.outgoing.store.events_port import NotDelivered

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class HeadFile:
    """Appended to, for its owner alone. Of use on another machine's disk, or one that only adds."""

    path: Path

    def ship(self, line: str) -> None:
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, f"{line}\n".encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise NotDelivered(f"{self.path}: {error.strerror}") from error

    def kept(self) -> str:
        return self.path.read_text(encoding="utf-8") if self.path.exists() else ""


@dataclass(slots=True)
class HeadReceiver:
    """One POST of one JSON object, signed as events are where there is a secret."""

    url: str
    secret: str = field(repr=False)
    now: Callable[[], datetime]

    def ship(self, line: str) -> None:
        """Follows no redirect."""
        body, at = line.encode(), int(self.now().timestamp())
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers |= {TIMESTAMP: str(at), SIGNATURE: signature(self.secret, at, body)}
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = f"{self.url} did not answer: {type(error).__name__} {error}".strip()
            raise NotDelivered(told) from error
        if not answer.is_success:
            raise NotDelivered(f"{self.url} answered {answer.status_code}")

    def kept(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class HeadMail:
    """To the people who are told of troubles: their mail is outside the database."""

    notifier: Notifier

    def ship(self, line: str) -> None:
        self.notifier.tell("Credit Desk: head of the audit, to be kept", line)

    def kept(self) -> str:
        return ""
