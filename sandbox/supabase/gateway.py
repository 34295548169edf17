"""The front door of the local Supabase: ``/rest/v1`` to PostgREST, and faults while it runs.

``python gateway.py FILE``, a JSON object of port, upstream_port and keys: each API key that it
accepts, with the JWT of the role that it stands for. Does what the hosted gateway does for REST:
asks for a known key, in the header ``apikey`` or in the address; lets it stand for a missing
``Authorization``; answers a browser's question before a call to another origin; strips the prefix.
Each client's connection has one of its own to PostgREST. Answers pass as they are, but for errors
that newer versions of PostgREST word otherwise than the one that runs here.

PUT /_sandbox/faults {"mode": "up" | "slow" | "dead", "latency_ms": 0, "how": "drop" | "503"}
PUT /_sandbox/options {"postgrest": 14 | 12}
GET /_sandbox/faults, /_sandbox/options, /_sandbox/stats
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

HOST = "127.0.0.1"
PREFIX = b"/rest/v1"
CONTROL = b"/_sandbox/"
CHUNK = 65_536
#: The versions of PostgREST whose errors are told apart; 12 is what runs.
VERSIONS = (12, 14)
BROWSER = re.compile(rb"Mozilla/|AppleWebKit|Chrome/|Firefox/|Safari/")
#: What the gateways of hosted projects add to every answer of theirs.
CORS = ("Access-Control-Allow-Origin: *",)
NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
BAD_KEY = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}
SECRET_IN_BROWSER = {
    "message": "Forbidden use of secret API key in browser",
    "hint": "Secret API keys can only be used in a protected environment and should never be "
    "used in a browser. Delete this secret API key immediately.",
}

#: Status and body; a body of None is empty.
Reply = tuple[int, Mapping[str, object] | None]


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
        return cls(method, target, lines, headers_of(lines))

    @property
    def length(self) -> int:
        return int(self.headers.get(b"content-length", 0))

    @property
    def chunked(self) -> bool:
        return is_chunked(self.headers)

    @property
    def path(self) -> bytes:
        return self.target.split(b"?", 1)[0]

    @property
    def key(self) -> bytes | None:
        """The API key: of the header, else of the address."""
        return self.headers.get(b"apikey") or self._in_address()

    def _in_address(self) -> bytes | None:
        for part in self.target.partition(b"?")[2].split(b"&"):
            name, _, value = part.partition(b"=")
            if name == b"apikey":
                return unquote(value.decode("latin-1")).encode()
        return None

    @property
    def target_without_key(self) -> bytes:
        """To PostgREST, `apikey` in the address would be a column to filter by."""
        path, _, query = self.target.partition(b"?")
        kept = [part for part in query.split(b"&") if part and not part.startswith(b"apikey=")]
        return path + (b"?" + b"&".join(kept) if kept else b"")


def headers_of(lines: list[bytes]) -> dict[bytes, bytes]:
    """Raises ValueError for a line that is no header."""
    pairs = (line.split(b":", 1) for line in lines)
    return {k.lower(): v.strip() for k, v in pairs}


def is_chunked(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body comes in chunks that say their length."""
    return headers.get(b"transfer-encoding", b"").lower() == b"chunked"


Asked = deque[Request]


@dataclass(slots=True)
class Upstream:
    """One connection to PostgREST, whose answers flow to one client."""

    writer: StreamWriter
    pump: asyncio.Task[None]
    asked: Asked

    @classmethod
    async def open(cls, gateway: Gateway, client: StreamWriter) -> Upstream:
        reader, writer = await asyncio.open_connection(HOST, gateway.upstream_port, limit=CHUNK)
        asked: Asked = deque()
        return cls(writer, asyncio.create_task(_pass_on(gateway, reader, client, asked)), asked)

    def close(self) -> None:
        self.pump.cancel()
        self.writer.close()


async def _pass_on(
    gateway: Gateway, reader: StreamReader, client: StreamWriter, asked: Asked
) -> None:
    """Until PostgREST ends the connection; then so do we."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await _pass_answer(gateway, head, reader, client, asked)
            await client.drain()
    client.close()


async def _pass_answer(
    gateway: Gateway, head: bytes, reader: StreamReader, client: StreamWriter, asked: Asked
) -> None:
    first, *lines = head[:-4].split(b"\r\n")
    status, headers = int(first.split(b" ", 2)[1]), headers_of(lines)
    if status < 200:  # it goes on: 100 Continue
        client.write(head)
        return
    request = asked.popleft()
    if request.method == b"HEAD" and not LENGTHS & headers.keys():
        # PostgREST ends the connection after such a head, and does not say so
        client.write(head[:-2] + b"Connection: close\r\n\r\n")
    elif request.method == b"HEAD" or status in {204, 304}:
        client.write(head)
    elif status < 400 or gateway.postgrest == 12:
        client.write(head)
        await _copy_body(headers, reader, client)
    else:
        body = await _whole_body(headers, reader)
        newer = reworded(body, request, status)
        kept = [x for x in lines if x.split(b":")[0].lower() not in LENGTHS]
        kept.append(b"Content-Length: %d" % len(newer))
        client.write(b"\r\n".join((first, *kept)) + b"\r\n\r\n" + newer)


LENGTHS = {b"content-length", b"transfer-encoding"}


async def _copy_body(
    headers: Mapping[bytes, bytes], reader: StreamReader, out: StreamWriter
) -> None:
    if is_chunked(headers):
        async for _, raw in _chunks(reader):
            out.write(raw)
            await out.drain()
        return
    left = int(headers.get(b"content-length", 0))
    while left:
        data = await reader.read(min(left, CHUNK))
        if not data:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(data)
        out.write(data)
        await out.drain()


async def _whole_body(headers: Mapping[bytes, bytes], reader: StreamReader) -> bytes:
    if is_chunked(headers):
        return b"".join([data async for data, _ in _chunks(reader)])
    return await reader.readexactly(int(headers.get(b"content-length", 0)))


async def _chunks(reader: StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """What is in each chunk, and the chunk as it came; the last one brings the trailers."""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size < 0:
            raise ValueError("a chunk has no length")
        if not size:
            while (trailer := await reader.readuntil(b"\r\n")) != b"\r\n":
                line += trailer
            yield b"", line + b"\r\n"
            return
        data = await reader.readexactly(size)
        end = await reader.readexactly(2)
        yield data, line + data + end


def reworded(raw: bytes, request: Request, status: int) -> bytes:
    """An error of PostgREST 12 as PostgREST 14 tells it; any other body as it is."""
    try:
        error = json.loads(raw)
        newer = _newer(error, request, status) if isinstance(error, dict) else None
    except ValueError:
        return raw
    return raw if newer is None else json.dumps({**error, **newer}).encode()


def _newer(error: Mapping[str, Any], request: Request, status: int) -> dict[str, Any] | None:
    message = str(error.get("message", ""))
    table = unquote(request.path[len(PREFIX) + 1 :].decode("latin-1"))
    match error.get("code"):
        case "42P01" if message.endswith(f'.{table}" does not exist'):
            text = f"Could not find the table 'public.{table}' in the schema cache"
            return {"code": "PGRST205", "message": text, "hint": None, "details": None}
        case "PGRST301" if "JWTExpired" in message or message == "JWT expired":
            return {"code": "PGRST303", "message": "JWT expired"}
        case "PGRST301" if "JWSInvalidSignature" in message:
            details = "None of the keys was able to decode the JWT"
            return {"message": "No suitable key or wrong key type", "details": details}
        case "PGRST301" if found := re.search(r"Expected 3 parts; got (\d+)", message):
            return {"message": f"Expected 3 parts in JWT; got {found[1]}"}
        case "PGRST116":
            return {"message": "Cannot coerce the result to a single JSON object"}
        case "PGRST106" if found := re.search(r"one of the following: (.*)", message):
            name = (
                b"content-profile" if b"content-profile" in request.headers else b"accept-profile"
            )
            asked = request.headers.get(name, b"").decode("latin-1")
            hint = f"Only the following schemas are exposed: {found[1]}"
            return {"message": f"Invalid schema: {asked}", "hint": hint}
        case None if status == 404 and not message and "/" in table.removeprefix("rpc/"):
            text = "Invalid path specified in request URL"
            return {"code": "PGRST125", "message": text, "hint": None, "details": None}
    return None


@dataclass(slots=True)
class Gateway:
    upstream_port: int
    keys: Mapping[bytes, bytes]
    postgrest: int = 14
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
                    answer(client, *reply(await _whole_body(request.headers, reader)), request)
                else:
                    if self.fault.mode == "slow":
                        await asyncio.sleep(self.fault.latency_ms / 1000)
                    upstream = upstream or await Upstream.open(self, client)
                    await self._forward(request, reader, upstream)
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
        if request.method == b"OPTIONS" and b"access-control-request-method" in request.headers:
            return 200, None
        key = request.key
        if key is None:
            return 401, NO_KEY
        if key not in self.keys:
            return 401, BAD_KEY
        agent = request.headers.get(b"user-agent", b"")
        if key.startswith(b"sb_secret_") and BROWSER.search(agent):
            return 401, SECRET_IN_BROWSER
        return None

    async def _forward(self, request: Request, reader: StreamReader, upstream: Upstream) -> None:
        self.requests[f"{request.method.decode()} {request.path.decode()}"] += 1
        target = request.target_without_key[len(PREFIX) :] or b"/"
        key = request.key or b""
        lines = [b"%s %s HTTP/1.1" % (request.method, target), *request.lines]
        # a key in place of a token is the role that it stands for; keys of the new kind are no JWT
        if request.headers.get(b"authorization", b"Bearer " + key) == b"Bearer " + key:
            lines = [x for x in lines if x.split(b":")[0].lower() != b"authorization"]
            lines.append(b"Authorization: Bearer " + self.keys[key])
        upstream.asked.append(request)
        upstream.writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        await _copy_body(request.headers, reader, upstream.writer)

    def _control(self, request: Request, body: bytes) -> Reply:
        match (request.method, request.path.removeprefix(CONTROL)):
            case (b"GET", b"stats"):
                return 200, {"requests": dict(self.requests)}
            case (b"GET", b"faults"):
                return 200, asdict(self.fault)
            case (b"GET", b"options"):
                return 200, {"postgrest": self.postgrest}
            case (b"PUT", b"options"):
                return self._choose(body)
            case (b"PUT", b"faults"):
                try:
                    self.fault = Fault.read(body)
                except ValueError as error:
                    return 400, {"message": str(error)}
                return 200, asdict(self.fault)
            case _:
                text = "GET or PUT /_sandbox/faults and /_sandbox/options, GET /_sandbox/stats"
                return 404, {"message": text}

    def _choose(self, body: bytes) -> Reply:
        try:
            wanted = json.loads(body)
        except ValueError:
            wanted = None
        if wanted not in [{"postgrest": version} for version in VERSIONS]:
            return 400, {"message": f'options are {{"postgrest": one of {list(VERSIONS)}}}'}
        self.postgrest = wanted["postgrest"]
        return 200, wanted


def answer(
    client: StreamWriter,
    status: int,
    body: Mapping[str, object] | None,
    request: Request | None = None,
) -> None:
    """An answer of the gateway's own; a body of None answers a question before a call."""
    raw = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *CORS]
    if body is None and request is not None:
        asked = request.headers.get(b"access-control-request-headers", b"").decode("latin-1")
        lines.append(f"Access-Control-Allow-Headers: {asked}")
        lines.append("Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS")
        lines.append("Access-Control-Max-Age: 3600")
    else:
        lines.append("Content-Type: application/json")
    lines.append(f"Content-Length: {len(raw)}")
    client.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)


async def run(gateway: Gateway, port: int) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(gateway.serve, HOST, port, limit=CHUNK, backlog=512)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    keys = {key.encode(): jwt.encode() for key, jwt in given["keys"].items()}
    asyncio.run(run(Gateway(given["upstream_port"], keys), given["port"]))
