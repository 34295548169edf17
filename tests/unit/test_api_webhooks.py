"""The handler itself, without a server: what it answers, and how much it reads before."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.requests import Request

from api.webhooks import hubspot
from core.credits.account import OBJECT_TYPES
from core.credits.errors import JournalError, NotSent
from core.credits.records import Kind
from core.mirror.webhook_rules import signature
from core.mirror.webhooks import PATH, WebhookReceiver
from tests.unit.services.desk import TestDesk

SECRET, PUBLIC = "client-secret", "https://desk.example.test"
EVENT = {"subscriptionType": "contact.propertyChange", "objectId": 100}
BODY = json.dumps([EVENT]).encode()


class Door:
    """One handler over a desk, and what came out of it."""

    def __init__(self, secret: str = SECRET, public_url: str = PUBLIC) -> None:
        self.desk = TestDesk()
        self.desk.time = datetime.now(UTC)
        self.receiving = WebhookReceiver(
            mirroring=self.desk.core.mirror_copier,
            types=lambda: OBJECT_TYPES,
            secret=secret,
            now=self.desk.now,
        )
        self.handler = hubspot(lambda: self.receiving, public_url)
        self.read = 0

    def ask(self, parts: Iterator[bytes], headers: dict[str, str], query: str = "") -> Any:
        async def receive() -> dict[str, Any]:
            part = next(parts, None)
            self.read += len(part or b"")
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "server": ("10.0.0.7", 8501),
            "path": PATH,
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        }
        return asyncio.run(self.handler(Request(scope, receive)))

    def post(self, body: bytes = BODY, *, uri: str = PUBLIC + PATH, **changed: str) -> Any:
        stamp = str(int(self.desk.time.timestamp() * 1000))
        headers = {
            "Host": "10.0.0.7:8501",
            "X-HubSpot-Signature-v3": signature(SECRET, "POST", uri, body, stamp),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        return self.ask(iter([body]), {**headers, **changed}, uri.partition("?")[2])


def test_a_genuine_delivery_is_stored_and_answered() -> None:
    door = Door()

    answer = door.post()

    assert (200, {"events": 1, "records": 1}) == (answer.status_code, json.loads(answer.body))
    assert 1 == door.desk.journal.outbox().due


def test_while_the_object_types_are_not_known_hubspot_is_to_send_again() -> None:
    def unknown() -> dict[Kind, str]:
        raise NotSent("HubSpot cannot be reached")

    door = Door()
    door.receiving = replace(door.receiving, types=unknown)

    assert 503 == door.post().status_code
    assert 0 == door.desk.journal.outbox().due
    assert 401 == door.post(uri="https://elsewhere.example.test").status_code, "asked nothing"


def test_behind_a_proxy_the_public_address_is_what_was_signed() -> None:
    inside = f"http://10.0.0.7:8501{PATH}"

    assert (200, 401) == (Door().post().status_code, Door().post(uri=inside).status_code)
    assert 200 == Door(public_url="").post(uri=inside).status_code


def test_the_query_is_part_of_what_was_signed() -> None:
    assert 200 == Door().post(uri=f"{PUBLIC}{PATH}?from=a%40b").status_code


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-HubSpot-Signature-v3": "AAAA"}, 401),
        ({"X-HubSpot-Signature-v3": "é"}, 401),
        ({"X-HubSpot-Request-Timestamp": "0"}, 401),
        ({"X-HubSpot-Request-Timestamp": "x"}, 401),
    ],
)
def test_a_forgery_stores_nothing(changed: dict[str, str], status: int) -> None:
    door = Door()

    assert status == door.post(BODY, **changed).status_code
    assert 0 == door.desk.journal.outbox().due


@pytest.mark.parametrize(
    "changed",
    [
        {"X-HubSpot-Signature-v3": ""},
        {"X-HubSpot-Signature-v3": "AAAA"},
        {"X-HubSpot-Signature-v3": "*" * 44},
        {"X-HubSpot-Request-Timestamp": ""},
        {"X-HubSpot-Request-Timestamp": "0"},
        {"X-HubSpot-Request-Timestamp": "x"},
    ],
    ids=str,
)
def test_of_a_request_that_cannot_be_hubspots_nothing_is_read(changed: dict[str, str]) -> None:
    door = Door()

    assert 401 == door.post(b"x" * 9_000, **changed).status_code
    assert 0 == door.read
    assert 1 == door.receiving.tally.counts["refused"]


def test_of_a_request_without_any_header_nothing_is_read() -> None:
    door = Door()

    assert 401 == door.ask(iter([b"x" * 1000] * 9), {}).status_code
    assert 0 == door.read


def test_only_a_body_tells_a_well_formed_forgery() -> None:
    door = Door()

    assert 401 == door.post(BODY, **{"X-HubSpot-Signature-v3": "A" * 43 + "="}).status_code
    assert door.read
    assert 0 == door.desk.journal.outbox().due


def test_a_signed_body_that_is_no_batch_is_never_to_be_sent_again() -> None:
    assert 400 == Door().post(b'{"objectId": 100}').status_code


@pytest.mark.parametrize("why", [JournalError("disk full"), None])
def test_what_could_not_be_stored_is_to_be_sent_again(why: JournalError | None) -> None:
    door = Door()

    def full(*_: Any, **__: Any) -> None:
        raise why or RuntimeError("not started")

    if why is None:
        door.handler = hubspot(full, PUBLIC)  # type: ignore[arg-type]
    else:
        door.desk.journal.put_due = full  # type: ignore[method-assign]

    assert 503 == door.post().status_code


def test_without_a_secret_it_says_what_is_missing() -> None:
    answer = Door(secret="").post()

    assert 503 == answer.status_code
    assert b"HUBSPOT_CLIENT_SECRET" in answer.body


def test_a_slow_disk_does_not_hold_up_the_servers_other_visitors() -> None:
    """The store is waited for in a thread: the event loop runs on."""
    door = Door()
    stored, ticks = threading.Event(), list[float]()
    put: Callable[..., None] = door.desk.journal.put_due

    def slowly(*args: Any, **kwargs: Any) -> None:
        assert stored.wait(60)
        put(*args, **kwargs)

    door.desk.journal.put_due = slowly  # type: ignore[method-assign]
    stamp = str(int(door.desk.time.timestamp() * 1000))
    headers = [
        (b"x-hubspot-signature-v3", signature(SECRET, "POST", PUBLIC + PATH, BODY, stamp).encode()),
        (b"x-hubspot-request-timestamp", stamp.encode()),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def both() -> int:
        answer = asyncio.ensure_future(door.handler(Request(scope, receive)))
        while len(ticks) < 50:
            await asyncio.sleep(0)
            ticks.append(time.monotonic())
        stored.set()
        return (await answer).status_code

    assert 200 == asyncio.run(both())
