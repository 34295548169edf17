"""Webhooks as HubSpot sends them: signed, in batches, twice, out of order, tried again.

`Sender` runs in a thread of its own; what is sent, when, and with which signature is pure.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import itertools
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import orjson

from sandbox.hubspot import events
from sandbox.hubspot.events import VERBS, Event
from sandbox.hubspot.links import LinkChange
from sandbox.hubspot.store import Change, Store

log = logging.getLogger(__name__)
BATCH_MAX, ATTEMPTS_MAX, TIMEOUT_S = 100, 10, 5.0
#: HubSpot does not send these again
KEPT = "webhook:"
FINAL = frozenset({400, 401, 403, 404, 405})
#: All that is told of every object type, in the form that new apps get.
EVERYTHING = (*(f"object.{verb}" for verb in VERBS), "contact.privacyDeletion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the events go, and how badly they travel."""

    url: str
    secret: str
    #: e.g. contact.propertyChange, object.creation; an object type may be named behind an @ and a
    #: property behind a colon: object.propertyChange@0-1:sj_credits
    subscriptions: tuple[str, ...]
    gather_ms: int = 50  # events of this long go into one request
    duplicate: float = 0.05  # of the requests come twice
    reorder: bool = True
    retry_ms: int = 1_000  # HubSpot spreads ten attempts over a day
    seed: int = 0


def signature(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """`X-HubSpot-Signature-v3`: base64 of HMAC-SHA256 over method, URI, body and timestamp."""
    text = f"{method}{uri}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def signature_v1(secret: str, body: bytes) -> str:
    """`X-HubSpot-Signature` of the first version: SHA-256 over secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def wanted(target: Target, type_: str, fields: Event) -> int | None:
    """The number of the subscription that asks for this event."""
    name = fields.get("propertyName")
    of = fields.get("objectTypeId", fields.get("fromObjectTypeId"))
    for number, subscription in enumerate(target.subscriptions, start=1):
        subscribed, _, only = subscription.partition(":")
        subscribed, _, only_of = subscribed.partition("@")
        if subscribed == type_ and only in {"", name} and only_of in {"", of}:
            return 900_000 + number
    return None


@dataclass(order=True, slots=True)
class _Parcel:
    due: float
    number: int
    events: list[Event] = field(compare=False)
    attempt: int = field(compare=False, default=0)


class Sender:
    """Takes the store's changes, and sends them from its own thread until it is closed."""

    def __init__(self, target: Target, *, portal_id: int, app_id: int) -> None:
        self.target = target
        self._ids = {"portalId": portal_id, "appId": app_id}
        self._rng = random.Random(target.seed)
        self._numbers = itertools.count(1)
        self._parcels: list[_Parcel] = []
        self._fresh: list[Event] = []
        self._wake = threading.Condition()
        self._closed = False
        self.outcomes: Counter[str] = Counter()
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._thread = threading.Thread(target=self._run, name="hubspot-webhooks", daemon=True)
        self._thread.start()

    def take(self, told: Sequence[tuple[str, Event]]) -> None:
        """Queue those of some events that are subscribed to."""
        fresh = []
        for type_, fields in told:
            number = wanted(self.target, type_, fields)
            if number is not None:
                fresh.append(self._event(type_, number, fields))
        if fresh:
            with self._wake:
                self._fresh += fresh
                self._wake.notify()

    def _event(self, type_: str, subscription: int, fields: Event) -> Event:
        return {
            "eventId": self._rng.randrange(10**9, 4 * 10**9),
            "subscriptionId": subscription,
            **self._ids,
            "subscriptionType": type_,
            "attemptNumber": 0,
            **fields,
        }

    def show(self) -> dict[str, Any]:
        """For /_sandbox/webhooks."""
        with self._wake:
            waiting = len(self._fresh) + sum(len(parcel.events) for parcel in self._parcels)
        return {"url": self.target.url, "waiting": waiting, "outcomes": dict(self.outcomes)}

    def close(self) -> None:
        """Stop; what is not delivered is lost, as when a subscription is removed."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(TIMEOUT_S + 1)
        self._client.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                parcel = self._next()
            if parcel is None:
                return
            self._send(parcel)

    def _next(self) -> _Parcel | None:
        """The next parcel that is due; None at the end. Holds the lock."""
        while not self._closed:
            self._pack()
            now = time.monotonic()
            if self._parcels and self._parcels[0].due <= now:
                return heapq.heappop(self._parcels)
            self._wake.wait(self._parcels[0].due - now if self._parcels else None)
        return None

    def _pack(self) -> None:
        events, self._fresh = self._fresh, []
        if self.target.reorder:
            self._rng.shuffle(events)
        gather = self.target.gather_ms / 1_000
        for start in range(0, len(events), BATCH_MAX):
            self._put(events[start : start + BATCH_MAX], gather * self._rng.uniform(0.5, 1.0), 0)
            if self._rng.random() < self.target.duplicate:
                self._put(events[start : start + BATCH_MAX], gather * 4, 0)

    def _put(self, events: list[Event], wait_s: float, attempt: int) -> None:
        due = time.monotonic() + wait_s
        heapq.heappush(self._parcels, _Parcel(due, next(self._numbers), events, attempt))

    def _send(self, parcel: _Parcel) -> None:
        events = [{**event, "attemptNumber": parcel.attempt} for event in parcel.events]
        body = orjson.dumps(events)
        timestamp = str(time.time_ns() // 1_000_000)
        url = self.target.url
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (sandbox)",
            "X-HubSpot-Signature": signature_v1(self.target.secret, body),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature-v3": signature(self.target.secret, "POST", url, body, timestamp),
            "X-HubSpot-Request-Timestamp": timestamp,
        }
        try:
            status = self._client.post(url, content=body, headers=headers).status_code
        except httpx.HTTPError as error:
            log.info("a webhook found nobody: %s", error)
            status = 0
        with self._wake:
            self.outcomes[str(status)] += 1
            again = not 200 <= status < 300 and status not in FINAL
            if again and parcel.attempt < ATTEMPTS_MAX and not self._closed:
                wait_s = self.target.retry_ms / 1_000 * 2**parcel.attempt
                self._put(parcel.events, wait_s * self._rng.uniform(0.8, 1.2), parcel.attempt + 1)


class Senders:
    """All subscriptions of the account."""

    def __init__(self, store: Store, *, app_id: int) -> None:
        self._store = store
        self._app_id = app_id
        self.all: list[Sender] = []
        store.listeners.append(self._take)
        store.links.listeners.append(self._take_links)

    def subscribe(self, target: Target) -> None:
        """One subscription for each URL: a new one takes the place of the old."""
        self._begin(target)
        with self._store.database.writing() as connection:
            connection.execute(
                "insert or replace into settings values (?, ?)",
                (f"{KEPT}{target.url}", orjson.dumps(asdict(target)).decode()),
            )

    def resume(self) -> None:
        """Take up the subscriptions of an earlier run."""
        with self._store.database.looking() as connection:
            sql = "select value from settings where name like ?"
            kept = connection.execute(sql, (f"{KEPT}%",)).fetchall()
        for (text,) in kept:
            stored = orjson.loads(text)
            self._begin(Target(**{**stored, "subscriptions": tuple(stored["subscriptions"])}))

    def unsubscribe(self) -> None:
        """End all of them for good."""
        self.close()
        with self._store.database.writing() as connection:
            connection.execute("delete from settings where name like ?", (f"{KEPT}%",))

    def _begin(self, target: Target) -> None:
        for sender in [one for one in self.all if one.target.url == target.url]:
            self.all.remove(sender)
            sender.close()
        portal_id = self._store.catalog.portal.id
        self.all.append(Sender(target, portal_id=portal_id, app_id=self._app_id))

    def close(self) -> None:
        """Stop sending, until the next run."""
        for sender in self.all:
            sender.close()
        self.all.clear()

    def _take(self, changes: Sequence[Change]) -> None:
        if self.all:
            at = self._store.now_ms()
            self._send([event for change in changes for event in events.of_change(change, at)])

    def _take_links(self, changes: Sequence[LinkChange]) -> None:
        if self.all:
            at, catalog = self._store.now_ms(), self._store.catalog
            self._send([e for change in changes for e in events.of_link(change, catalog, at)])

    def _send(self, told: Sequence[tuple[str, Event]]) -> None:
        for sender in self.all:
            sender.take(told)
