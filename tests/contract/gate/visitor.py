"""A browser's part of Streamlit's protocol: open a page, take all that the server sends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import (
    create_signed_value,
    generate_xsrf_token_string,
)
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Origin, Subprotocol

STEER = "/_steer/"

USER, XSRF = "_streamlit_user", "_streamlit_xsrf"
COOKIE_SECRET = "planted-cookie-secret-0123456789abcdef"
SLOW_S = 240
#: For every server: making one takes longer than most answers. It keeps neither connections nor
#: cookies.
CLIENT = httpx.Client(
    timeout=SLOW_S,
    limits=httpx.Limits(max_keepalive_connections=0),
    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
)
#: A fragment that asks for its page to be drawn anew ends in the drawing of the page.
DRAWN = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}


@dataclass(frozen=True, slots=True)
class Server:
    port: int

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def cookie(
        self, claims: Mapping[str, Any], *, secret: str = COOKIE_SECRET, name: str = USER
    ) -> str:
        """As the server itself makes it after a sign-in."""
        told = {"origin": self.origin, "is_logged_in": True, "provider": "default", **claims}
        return create_signed_value(secret, name, json.dumps(told)).decode()

    def visit(
        self,
        page: str,
        *,
        cookies: Mapping[str, str] | None = None,
        origin: str | None = "",
        with_token: bool = True,
    ) -> bytes:
        """All that the server sends until the page is drawn. ``origin`` "": its own."""
        with self.tab(cookies, origin=origin, with_token=with_token) as tab:
            return tab.draw(page)

    @contextmanager
    def tab(
        self,
        cookies: Mapping[str, str] | None = None,
        *,
        origin: str | None = "",
        with_token: bool = True,
        headers: Mapping[str, str] | None = None,
        session: str = "",
    ) -> Iterator[Tab]:
        """An open tab. ``origin`` "": the server's own; ``headers``: as a proxy adds them;
        ``session``: the one that the tab had before its websocket broke.
        """
        token = generate_xsrf_token_string()
        jar = {XSRF: token, **(cookies or {})}
        told = ["streamlit", *([token] if with_token else []), *([session] if session else [])]
        protocols = [Subprotocol(each) for each in told]
        with connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            origin=Origin(self.origin if origin == "" else origin) if origin is not None else None,
            subprotocols=protocols,
            additional_headers={
                "Cookie": "; ".join(f"{n}={v}" for n, v in jar.items()),
                **(headers or {}),
            },
            max_size=None,
            open_timeout=SLOW_S,
        ) as socket:
            yield Tab(socket, token)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A plain request, as of a link in a page of ours."""
        jar = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        sent = {"Sec-Fetch-Site": "same-origin", "Cookie": jar, **(headers or {})}
        return CLIENT.request(method, f"{self.origin}{path}", headers=sent)

    def steer(self, act: str, **told: str) -> httpx.Response:
        """What happens elsewhere: see ``fresh.Steered``."""
        return CLIENT.get(f"{self.origin}{STEER}{act}", params=told).raise_for_status()


@dataclass(slots=True)
class Tab:
    """A page that somebody has open: what they can still ask of it."""

    socket: Connection
    #: The token against forged requests, as its uploads send it.
    token: str
    session: str = ""
    page: str = ""
    #: Those that the page has drawn, by what their parts say.
    fragments: set[str] = field(default_factory=set)
    #: By the label of their button.
    downloads: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    #: Where the server has sent the browser.
    sent_to: str = ""

    def send(self, **asked: Any) -> None:
        """One message by its field, such as ``clear_cache=True``."""
        self.socket.send(BackMsg(**asked).SerializeToString())

    def rerun(self, page: str) -> None:
        """Ask for a page, without waiting for it."""
        asked = BackMsg()
        asked.rerun_script.page_name = page
        self.socket.send(asked.SerializeToString())

    def draw(self, page: str) -> bytes:
        """All that the server sends until the page is drawn."""
        self.rerun(page)
        return b"\n".join(frame for frame, _ in self.until_drawn())

    def until_drawn(self) -> Iterator[tuple[bytes, ForwardMsg]]:
        """What comes, up to the end of the next run of the script."""
        while True:
            frame, message = self.next()
            yield frame, message
            if message.HasField("script_finished") and message.script_finished in DRAWN:
                return

    def next(self) -> tuple[bytes, ForwardMsg]:
        """The next message, as it came and read."""
        frame, message = self.socket.recv(timeout=SLOW_S, decode=False), ForwardMsg()
        message.ParseFromString(frame)
        self._look(message)
        return frame, message

    def run(self, fragment: str) -> bytes:
        """As its clock, or something typed in it, asks for."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.page
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.is_auto_rerun = True
        return self._ask(asked)

    def press(self, label: str) -> None:
        """A button of the page, by what it says."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.page
        state = asked.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = self.buttons[label], True
        self._ask(asked)

    def download(self, file: str) -> str:
        """The address at which it can be fetched; "" when the server makes none."""
        asked = BackMsg()
        asked.backend_operation_request.request_id = file
        asked.backend_operation_request.session_id = self.session
        asked.backend_operation_request.deferred_file.file_id = file
        self.socket.send(asked.SerializeToString())
        while True:
            answer = self.next()[1].backend_operation_response
            if answer.request_id == file:
                return str(answer.deferred_file.url)

    def _ask(self, asked: BackMsg) -> bytes:
        self.socket.send(asked.SerializeToString())
        return b"\n".join(frame for frame, _ in self.until_drawn())

    def _look(self, message: ForwardMsg) -> None:
        if message.HasField("new_session"):
            self.session = message.new_session.initialize.session_id
        if message.HasField("navigation"):
            self.page = message.navigation.page_script_hash
        if message.delta.fragment_id:
            self.fragments.add(message.delta.fragment_id)
        if message.HasField("auth_redirect"):
            self.sent_to = message.auth_redirect.url
        pressed = message.delta.new_element.button
        if pressed.id:
            self.buttons[pressed.label] = pressed.id
        button = message.delta.new_element.download_button
        if button.deferred_file_id:
            self.downloads[button.label] = button.deferred_file_id


@contextmanager
def fresh_servers(
    root: Path, number: int, secrets: Path, *, store: str = ""
) -> Iterator[list[Server]]:
    """So many servers of the code in ``root``, each without a visitor so far.

    ``store``: the URL of one that they share; "": each has its own.
    """
    command = [sys.executable, "-m", "tests.contract.gate.fresh", str(number), str(secrets)]
    command += [store] if store else []
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield [Server(port) for port in json.loads(process.stdout.readline())]
        finally:
            process.send_signal(signal.SIGTERM)
