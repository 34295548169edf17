"""Requests as a server hands them over, byte for byte: no client tidies them up on the way."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard import Public, Tally, Visitors, guards
from api.guard.budgets import Allowance, Meter
from api.guard.sockets import CONNECTION

#: Nobody is signed in, and no page has said anything.
NOBODY = Visitors(is_signed_in=lambda _: False, unwanted=lambda *_: "", held=Counter)
PUBLIC = "https://desk.example.test"
HOST = "desk.example.test"


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    #: Bytes of the request's body that somebody read.
    read: int = 0

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        assert self.header("content-type") == "application/problem+json"
        told = json.loads(self.body)
        assert told["status"] == self.status
        return str(told["detail"])


class Unmeasured:
    """A connection that takes whatever comes."""

    def allow(self, _: Allowance, __: Sequence[Meter]) -> None: ...


@dataclass
class Server:
    """The guards around one app, in the order of the real server."""

    app: ASGIApp
    public_url: str = PUBLIC
    tally: Tally = field(default_factory=Tally)
    extra_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        inner = self.app

        class Innermost:
            def __init__(self, _: ASGIApp) -> None: ...
            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                await inner(scope, receive, send)

        stack: ASGIApp = Innermost(inner)
        public = Public.of(self.public_url, self.extra_hosts)
        for each in reversed(guards(public, ["'sha256-x'"], self.tally, NOBODY)):
            stack = each.cls(stack, *each.args, **each.kwargs)
        self.stack = stack

    def ask(
        self,
        target: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: Iterable[bytes] = (b"",),
        host: str | None = HOST,
    ) -> Answer:
        return asyncio.run(self.asked(target, method, headers, iter(body), host))

    async def asked(
        self,
        target: str,
        method: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        body: Iterator[bytes],
        host: str | None = HOST,
    ) -> Answer:
        answer = Answer()
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        pairs += [("host", host)] if host is not None else []
        pieces = Pieces(body, answer)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                assert not answer.status, "answered twice"
                answer.status = message["status"]
                answer.headers = [(n.decode(), v.decode()) for n, v in message["headers"]]
            else:
                answer.body += message.get("body", b"")

        await self.stack(scope_of(target, method, pairs), pieces.receive, send)
        return answer

    def shake_hands(
        self, headers: Mapping[str, str], *, host: str = HOST, path: str = "/_stcore/stream"
    ) -> list[str]:
        """What a websocket is told: the types of the messages."""
        told: list[str] = []
        scope = scope_of(path, "GET", [*headers.items(), ("host", host)])

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            told.append(message["type"])

        extensions = {CONNECTION: Unmeasured()}
        websocket = {**scope, "type": "websocket", "extensions": extensions}
        asyncio.run(self._run(websocket, receive, send))
        return told

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stack(scope, receive, send)


@dataclass
class Pieces:
    body: Iterator[bytes]
    answer: Answer
    ended: bool = False

    async def receive(self) -> Message:
        if self.ended:
            return {"type": "http.disconnect"}
        piece = next(self.body, None)
        if piece is None:
            self.ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        self.answer.read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}


def scope_of(target: str, method: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    raw, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode("latin-1"),
        "query_string": query.encode(),
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers],
    }


Handler = Callable[[Any], Coroutine[Any, Any, Any]]


async def echo(request: Any) -> PlainTextResponse:
    """Says how much came."""
    return PlainTextResponse(str(len(await request.body())))


def serving(handler: Handler = echo) -> Server:
    """Everything is answered by this one handler, as Streamlit answers everything."""
    every = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]
    return Server(Starlette(routes=[Route("/{rest:path}", handler, methods=every)]))
