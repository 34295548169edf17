"""Notifications arrive at a real listener, and nobody waits for them."""

from __future__ import annotations

import json
import logging
import math
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from core.health.apprise_notifier import WAITING_MAX, Apprise

#: One of apprise's own dependencies imports it on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

DEADLINE_S = 60.0

Received = queue.Queue[dict[str, Any]]


@pytest.fixture
def listener() -> Iterator[tuple[str, Received]]:
    received: Received = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join(DEADLINE_S)
    server.server_close()


def test_a_message_arrives(listener: tuple[str, Received]) -> None:
    url, received = listener
    notifier = Apprise([url])

    notifier.tell("Two copies given up", "contacts 1: <b>no</b> column\ncontacts 2")

    message = received.get(timeout=DEADLINE_S)
    assert message["title"] == "Two copies given up"
    assert message["message"] == "contacts 1: <b>no</b> column\ncontacts 2"
    notifier.stop(DEADLINE_S)


def test_stopping_sends_what_waits(listener: tuple[str, Received]) -> None:
    url, received = listener
    notifier = Apprise([url])
    for n in range(3):
        notifier.tell(f"{n}", "text")

    notifier.stop(DEADLINE_S)

    assert received.qsize() == 3


def test_an_address_that_does_not_answer_is_logged_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notifier = Apprise(["json://127.0.0.1:1"])

    notifier.tell("Given up", "text")
    notifier.stop(DEADLINE_S)

    assert "not every notification address took this: Given up" in caplog.messages


def test_without_addresses_the_log_has_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Apprise([]).tell("Given up", "contacts 1")

    assert caplog.messages == ["Given up: contacts 1"]


def test_a_flood_is_dropped_rather_than_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Apprise(["json://127.0.0.1:1"])
    notifier._thread = threading.Thread()  # one that never takes a message

    for n in range(WAITING_MAX + 1):
        notifier.tell(f"{n}", "text")

    assert (
        f"a notification was dropped, {WAITING_MAX} are waiting: {WAITING_MAX}" in caplog.messages
    )


def test_an_address_that_makes_no_sense_is_named_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (fault,) = Apprise(["json://127.0.0.1:1", "carrier-pigeon://coop/secret"]).faults()

    assert "address 2 (carrier-pigeon://...)" in fault
    assert "secret" not in fault + caplog.text


def test_the_addresses_are_not_shown_with_the_notifier() -> None:
    assert "secret" not in repr(Apprise(["mailto://me:secret@example.test"]))


def test_a_message_that_found_no_thread_does_not_silence_those_after_it(
    listener: tuple[str, Received], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = listener
    notifier = Apprise([url])

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        notifier.tell("first", "text")
    notifier.tell("second", "text")

    told = [received.get(timeout=DEADLINE_S)["title"] for _ in range(2)]
    assert ["first", "second"] == told
    notifier.stop(DEADLINE_S)


class Addresses:
    """In the place of apprise: which addresses are away, and what each was tried with."""

    def __init__(self, notifier: Apprise, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away: set[str] = set()
        self.seconds = 0.0
        self.tried: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        notifier.monotonic = lambda: self.seconds
        monkeypatch.setattr(Apprise, "_took", self._took)

    def _took(self, url: str, title: str, _text: str) -> bool:
        self.seconds += 1800
        took = url not in self.away
        self.tried.put((url, title, took))
        return took

    def next(self) -> tuple[str, str, bool]:
        return self.tried.get(timeout=10)


def test_an_address_that_was_away_is_told_when_it_is_back_and_the_others_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notifier = Apprise(["a", "b"], again_s=0.01, given_up_s=math.inf)
    addresses = Addresses(notifier, monkeypatch)
    addresses.away = {"a"}

    notifier.tell("1", "text")
    assert [("a", "1", False), ("b", "1", True)] == [addresses.next() for _ in range(2)]
    assert ("a", "1", False) == addresses.next()
    addresses.away = set()
    while not (tried := addresses.next())[2]:
        pass

    notifier.stop(DEADLINE_S)
    assert ("a", "1", True) == tried
    assert addresses.tried.empty()


def test_what_an_address_does_not_take_is_given_up_after_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notifier = Apprise(["a"], again_s=0.01)
    addresses = Addresses(notifier, monkeypatch)
    addresses.away = {"a"}

    for title in "12":
        notifier.tell(title, "text")
        assert [("a", title, False)] * 2 == [addresses.next() for _ in range(2)]

    notifier.stop(DEADLINE_S)
    assert addresses.tried.empty()
