"""What somebody may do before signing in, over the real server: little, and nothing that lasts.

Each test comes from an address of its own, as a proxy forwards it.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from api.guard.sockets import FRAME_BYTES, STRANGER
from api.guard.uploads import SESSION_BYTES
from tests.contract.gate.test_gate import SIGN_IN, claims
from tests.contract.gate.visitor import USER, XSRF, Server, Tab
from tests.pages.stage import ADMIN

FRAMES = int(STRANGER.frames.burst)
STRANGER_BYTES = int(STRANGER.bytes.burst)
#: A frame that Streamlit would take in whole before it measures it.
TOO_LONG = FRAME_BYTES + 1
UPLOAD = 10_000_000


@contextmanager
def stranger(server: Server, address: str) -> Iterator[Tab]:
    with server.tab(headers={"X-Forwarded-For": address}) as tab:
        yield tab


@contextmanager
def admin(server: Server, address: str = "198.51.100.1") -> Iterator[Tab]:
    cookies = {USER: server.cookie(claims(ADMIN))}
    with server.tab(cookies=cookies, headers={"X-Forwarded-For": address}) as tab:
        yield tab


def code_of_the_end(tab: Tab) -> int:
    """By which the server closed the websocket, whatever it sent before."""
    try:
        while True:
            tab.socket.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def flood(tab: Tab, times: int) -> int:
    """The code by which the server ends it, after so many small messages in one piece."""
    body = BackMsg(app_heartbeat=True).SerializeToString()
    tab.socket.socket.sendall((bytes([0x82, 0x80 | len(body)]) + bytes(4) + body) * times)
    return code_of_the_end(tab)


def kinds(tab: Tab, page: str = "operations") -> set[str]:
    """The kinds of message that come until a page is drawn."""
    tab.rerun(page)
    return {str(message.WhichOneof("type")) for _, message in tab.until_drawn()}


def test_a_stranger_sends_a_few_messages_and_is_closed_at_one_too_many(server: Server) -> None:
    with stranger(server, "203.0.113.1") as tab:
        for _ in range(FRAMES - 1):
            tab.send(app_heartbeat=True)
        assert SIGN_IN.encode() in tab.draw("operations")
        assert 1008 == flood(tab, 1_000)


def test_a_stranger_sends_no_long_message(server: Server) -> None:
    with stranger(server, "203.0.113.2") as tab:
        head = bytes([0x82, 0x80 | 127]) + (2 * STRANGER_BYTES).to_bytes(8)
        tab.socket.socket.sendall(head + bytes(4) + bytes(STRANGER_BYTES))  # half of it

        assert 1008 == code_of_the_end(tab)


def test_a_message_that_is_too_long_closes_anybodys_tab_before_it_is_taken_in(
    server: Server,
) -> None:
    with admin(server) as tab:
        head = bytes([0x82, 0x80 | 127]) + TOO_LONG.to_bytes(8)
        tab.socket.socket.sendall(head)

        assert 1009 == code_of_the_end(tab)


def test_who_is_signed_in_may_send_much_more(server: Server) -> None:
    with admin(server) as tab:
        for _ in range(20 * FRAMES):
            tab.send(app_heartbeat=True)

        assert b"What ran" in tab.draw("operations")


def test_behind_the_address_of_a_stranger_who_floods_everybody_else_works_on(
    server: Server,
) -> None:
    school = "203.0.113.3"
    with admin(server, school) as tab:
        for _ in range(10):
            with stranger(server, school) as other:
                assert 1008 == flood(other, 1_000)

        assert b"What ran" in tab.draw("operations")
    assert 200 == got(server, "/api/healthz")


def got(server: Server, path: str) -> int:
    line = http.client.HTTPConnection("localhost", server.port, timeout=30)
    with closing(line):
        line.request("GET", path)
        return line.getresponse().status


def test_nobody_makes_the_server_run_on_save(server: Server) -> None:
    """One message for developers that Streamlit answers; which others: ``test_visitors.py``."""
    with admin(server) as tab:
        tab.send(set_run_on_save=True)
        tab.rerun("operations")
        told = [m.session_status_changed for _, m in tab.until_drawn()]

    assert [] == [each for each in told if each.run_on_save]


def ask_where_to_upload(tab: Tab) -> None:
    asked = BackMsg()
    asked.file_urls_request.request_id = "1"
    asked.file_urls_request.file_names.append("list.csv")
    tab.socket.send(asked.SerializeToString())


def test_files_are_for_people_who_are_signed_in(server: Server) -> None:
    with admin(server) as tab, stranger(server, "203.0.113.4") as other:
        ask_where_to_upload(other)
        ask_where_to_upload(tab)
        while (message := tab.next()[1]).WhichOneof("type") != "file_urls_response":
            pass

        assert message.file_urls_response.file_urls[0].upload_url
        assert "file_urls_response" not in kinds(other), "which was asked before"


def session(tab: Tab) -> str:
    tab.rerun("operations")
    return next(
        message.new_session.initialize.session_id
        for _, message in tab.until_drawn()
        if message.WhichOneof("type") == "new_session"
    )


def upload(
    server: Server,
    session: str,
    token: str,
    *,
    cookie: str = "",
    size: int = 100,
    file: str = "",
    method: str = "PUT",
) -> int:
    """The status that an upload of so many bytes ends with."""
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
    line = http.client.HTTPConnection("localhost", server.port, timeout=60)
    headers = {
        "Origin": server.origin,
        "Content-Type": "multipart/form-data; boundary=x",
        "Cookie": f"{XSRF}={token}; {USER}={cookie}",
        "X-Xsrftoken": token,
    }
    path = f"/_stcore/upload_file/{session}/{file or uuid4()}"
    body = b"" if method == "DELETE" else head + bytes(size) + b"\r\n--x--\r\n"
    with closing(line):
        line.request(method, path, body, headers)
        return line.getresponse().status


def test_nobody_leaves_a_file_without_signing_in(server: Server) -> None:
    with stranger(server, "203.0.113.5") as tab:
        mine = session(tab)
        forged = server.cookie(claims(ADMIN), secret="x" * 64)

        assert 403 == upload(server, mine, tab.token)
        assert 403 == upload(server, mine, tab.token, cookie=forged)
        assert 403 == upload(server, mine, tab.token, method="DELETE")


def test_one_tab_holds_so_many_files_and_no_more(server: Server) -> None:
    cookie = server.cookie(claims(ADMIN))
    with admin(server) as tab, admin(server) as other:
        mine, theirs = session(tab), session(other)
        for n in range(SESSION_BYTES // UPLOAD):
            status = upload(server, mine, tab.token, cookie=cookie, size=UPLOAD, file=f"file-{n}")
            assert 204 == status

        def one_more(session: str) -> int:
            return upload(server, session, tab.token, cookie=cookie, size=UPLOAD // 2)

        assert 413 == one_more(mine)
        assert 204 == one_more(theirs)
        upload(server, mine, tab.token, cookie=cookie, file="file-0", method="DELETE")
        assert 204 == one_more(mine)


@pytest.mark.parametrize("said", [{}, {"Content-Length": "1"}])
def test_an_upload_that_does_not_say_its_length_is_refused(
    server: Server, said: dict[str, str]
) -> None:
    """A length beside chunks is none: the chunks are read, however many there are."""
    cookie = server.cookie(claims(ADMIN))
    with admin(server) as tab:
        mine = session(tab)
        line = http.client.HTTPConnection("localhost", server.port, timeout=30)
        headers = {
            "Origin": server.origin,
            "Cookie": f"{XSRF}={tab.token}; {USER}={cookie}",
            "Transfer-Encoding": "chunked",
            **said,
        }
        with closing(line):
            path = f"/_stcore/upload_file/{mine}/1"
            line.request("PUT", path, iter([b"x" * 99]), headers, encode_chunked=True)

            assert 411 == line.getresponse().status
