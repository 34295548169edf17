"""Websockets: how many there may be, and what each may send, before sign-in and after.

A rerun of the sign-in page costs the server as much as one of any page, so a stranger gets as many
as a person needs who signs in, an address as many as a school behind it needs, and all strangers
together no more than leaves the server to those who are signed in.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard.budgets import Allowance, Budget, Meter, OfEach, Rate
from api.guard.counting import in_hand
from api.guard.sparing import sparing
from api.guard.visitors import Visitors

log = sparing(__name__)

#: Of one message. For a longer one Streamlit closes the websocket (``server.maxWidgetStateSize``),
#: but only after taking it in.
FRAME_BYTES = 5_000_000
#: A signed-out tab sends two messages: one for its page, one for the button.
STRANGER = Allowance(frames=Rate(burst=8, per_s=0.5), bytes=Rate(burst=64_000, per_s=4_000))
#: A tab of somebody who types, drags and watches an operation sends ten a second for a while. An
#: uploaded list is not among the bytes.
SIGNED_IN = Allowance(
    frames=Rate(burst=300, per_s=30), bytes=Rate(burst=20_000_000, per_s=1_000_000)
)
#: A websocket of a stranger that has sent nothing for so long is closed; a browser opens another.
IDLE_S = 900.0
#: The name of the connection among the scope's extensions (``api.guard.connections``).
CONNECTION = "credit_desk.connection"
TRY_AGAIN_LATER = 1013
#: What no page sends; Streamlit fails at one, with a long traceback in the log.
TEXT = "text"
#: Whoever is refused is told so after a while, because most who are refused come back at once. It
#: costs the server an open connection, so no more than so many wait.
REFUSED_AFTER_S = 1.0
KEPT_WAITING = 200


class Connection(Protocol):
    """What the server offers of the connection beneath a websocket."""

    def allow(self, allowance: Allowance, shared: Sequence[Meter]) -> None:
        """From now on it has this allowance, and spends of the shared ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one address, or all of them together, may have."""

    #: Open at once.
    sockets: int
    #: Opened.
    openings: Rate
    #: Sent over all of them.
    sent: Allowance


#: Before sign-in. Sixty people behind one address open the page in the same minute, some of them in
#: a few tabs.
OF_ADDRESS = Share(
    sockets=200,
    openings=Rate(burst=100, per_s=1),
    sent=Allowance(frames=Rate(burst=120, per_s=3), bytes=Rate(burst=1_000_000, per_s=50_000)),
)
OF_ALL = Share(
    sockets=1_000,
    openings=Rate(burst=200, per_s=5),
    sent=Allowance(frames=Rate(burst=240, per_s=6), bytes=Rate(burst=4_000_000, per_s=200_000)),
)
#: After sign-in: sixty people with ten tabs each.
SIGNED_IN_SOCKETS = 600


@dataclass(slots=True)
class Usage:
    """What one address, or all of them together, has of its share."""

    share: Share
    open: int = 0
    openings: Budget = field(init=False)
    sent: Meter = field(init=False)

    def __post_init__(self) -> None:
        """Nothing yet."""
        self.openings, self.sent = Budget(self.share.openings), Meter(self.share.sent)

    def has_room(self, now: float) -> bool:
        """Whether one more websocket may be opened; if so, the opening is spent."""
        return self.open < self.share.sockets and self.openings.spend(1, now)

    def is_whole(self, now: float) -> bool:
        """Whether it may be forgotten."""
        return not self.open and self.openings.is_whole(now) and self.sent.is_whole(now)


class Sockets:
    """Refuses a websocket too many, and lets through only messages that its sender may send."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        visitors: Visitors,
        idle_s: float = IDLE_S,
    ) -> None:
        """``app``: what comes after. ``idle_s``: how long a stranger may be silent."""
        self.app = app
        self.visitors = visitors
        self.idle_s = idle_s
        self.all = Usage(OF_ALL)
        self.addresses = OfEach(lambda: Usage(OF_ADDRESS))
        self.signed_in: Counter[str] = Counter()
        self.kept_waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who is signed in is seen by the cookie of the handshake: signing in opens a new page."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
        elif await self.visitors.knows(scope):
            await self._person(scope, receive, send)
        else:
            await self._stranger(scope, receive, send)

    async def _person(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = address_of(scope)
        if self.signed_in[address] >= SIGNED_IN_SOCKETS:
            await self._refuse(receive, send)
            return
        with in_hand(self.signed_in, address):
            connection_of(scope).allow(SIGNED_IN, ())
            await self.app(scope, self._wanted(receive, send, signed_in=True), send)

    async def _stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.monotonic()
        mine = self.addresses.of(address_of(scope), now)
        if not (mine.has_room(now) and self.all.has_room(now)):
            await self._refuse(receive, send)
            return
        for usage in (mine, self.all):
            usage.open += 1
        try:
            connection_of(scope).allow(STRANGER, (mine.sent, self.all.sent))
            await self.app(scope, self._wanted(receive, send, signed_in=False), send)
        finally:
            for usage in (mine, self.all):
                usage.open -= 1

    async def _refuse(self, receive: Receive, send: Send) -> None:
        log.warning("a websocket was refused: too many from one address, or from all strangers")
        if self.kept_waiting < KEPT_WAITING:
            self.kept_waiting += 1
            try:
                await asyncio.sleep(REFUSED_AFTER_S)
            finally:
                self.kept_waiting -= 1
        await receive()
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})

    def _wanted(self, receive: Receive, send: Send, *, signed_in: bool) -> Receive:
        """Messages one at a time: between two of them every other connection has its turn."""

        async def wanted() -> Message:
            while True:
                await asyncio.sleep(0)
                try:
                    async with asyncio.timeout(None if signed_in else self.idle_s):
                        message = await receive()
                except TimeoutError:
                    await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
                    return await receive()
                if message["type"] != "websocket.receive":
                    return message
                frame = message.get("bytes")
                asked = TEXT if frame is None else self.visitors.unwanted(frame, signed_in)
                if not asked:
                    return message
                log.warning("a message was dropped: %s", asked)

        return wanted


def connection_of(scope: Scope) -> Connection:
    """Raises KeyError for a server whose connections are not guarded: nobody may be let in."""
    connection: Connection = scope["extensions"][CONNECTION]
    return connection


def address_of(scope: Scope) -> str:
    """Whose share it is: an IPv4 address, or the network of an IPv6 one, which one household has.

    The server has put the forwarded address in its place when it trusts the proxy
    (``FORWARDED_ALLOW_IPS``).
    """
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
