"""Servers that nobody has visited: the app's own ``asgi.py`` over fakes, a process for each.

``python -m tests.contract.gate.fresh NUMBER SECRETS.toml`` prints their ports as a JSON list, and
ends them with itself. What they import is imported once; each child has the rest to itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from importlib import import_module
from types import FrameType

import uvicorn
from streamlit import config

from core.app import wiring
from core.credits.roles import Grant, Role
from tests.pages.stage import ADMIN, fill, stage

MANAGER, STAFF = "manager@example.test", "staff@example.test"


def main(number: int, secrets: str) -> None:
    config.set_option("secrets.files", [secrets])
    made = stage()
    fill(made, contacts=60, exams=6)
    for email, role in ((MANAGER, Role.MANAGER), (STAFF, Role.STAFF)):
        made.journal.grant(Grant(email=email, role=role, by=ADMIN, at=made.clock()))
    wiring._core = made.core  # so that asgi.py starts no runtime of its own
    import asgi

    import_module(
        "pages.shared.operations"
    )  # as asgi.py does when it warms up: once, for all children
    sockets = [_listening() for _ in range(number)]
    children = [_forked(asgi.app, each) for each in sockets]

    def end(_number: int, _frame: FrameType | None) -> None:
        for child in children:
            os.kill(child, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    ports = [each.getsockname()[1] for each in sockets]
    sys.stdout.write(f"{json.dumps(ports)}\n")
    sys.stdout.flush()
    signal.pause()


def _listening() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()  # whoever comes before the server is there waits
    return made


def _forked(app: object, listening: socket.socket) -> int:
    child = os.fork()
    if child:
        return child
    config.set_option("server.port", listening.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))  # type: ignore[arg-type]
    server.run(sockets=[listening])
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
