"""The front door of the local Supabase: ``/rest/v1`` to PostgREST, and faults while it runs.

``python gateway.py FILE``, a JSON object of port, upstream_port and keys (the API keys it accepts).
Does what the hosted gateway does for REST: asks for a known ``apikey``, lets it stand for a missing
``Authorization``, strips the prefix. Each client's connection has one of its own to PostgREST. The
answers pass as they are; only the heads of requests are read, which costs well under a millisecond.

PUT /_sandbox/faults {"mode": "up" | "slow" | "dead", "latency_ms": 0, "how": "drop" | "503"}
GET /_sandbox/faults, /_sandbox/stats
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Literal

HOST = "127.0.0.1"
PREFIX = b"/rest/v1"
CONTROL = b"/_sandbox/"
CHUNK = 65_536

#: Status and body.
Reply = tuple[int, Mapping[str, object]]


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
        if not isinstance(body, dict):
            raise ValueError("the body is not an object")  # noqa: TRY004 - one error for callers
        mode, how = body.get("mode", "up"), str(body.get("how", "drop"))
        if mode not in ("up", "slow", "dead") or how not in ("drop", "503"):
            raise ValueError('mode is "up", "slow" or "dead"; how is "drop" or "503"')
        return cls(mode, float(body.get("latency_ms") or 0), "503" if how == "503" else "drop")


@dataclass(slots=True)
class Request:
    """The head of a request: lines as they came, and what we need of them."""

    method: bytes
    target: bytes
    lines: list[bytes]
    headers: dict[bytes, bytes]

    @classmethod
    def parse(cls, head: bytes) -> Request:
        """Raises ValueError for what is no HTTP request, or one without a length."""
        first, *lines = head[:-4].split(b"\r\n")
        method, target, _version = first.split(b" ")
        pairs = (line.split(b":", 1) for line in lines)
        headers = {k.lower(): v.strip() for k, v in pairs}
        if b"transfer-encoding" in headers:
            raise ValueError("send a Content-Length")
        return cls(method, target, lines, headers)

    @property
    def length(self) -> int:
        return int(self.headers.get(b"content-length", 0))

    @property
    def path(self) -> bytes:
        return self.target.split(b"?", 1)[0]


@dataclass(slots=True)
class Upstream:
    """One connection to PostgREST, whose answers flow to one client."""

    writer: StreamWriter
    pump: asyncio.Task[None]

    @classmethod
    async def open(cls, port: int, client: StreamWriter) -> Upstream:
        reader, writer = await asyncio.open_connection(HOST, port, limit=CHUNK)
        return cls(writer, asyncio.create_task(_pass_on(reader, client)))

    def close(self) -> None:
        self.pump.cancel()
        self.writer.close()


async def _pass_on(reader: StreamReader, client: StreamWriter) -> None:
    """Until PostgREST ends the connection; then so do we."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            client.write(data)
            await client.drain()
    client.close()


@dataclass(slots=True)
class Gateway:
    upstream_port: int
    keys: frozenset[bytes]
    fault: Fault = field(default_factory=Fault)
    requests: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: StreamReader, client: StreamWriter) -> None:
        """One client's connection, request after request."""
        upstream: Upstream | None = None
        try:
            while not client.is_closing():
                request = Request.parse(await reader.readuntil(b"\r\n\r\n"))
                if self._hangs_up(request):
                    client.transport.abort()
                elif reply := self._reply(request):
                    answer(client, *reply(await reader.readexactly(request.length)))
                else:
                    if self.fault.mode == "slow":
                        await asyncio.sleep(self.fault.latency_ms / 1000)
                    upstream = upstream or await Upstream.open(self.upstream_port, client)
                    await self._forward(request, reader, upstream.writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            if upstream is None and not client.is_closing():
                answer(client, 502, {"message": "PostgREST cannot be reached"})
        except (ValueError, asyncio.LimitOverrunError) as error:
            answer(client, 400, {"message": f"not a request that is understood here: {error}"})
        finally:
            if upstream is not None:
                upstream.close()
            client.close()

    def _hangs_up(self, request: Request) -> bool:
        """Whether it plays dead to this request."""
        control = request.path.startswith(CONTROL)
        dead = not control and (self.fault.mode, self.fault.how) == ("dead", "drop")
        self.requests["dropped"] += dead
        return dead

    def _reply(self, request: Request) -> Callable[[bytes], Reply] | None:
        """What answers the request's body without asking PostgREST, if something does."""
        if request.path.startswith(CONTROL):
            return partial(self._control, request)
        refusal = self._refusal(request)
        return (lambda _: refusal) if refusal else None

    def _refusal(self, request: Request) -> Reply | None:
        if self.fault.mode == "dead":
            self.requests["refused"] += 1
            return 503, {"message": "name resolution failed"}
        if not request.target.startswith(PREFIX):
            return 404, {"message": "no Route matched with those values"}
        key = request.headers.get(b"apikey")
        if key is None:
            return 401, {"message": "No API key found in request"}
        return None if key in self.keys else (401, {"message": "Invalid API key"})

    async def _forward(self, request: Request, reader: StreamReader, out: StreamWriter) -> None:
        self.requests[f"{request.method.decode()} {request.path.decode()}"] += 1
        target = request.target[len(PREFIX) :] or b"/"
        lines = [b"%s %s HTTP/1.1" % (request.method, target), *request.lines]
        if b"authorization" not in request.headers:
            lines.append(b"Authorization: Bearer " + request.headers[b"apikey"])
        out.write(b"\r\n".join(lines) + b"\r\n\r\n")
        left = request.length
        while left:
            data = await reader.read(min(left, CHUNK))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            out.write(data)
            await out.drain()

    def _control(self, request: Request, body: bytes) -> Reply:
        match (request.method, request.path.removeprefix(CONTROL)):
            case (b"GET", b"stats"):
                return 200, {"requests": dict(self.requests)}
            case (b"GET", b"faults"):
                return 200, asdict(self.fault)
            case (b"PUT", b"faults"):
                try:
                    self.fault = Fault.read(body)
                except ValueError as error:
                    return 400, {"message": str(error)}
                return 200, asdict(self.fault)
            case _:
                return 404, {"message": "GET or PUT /_sandbox/faults, GET /_sandbox/stats"}


def answer(client: StreamWriter, status: int, body: Mapping[str, object]) -> None:
    raw = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    client.write(head.encode() + raw)


async def run(gateway: Gateway, port: int) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(gateway.serve, HOST, port, limit=CHUNK, backlog=512)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    keys = frozenset(key.encode() for key in given["keys"])
    asyncio.run(run(Gateway(given["upstream_port"], keys), given["port"]))
