"""Where heads of the audit are kept: a file for its owner alone, a receiver, people."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.health.audit_check.head_keepers import HeadFile, HeadMail, HeadReceiver
from core.mirror.outgoing.rules import SIGNATURE, TIMESTAMP, signature
from core.mirror.outgoing.store.events_port import NotDelivered

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = "0123456789abcdef"


class Receiver(HTTPServer):
    status = 200
    got: tuple[bytes, dict[str, str]] = (b"", {})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/heads"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got = body, dict(self.headers)
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_file_is_added_to_for_its_owner_alone(tmp_path: Path) -> None:
    keeper = HeadFile(tmp_path / "heads.jsonl")
    assert "" == keeper.kept()

    keeper.ship("one")
    keeper.ship("two")

    assert "one\ntwo\n" == keeper.kept()
    assert 0o600 == stat.S_IMODE((tmp_path / "heads.jsonl").stat().st_mode)


def test_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered, match="No such file"):
        HeadFile(tmp_path / "no folder" / "heads").ship("one")


def test_receiver_gets_one_signed_line(receiver: Receiver) -> None:
    HeadReceiver(receiver.url, SECRET, lambda: NOW).ship('{"n": 1}')

    body, headers = receiver.got
    assert b'{"n": 1}' == body
    at = int(headers[TIMESTAMP])
    assert (int(NOW.timestamp()), signature(SECRET, at, body)) == (at, headers[SIGNATURE])


def test_receiver_that_does_not_take_it_is_told(receiver: Receiver) -> None:
    receiver.status = 503
    with pytest.raises(NotDelivered, match="answered 503"):
        HeadReceiver(receiver.url, "", lambda: NOW).ship("x")
    with pytest.raises(NotDelivered, match="did not answer"):
        HeadReceiver("http://127.0.0.1:1/", "", lambda: NOW).ship("x")


def test_people_are_told() -> None:
    class Told:
        said: tuple[str, str] = ("", "")

        def tell(self, title: str, text: str) -> None:
            self.said = title, text

    told = Told()
    HeadMail(told).ship("the line")

    assert ("Credit Desk: head of the audit, to be kept", "the line") == told.said
    assert "" == HeadMail(told).kept()
