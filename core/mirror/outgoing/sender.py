"""``EventSender`` over HTTP: one signed POST for some events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from core.mirror.outgoing.rules import SIGNATURE, TIMESTAMP, OutgoingEvent, body_of, signature
from core.mirror.outgoing.store.events_port import NotDelivered

#: A receiver that does not answer within this has not taken the events.
TIMEOUT_S = 10.0
#: Of an answer, for people.
TOLD_MAX = 200


@dataclass(slots=True)
class WebhookSender:
    """Safe to share between threads. Follows no redirect: the events go to one address."""

    url: str
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    _client: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=TIMEOUT_S), init=False, repr=False
    )

    def send(self, events: Sequence[OutgoingEvent]) -> None:
        """See ``EventSender.send``."""
        body, at = body_of(events), int(self.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            TIMESTAMP: str(at),
            SIGNATURE: signature(self.secret, at, body),
        }
        try:
            answer = self._client.post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = f"{self.url} did not answer: {type(error).__name__} {error}".strip()
            raise NotDelivered(told) from error
        if not answer.is_success:
            said = " ".join(answer.text.split())[:TOLD_MAX]
            raise NotDelivered(f"{self.url} answered {answer.status_code} {said}".strip())

    def close(self) -> None:
        """Give its connections back."""
        self._client.close()
