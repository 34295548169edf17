"""What HubSpot tells of by webhook is due for the mirror before HubSpot is answered."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from core.credits.records import Kind
from core.mirror.copier import MirrorCopier
from core.mirror.rows import erasure
from core.mirror.store.outbox_port import Due
from core.mirror.webhook_rules import (
    Heard,
    NotGenuine,
    Record,
    check_age,
    check_form,
    check_signature,
    heard,
    signature,
)

log = logging.getLogger(__name__)

#: Where HubSpot delivers to, behind the public address of the app.
PATH = "/api/webhooks/hubspot"


class NotSetUp(RuntimeError):
    """There is no client secret, so nothing could be told from a forgery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request, as it came."""

    method: str
    #: Scheme, host, path and query, as HubSpot called it.
    uri: str
    body: bytes = field(repr=False)
    signature: str
    timestamp: str


@dataclass(slots=True)
class Tally:
    """What came since the process began."""

    counts: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, told: Heard) -> None:
        """A delivery that was stored."""
        with self._lock:
            self.counts.update(deliveries=1, events=told.events, records=len(told.records))
            self.ignored.update(told.ignored)

    def refused(self) -> None:
        """One that was not genuine."""
        with self._lock:
            self.counts["refused"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """Order and number of deliveries do not matter: each record is read when it is copied."""

    mirroring: MirrorCopier
    #: HubSpot's object type id of each kind. Raises GatewayError: a name could not be looked up.
    types: Callable[[], Mapping[Kind, str]]
    #: The client secret of our app in HubSpot; empty: webhooks are not set up.
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)

    @property
    def set_up(self) -> bool:
        """Whether deliveries can be told from forgeries."""
        return bool(self.secret)

    def check_head(self, *, signature: str, timestamp: str) -> None:
        """What the headers alone tell: so that nobody's body is read who cannot be HubSpot.

        Raises:
            NotGenuine: the signature is none, or the request is not from just now.
        """
        with self._counted():
            check_form(signature)
            check_age(timestamp, self.now())

    def receive(self, delivery: Delivery) -> Heard:
        """Make due what it tells of. Durable when it returns.

        Raises:
            NotSetUp, NotGenuine, Unreadable: nothing was stored.
            JournalError: nothing is known to be stored; HubSpot is to send it again.
            GatewayError: which objects it tells of is not known yet; the same.
        """
        if not self.secret:
            raise NotSetUp("HUBSPOT_CLIENT_SECRET is not set")
        with self._counted():
            check_age(delivery.timestamp, self.now())
            check_signature(delivery.signature, self._expected(delivery))
        told = heard(delivery.body, self.types())
        if told.records:
            self.mirroring.put([_due(record, told) for record in told.records])
        self.tally.took(told)
        return told

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count and log what turns out not to be genuine."""
        try:
            yield
        except NotGenuine as why:
            self.tally.refused()
            log.warning("a webhook was refused: %s", why)
            raise

    def _expected(self, delivery: Delivery) -> str:
        return signature(
            self.secret, delivery.method, delivery.uri, delivery.body, delivery.timestamp
        )


def _due(record: Record, told: Heard) -> Due:
    kind, id_ = record
    return Due(kind=kind, record_id=id_, row=erasure(id_) if record in told.erased else None)
