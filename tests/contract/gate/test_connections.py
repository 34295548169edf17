"""The connections of a real server, with a small application behind: counts, and what is closed."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from api.guard import connections, sockets
from api.guard.budgets import Budget
from api.guard.connections import HttpConnection
from api.guard.sockets import OF_ADDRESS, SIGNED_IN, STRANGER, Sockets
from api.guard.sparing import WARNINGS, Sparing
from api.guard.visitors import Visitors
from tests.crash.waiting import wait_for

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
#: A message and a ping of one byte, masked with zeros.
SMALL, PING = (bytes([opcode, 0x81]) + bytes(4) + b"x" for opcode in (0x82, 0x89))
SCHOOL = {"X-Forwarded-For": "203.0.113.9"}
PERSON = {**SCHOOL, "Cookie": "known=1"}


@dataclass
class Behind:
    """The application: takes every websocket, and counts what comes."""

    received: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    #: What the server said when something was sent to a websocket that was over.
    after_the_end: list[Exception] = field(default_factory=list)
    #: Set: requests are answered.
    answering: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.to_thread(self.answering.wait)
            head = {"type": "http.response.start", "status": 200, "headers": []}
            await send(head)
            await send({"type": "http.response.body", "body": b"ok"})
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.received[scope["client"][0]] += 1
            self.texts += [message["text"]] if message.get("text") else []
        try:
            await send({"type": "websocket.send", "bytes": b"x"})
        except Exception as error:  # noqa: BLE001 - which one is what the test asks
            self.after_the_end.append(error)


@dataclass
class Running:
    port: int
    behind: Behind

    def websocket(self, headers: dict[str, str]) -> Connection:
        return connect(f"ws://127.0.0.1:{self.port}/", additional_headers=headers)

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextmanager
def serving(idle_s: float = 900) -> Iterator[Running]:
    connections.install()
    behind = Behind()
    behind.answering.set()
    visitors = Visitors(
        is_signed_in=lambda cookies: "known" in cookies,
        unwanted=lambda frame, _: "it says no" if frame == b"no" else "",
        held=Counter,
    )
    app = Sockets(behind, visitors=visitors, idle_s=idle_s)
    listening = socket.socket()  # as Streamlit makes it: it does not name its protocol
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Running(listening.getsockname()[1], behind)
    finally:
        behind.answering.set()
        server.should_exit = True
        thread.join()


def rest_of(line: socket.socket) -> bytes:
    """All that comes until the server closes the connection, in whichever way."""
    got = bytearray()
    with suppress(ConnectionResetError):
        while piece := line.recv(4096):
            got += piece
    return bytes(got)


@pytest.fixture
def running() -> Iterator[Running]:
    with serving() as one:
        yield one


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpConnection, "head_s", 0.2)


def flood(line: Connection, times: int, *, frame: bytes = SMALL) -> int:
    """The code by which the server ends it, after so many frames in one piece."""
    line.socket.sendall(frame * times)
    return code_of_the_end(line)


def code_of_the_end(line: Connection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        line.recv(timeout=30)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def received(running: Running, headers: dict[str, str] = SCHOOL) -> int:
    return running.behind.received[headers["X-Forwarded-For"]]


def test_of_a_flood_no_more_than_the_budget_reaches_the_application(running: Running) -> None:
    with running.websocket(SCHOOL) as line:
        assert 1008 == flood(line, 1_000)

    assert received(running) <= STRANGER.frames.burst


def test_who_is_signed_in_has_a_budget_that_ends_too(running: Running) -> None:
    half = int(SIGNED_IN.frames.burst) // 2
    with running.websocket(PERSON) as line:
        for _ in range(half):
            line.send(b"x")
        wait_for(lambda: received(running) == half)
        assert 1008 == flood(line, 3_000)


def test_pings_are_counted_as_messages_are(running: Running) -> None:
    with running.websocket(SCHOOL) as line:
        assert 1008 == flood(line, 1_000, frame=PING)


def test_an_address_has_one_budget_for_all_its_strangers(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = int(STRANGER.frames.burst)
    never_more = replace(OF_ADDRESS.sent.frames, per_s=0)
    sent = replace(OF_ADDRESS.sent, frames=never_more)
    monkeypatch.setattr(sockets, "OF_ADDRESS", replace(OF_ADDRESS, sent=sent))
    with ExitStack() as stack:
        lines = [
            stack.enter_context(running.websocket(SCHOOL))
            for _ in range(int(OF_ADDRESS.openings.burst) // 2)
        ]
        for line in lines[:-1]:
            line.socket.sendall(SMALL * each)

        wait_for(lambda: received(running) > OF_ADDRESS.sent.frames.burst - each)
        assert 1008 == flood(lines[-1], each), "though it had kept to its own"
        elsewhere = {"X-Forwarded-For": "203.0.113.10"}
        stack.enter_context(running.websocket(elsewhere)).send(b"x")
        wait_for(lambda: received(running, elsewhere) == 1)


def opened(running: Running, stack: ExitStack, times: int) -> int:
    """How many of so many websockets of strangers the server takes."""
    taken = 0
    for _ in range(times):
        with suppress(InvalidStatus):
            stack.enter_context(running.websocket(SCHOOL))
            taken += 1
    return taken


def test_an_address_opens_so_many_websockets_before_sign_in_and_people_are_not_counted(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "REFUSED_AFTER_S", 0.0)
    most = int(OF_ADDRESS.openings.burst)
    with ExitStack() as stack:
        assert most <= opened(running, stack, most + 50) < most + 50
        stack.enter_context(running.websocket({"X-Forwarded-For": "203.0.113.10"}))
        people = [stack.enter_context(running.websocket(PERSON)) for _ in range(60)]
        for person in people:
            for _ in range(50):
                person.send(b"x")
        wait_for(lambda: received(running) == 60 * 50)


def test_a_forwarded_address_is_believed_of_the_proxy_alone() -> None:
    scope = {"client": ("203.0.113.9", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}

    assert "203.0.113.9" == sockets.address_of(scope)


@pytest.mark.parametrize(
    ("host", "share"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("a unix socket", "a unix socket"),
    ],
)
def test_a_household_of_ipv6_addresses_is_one(host: str, share: str) -> None:
    assert share == sockets.address_of({"client": (host, 1)})


def test_a_message_that_nobody_may_send_does_not_arrive(running: Running) -> None:
    with running.websocket(PERSON) as line:
        for frame in (b"yes", b"no", b"yes"):
            line.send(frame)
        line.close()

    wait_for(lambda: running.behind.received.total() == 2)


def test_text_does_not_arrive_for_no_page_sends_any(running: Running) -> None:
    with running.websocket(PERSON) as line:
        for frame in (b"yes", "text", b"yes"):
            line.send(frame)
        line.close()

    wait_for(lambda: running.behind.received.total() == 2)
    assert not running.behind.texts


def test_what_is_sent_to_somebody_who_was_closed_is_as_to_somebody_who_left(
    running: Running,
) -> None:
    with running.websocket(SCHOOL) as line:
        assert 1008 == flood(line, 1_000)

    wait_for(lambda: bool(running.behind.after_the_end))
    assert all(isinstance(error, OSError) for error in running.behind.after_the_end)


def test_a_compressed_message_is_not_offered(running: Running) -> None:
    with running.websocket(SCHOOL) as line:
        assert [] == list(line.protocol.extensions)


def test_a_stranger_who_says_nothing_is_closed_and_a_person_is_not() -> None:
    with serving(idle_s=0.2) as running, running.websocket(PERSON) as person:
        with running.websocket(SCHOOL) as line:
            assert 1013 == code_of_the_end(line)
        person.send(b"x")
        wait_for(lambda: received(running) == 1)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("said", [b"", HEAD, HEAD + b"Connection: close\r\n\r\n"])
def test_a_connection_without_a_whole_request_is_closed(running: Running, said: bytes) -> None:
    with running.line() as line:
        line.sendall(said)

        assert (said[-4:] == b"\r\n\r\n") == (
            b"200 OK" in b"".join(iter(lambda: line.recv(99), b""))
        )


@pytest.mark.usefixtures("hasty")
def test_a_head_that_comes_byte_by_byte_is_not_waited_for(running: Running) -> None:
    never = threading.Event()
    with running.line() as line:
        try:
            for byte in HEAD + b"X: " + b"x" * 100_000:
                line.sendall(bytes([byte]))
                never.wait(0.01)
        except OSError:
            return
    pytest.fail("all of it was taken")


@pytest.mark.usefixtures("hasty")
def test_between_two_requests_a_connection_may_be_silent_as_long_as_before_one(
    running: Running,
) -> None:
    with running.line() as line:
        line.sendall(2 * (HEAD + b"\r\n"))

        assert 2 == rest_of(line).count(b"200 OK")


@pytest.mark.usefixtures("hasty")
def test_an_answer_that_takes_longer_is_waited_for(running: Running) -> None:
    running.behind.answering.clear()
    with running.line() as slow, running.line() as silent:
        slow.sendall(HEAD + b"\r\n")
        assert b"" == rest_of(silent), "the time is over"
        running.behind.answering.set()

        assert b"200 OK" in slow.recv(99)


@pytest.mark.usefixtures("hasty")
def test_a_websocket_is_no_connection_without_a_request(running: Running) -> None:
    with running.websocket(PERSON) as line, running.line() as silent:
        assert b"" == rest_of(silent), "the time is over"
        line.send(b"x")
        wait_for(lambda: running.behind.received.total() == 1)


def test_of_too_many_silent_connections_the_oldest_goes(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpConnection, "waiting_max", 3)
    with ExitStack() as stack:
        lines = [stack.enter_context(running.line()) for _ in range(4)]

        assert b"" == rest_of(lines[0])
        lines[3].sendall(HEAD + b"\r\n")
        assert b"200 OK" in lines[3].recv(99)


def test_an_answer_is_sent_at_once_whoever_made_the_listening_socket(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its second half waits 40 ms for the client's kernel to confirm the first."""
    seen: list[int] = []
    look = HttpConnection.handle_events

    def looked(self: HttpConnection) -> None:
        line = self.transport.get_extra_info("socket")
        seen.append(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        look(self)

    monkeypatch.setattr(HttpConnection, "handle_events", looked)
    with running.line() as line:
        line.sendall(HEAD + b"\r\n")
        line.recv(99)

    assert [1] == list(dict.fromkeys(seen))


def test_requests_that_cannot_be_read_do_not_fill_the_log(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("uvicorn.error")
    (spares,) = (each for each in log.filters if isinstance(each, Sparing))
    monkeypatch.setattr(spares, "_left", Budget(WARNINGS))  # whatever was logged before
    caplog.set_level(logging.WARNING, log.name)
    for _ in range(30):
        with running.line() as line:
            line.sendall(b"nonsense\r\n\r\n")
            assert b"400 Bad Request" in rest_of(line)

    told = [record for record in caplog.records if "Invalid HTTP" in record.getMessage()]
    assert 0 < len(told) <= WARNINGS.burst + 1
