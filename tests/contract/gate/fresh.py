"""Servers that nobody has visited: the app's own ``asgi.py`` over fakes, a process for each.

``python -m tests.contract.gate.fresh NUMBER SECRETS.toml [STORE]`` prints their ports as a JSON
list, and ends them with itself. What they import is imported once; each child has the rest to
itself, but for the operational store where one is named: its URL.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from api.v1 import PATH
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.roles import Grant, Role
from tests.contract.gate.visitor import STEER
from tests.pages.stage import ACTOR, ADMIN, NOON, Stage, come_in, fill, signed_in, stage

MANAGER, STAFF = "manager@example.test", "staff@example.test"
#: An admin by an admin's word, who may lose the role.
LEAVER = "leaver@example.test"


def main(number: int, secrets: str, store: str = "") -> None:
    config.set_option("secrets.files", [secrets])
    shared = SqlJournal(store, admins=[ADMIN]) if store else None
    made = stage(journal=shared)
    fill(made, contacts=60, exams=6)
    for email, role in ((MANAGER, Role.MANAGER), (STAFF, Role.STAFF), (LEAVER, Role.ADMIN)):
        made.journal.grant(Grant(email=email, role=role, by=ADMIN, at=made.clock()))
    for email in (ADMIN, MANAGER, STAFF, LEAVER, "eve@example.test"):
        come_in(made.journal, signed_in(email=email))
    wiring._core = made.core  # so that asgi.py starts no runtime of its own
    import asgi

    import_module(
        "pages.shared.operations"
    )  # as asgi.py does when it warms up: once, for all children
    children, ports = [], []
    for _ in range(number):
        with _listening() as listening:  # its child's alone: when that is gone, nobody listens
            if shared is not None:
                shared.close()  # a child opens connections of its own
            children.append(_forked(Steered(asgi.app, made), listening))
            ports.append(listening.getsockname()[1])

    def end(_number: int, _frame: FrameType | None) -> None:
        for child in children:
            os.kill(child, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    sys.stdout.write(f"{json.dumps(ports)}\n")
    sys.stdout.flush()
    signal.pause()


class Steered:
    """The server, and beside it what happens elsewhere: people lose roles, time passes."""

    def __init__(self, app: ASGIApp, made: Stage) -> None:
        self.app = app
        self.made = made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(STEER):
            await self.app(scope, receive, send)
            return
        told = dict(parse_qsl(scope["query_string"].decode()))
        answer = Response(status_code=204)
        match scope["path"].removeprefix(STEER):
            case "withdraw":
                self.made.core.access.withdraw(told["email"], ACTOR)
            case "grant":
                self.made.core.access.grant(told["email"], Role(told["role"]), ACTOR)
            case "pass":
                self.made.clock.pass_(seconds=float(told["seconds"]))
            case "pid":
                answer = JSONResponse(os.getpid())
            case "routes":
                answer = JSONResponse(sorted(set(_routes())))
            case "noon":
                self.made.clock.at = NOON
            case "come_in":
                come_in(self.made.journal, signed_in(email=told["email"], sign_in=told["sign_in"]))
        await answer(scope, receive, send)


def _routes() -> Iterator[str]:
    """Method and path of each that this process answers."""
    import asgi

    server: Any = asgi.app._starlette_app
    v1: Any = asgi.students_api
    for route in server.routes:
        yield from _named(route, "")
    for route in v1.routes:  # FastAPI keeps the routes of a router in one of its own
        within = getattr(route, "effective_route_contexts", lambda one=route: [one])
        for each in within():
            yield from _named(each, PATH)


def _named(route: Any, start: str) -> Iterator[str]:
    for method in getattr(route, "methods", None) or {"ANY"}:
        yield f"{method} {start}{route.path}"


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
    main(int(sys.argv[1]), *sys.argv[2:])
