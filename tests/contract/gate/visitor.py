"""A browser's part of Streamlit's protocol: open a page, take all that the server sends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import (
    create_signed_value,
    generate_xsrf_token_string,
)
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

USER, XSRF = "_streamlit_user", "_streamlit_xsrf"
COOKIE_SECRET = "planted-cookie-secret-0123456789abcdef"
SLOW_S = 240


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
        token = generate_xsrf_token_string()
        jar = {XSRF: token, **(cookies or {})}
        protocols = [Subprotocol("streamlit"), *([Subprotocol(token)] if with_token else [])]
        with connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            origin=Origin(self.origin if origin == "" else origin) if origin is not None else None,
            subprotocols=protocols,
            additional_headers={"Cookie": "; ".join(f"{n}={v}" for n, v in jar.items())},
            max_size=None,
            open_timeout=SLOW_S,
        ) as socket:
            asked = BackMsg()
            asked.rerun_script.page_name = page
            socket.send(asked.SerializeToString())
            return _drawn(lambda: socket.recv(timeout=SLOW_S))


def _drawn(receive: Any) -> bytes:
    got = []
    while True:
        frame = receive()
        got.append(frame)
        message = ForwardMsg()
        message.ParseFromString(frame)
        if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and message.HasField(
            "script_finished"
        ):
            return b"\n".join(got)


@contextmanager
def fresh_servers(root: Path, number: int, secrets: Path) -> Iterator[list[Server]]:
    """So many servers of the code in ``root``, each without a visitor so far."""
    command = [sys.executable, "-m", "tests.contract.gate.fresh", str(number), str(secrets)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield [Server(port) for port in json.loads(process.stdout.readline())]
        finally:
            process.send_signal(signal.SIGTERM)
