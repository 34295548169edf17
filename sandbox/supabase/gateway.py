"""The front door of the local Supabase: ``/rest/v1`` to PostgREST, and faults while it runs.

``python gateway.py FILE``, a JSON object of port, upstream_port and keys (the API
keys it accepts). Does what the hosted gateway does for REST: asks for a known ``apikey``,
lets it stand for a missing ``Authorization``, strips the prefix, streams both ways.

PUT /_sandbox/faults {"mode": "up" | "slow" | "dead", "latency_ms": 0, "how": "drop" | "503"}
GET /_sandbox/faults, /_sandbox/stats
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import httpcore
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"
PREFIX = b"/rest/v1"
CONTROL = "/_sandbox/"
HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"host"}
CONNECTIONS_MAX = 64

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Fault:
    """What is wrong with the gateway just now."""

    mode: Literal["up", "slow", "dead"] = "up"
    latency_ms: float = 0
    #: Dead: close the connection without a word, or answer 503.
    how: Literal["drop", "503"] = "drop"

    @classmethod
    def read(cls, raw: bytes) -> Fault:
        """Raises ValueError that says what is wrong with the body."""
        body = json.loads(raw or b"{}")
        fault = cls(
            mode=body.get("mode", "up"),
            latency_ms=float(body.get("latency_ms") or 0),
            how=str(body.get("how", "drop")),  # type: ignore[arg-type]
        )
        if fault.mode not in ("up", "slow", "dead") or fault.how not in ("drop", "503"):
            raise ValueError('mode is "up", "slow" or "dead"; how is "drop" or "503"')
        return fault


@dataclass(slots=True)
class Gateway:
    """One ASGI application."""

    upstream_port: int
    keys: frozenset[bytes]
    fault: Fault = field(default_factory=Fault)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight_max: int = 0
    _in_flight: int = 0
    _pool: httpcore.AsyncConnectionPool = field(
        default_factory=lambda: httpcore.AsyncConnectionPool(
            max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX
        )
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
            return
        self._in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self._in_flight)
        try:
            await self._serve(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.fault.mode == "dead":
            self.requests["refused"] += 1
            await answer(send, 503, {"message": "name resolution failed"})
            return
        if self.fault.mode == "slow":
            await asyncio.sleep(self.fault.latency_ms / 1000)
        raw_path = cast("bytes", scope["raw_path"])
        if not raw_path.startswith(PREFIX):
            await answer(send, 404, {"message": "no Route matched with those values"})
            return
        headers = authorised(scope["headers"], self.keys)
        if isinstance(headers, str):
            await answer(send, 401, {"message": headers})
            return
        self.requests[scope["method"] + " " + scope["path"]] += 1
        target = raw_path[len(PREFIX) :] or b"/"
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        await self._forward(scope["method"], target, headers, receive, send)

    async def _forward(
        self, method: str, target: bytes, headers: Headers, receive: Receive, send: Send
    ) -> None:
        url = httpcore.URL(
            scheme=b"http", host=HOST.encode(), port=self.upstream_port, target=target
        )
        headers.append((b"host", f"{HOST}:{self.upstream_port}".encode()))
        started = False
        try:
            async with self._pool.stream(
                method, url, headers=headers, content=body_of(receive)
            ) as response:
                started = True
                await send(
                    {
                        "type": "http.response.start",
                        "status": response.status,
                        "headers": [(k.lower(), v) for k, v in response.headers if end_to_end(k)],
                    }
                )
                async for chunk in response.aiter_stream():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            if started:
                raise
            await answer(send, 502, {"message": f"PostgREST cannot be reached: {error!r}"})

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == CONTROL + "stats":
            stats = {"requests": dict(self.requests), "in_flight_max": self.in_flight_max}
            await answer(send, 200, stats)
            return
        if scope["path"] != CONTROL + "faults":
            await answer(send, 404, {"message": "PUT /_sandbox/faults or GET /_sandbox/stats"})
            return
        if scope["method"] == "PUT":
            try:
                self.fault = Fault.read(b"".join([part async for part in body_of(receive)]))
            except ValueError as error:
                await answer(send, 400, {"message": str(error)})
                return
        await answer(send, 200, asdict(self.fault))


def authorised(headers: Headers, keys: frozenset[bytes]) -> Headers | str:
    """The headers to pass on, or why the hosted gateway would refuse."""
    given = dict(headers)
    key = given.get(b"apikey")
    if key is None:
        return "No API key found in request"
    if key not in keys:
        return "Invalid API key"
    passed = [(name, value) for name, value in headers if name not in HOP_BY_HOP]
    if b"authorization" not in given:
        passed.append((b"authorization", b"Bearer " + key))
    return passed


def end_to_end(name: bytes) -> bool:
    return name.lower() not in HOP_BY_HOP


async def body_of(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


async def answer(send: Send, status: int, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(raw))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


def protocol_for(gateway: Gateway) -> type[H11Protocol]:
    """Uvicorn's protocol, but one that hangs up on everybody while the gateway plays dead."""

    class Mortal(H11Protocol):
        _controls = False

        def data_received(self, data: bytes) -> None:
            fault = gateway.fault
            self._controls = self._controls or CONTROL.encode() in data[:64]
            if fault.mode == "dead" and fault.how == "drop" and not self._controls:
                gateway.requests["dropped"] += 1
                self.transport.abort()
                return
            super().data_received(data)

    return Mortal


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    gateway = Gateway(given["upstream_port"], frozenset(key.encode() for key in given["keys"]))
    config = uvicorn.Config(
        gateway,
        host=HOST,
        port=given["port"],
        http=protocol_for(gateway),
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
