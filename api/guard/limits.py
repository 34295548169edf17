"""How much a request to ``/api`` may send, how long it may take, how many there may be at once.

Nothing behind this need guard itself: a body is held only within its limit, and one that is too
long or too slow is answered here, whatever the handler makes of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers import Problem
from api.guard.addresses import API, is_api
from api.guard.counting import in_hand
from api.guard.tally import Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one area of ``/api`` takes."""

    #: Its name in the metrics.
    area: str
    body_bytes: int
    #: Requests in hand; one more is told to come again. Areas do not take each other's.
    at_once: int
    body_s: float = 10.0
    #: Until the answer begins. What a handler has begun by then it may still finish.
    answer_s: float = 90.0


#: A path's beginning -> its limit; the first that fits. A hundred events of HubSpot hold a long
#: text each; a booking is a few hundred bytes.
LIMITS = {
    f"{API}/webhooks/": Limit(area="webhooks", body_bytes=4_000_000, at_once=32),
    f"{API}/v1/": Limit(area="v1", body_bytes=64_000, at_once=64),
    f"{API}/": Limit(area="watching", body_bytes=0, at_once=16),
}
#: All of a request's header lines. Cookies of the pages are not among them.
HEADERS_BYTES = 16_000
LATE = "no answer in time; it may still be done: ask what became of it before asking again"


class Refused(Exception):
    """The body is too long or did not come: what the handler answers is not sent."""


@dataclass(slots=True)
class Exchange:
    """One request on its way through: what was sent of its answer, and what replaces it."""

    limit: Limit
    receive: Receive
    send: Send
    status: int | None = None
    refusal: Response | None = None
    _body: bytes | None = None
    #: Runs until the answer begins.
    _clock: asyncio.Timeout = field(init=False)

    def __post_init__(self) -> None:
        """Within the loop that carries it."""
        self._clock = asyncio.timeout(self.limit.answer_s)

    async def give(self) -> Message:
        """The body in one piece, then whatever follows (that the client has gone)."""
        if self._body is not None:
            return await self.receive()
        self._body = await self._read()
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def take(self, message: Message) -> None:
        """Pass the handler's answer on, unless another one is to be sent in its place."""
        if self.refusal is not None:
            return
        if message["type"] == "http.response.start":
            try:
                self._clock.reschedule(None)
            except RuntimeError:  # it has just run out
                self.refusal = Problem(504, LATE)
                return
            self.status = message["status"]
        await self.send(message)

    async def _read(self) -> bytes:
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limit.body_s):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise Refused
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self.limit.body_bytes:
                        self.refusal = too_long(self.limit)
                        raise Refused
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            self.refusal = Problem(408, f"the body did not come within {self.limit.body_s:g} s")
            raise Refused from None

    async def carry(self, app: ASGIApp, scope: Scope) -> None:
        """Until the answer is complete; a handler that is late or fails is answered for."""
        try:
            async with self._clock:
                await app(scope, self.give, self.take)
        except Refused:
            pass
        except Exception as error:
            if isinstance(error, TimeoutError) and self._clock.expired():
                self.refusal = Problem(504, LATE)
                return
            log.exception("a request failed: %s", scope["path"])
            self.refusal = self.refusal or Problem(500, "it failed; the log says why")


class Limits:
    """Bytes, time and number, for everything under ``/api``; and how each was answered."""

    def __init__(self, app: ASGIApp, *, tally: Tally) -> None:
        """``app``: what comes after."""
        self.app = app
        self.tally = tally
        self.in_hand: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages and websockets have Streamlit's own limits."""
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self.app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        exchange = Exchange(limit=limit, receive=receive, send=send)
        refusal = refused_at_once(scope, limit) or self._no_room(limit)
        if refusal is None:
            with in_hand(self.in_hand, limit.area):
                await exchange.carry(self.app, scope)
            refusal = exchange.refusal if exchange.status is None else None
        if refusal is not None:
            exchange.status = refusal.status_code
            await refusal(scope, receive, send)
        self.tally.answered(limit.area, exchange.status or 499)

    def _no_room(self, limit: Limit) -> Response | None:
        if self.in_hand[limit.area] < limit.at_once:
            return None
        return Problem(503, f"{limit.at_once} requests are in hand; come again", Retry_After="1")


def limit_of(path: str) -> Limit:
    """By the path's beginning."""
    whole = f"{path.casefold()}/"
    return next(limit for beginning, limit in LIMITS.items() if whole.startswith(beginning))


def refused_at_once(scope: Scope, limit: Limit) -> Response | None:
    """What the head of a request tells, before anything of its body is read."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADERS_BYTES:
        return Problem(431, f"the headers hold more than {HEADERS_BYTES} bytes")
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    if any(not value.isdigit() for value in lengths):
        return Problem(400, "Content-Length is not a number")
    if any(int(value) > limit.body_bytes for value in lengths):
        return too_long(limit)
    return None


def too_long(limit: Limit) -> Response:
    """Says how much is taken."""
    return Problem(413, f"the body holds more than {limit.body_bytes} bytes")
