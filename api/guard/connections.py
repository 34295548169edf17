"""The server's connections: what may come in before anything reads it, and how long it may take.

uvicorn has no time limit for the head of a request, and takes in whatever a websocket sends. Its
two protocols are extended here. Streamlit's start command builds uvicorn by itself and passes no
class, so ``install`` makes these classes stand in for uvicorn's own, whatever starts the server.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.guard.budgets import Allowance, Meter
from api.guard.sockets import CONNECTION, FRAME_BYTES, STRANGER
from api.guard.sparing import sparing

#: uvicorn tells of every websocket at the level of information: a flood of them would fill the log.
QUIET = logging.getLogger("uvicorn.error.websockets")
QUIET.setLevel(logging.WARNING)
#: It warns of every request that it cannot read, whoever sends it.
sparing("uvicorn.error")
POLICY_VIOLATION = 1008
TOO_MUCH = "too many messages"
#: What comes is read in pieces of so many bytes, with a look at the budget after each: the smallest
#: frame holds six bytes, and the event loop hands over up to 256 KB at once.
PIECE = 1024


class HttpConnection(H11Protocol):
    """One whose requests must arrive, and whose answers must be read, within a time."""

    #: Seconds for the head of a request, and of silence before one.
    head_s: ClassVar[float] = 10.0
    #: Seconds in which a client must read something of its answer.
    stalled_s: ClassVar[float] = 60.0
    #: Connections without a request in hand. The oldest goes when there is one more.
    waiting_max: ClassVar[int] = 512
    #: Those, the oldest first.
    waiting: ClassVar[dict[HttpConnection, asyncio.TimerHandle]] = {}

    _upgraded = False
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock runs from here."""
        super().connection_made(transport)
        send_at_once(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        self._look()
        self.resume_writing()

    def handle_events(self) -> None:
        """Parse what came; the clock stops when a whole head was among it."""
        super().handle_events()
        self._look()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From here on the connection is a ``SocketConnection``."""
        self._upgraded = True
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """The clock runs until the head of the next request."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _look(self) -> None:
        in_hand = self.cycle is not None and not self.cycle.response_complete
        if in_hand or self._upgraded or self.transport.is_closing():
            if (clock := self.waiting.pop(self, None)) is not None:
                clock.cancel()
        elif self not in self.waiting:
            self.waiting[self] = self.loop.call_later(self.head_s, self.give_up)
            if len(self.waiting) > self.waiting_max:
                next(iter(self.waiting)).give_up()

    def give_up(self) -> None:
        """Close it without a word: nobody waits for one."""
        self.waiting.pop(self).cancel()
        self.transport.abort()


class SocketConnection(WebSocketsSansIOProtocol):
    """A websocket that is closed when it sends more than it may, before that is parsed or kept."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A stranger's, until somebody says otherwise."""
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = QUIET
        self.conn.max_size = FRAME_BYTES
        self.conn.available_extensions = []  # compressed, a small frame would become a large one
        self._meters: Sequence[Meter] = [Meter(STRANGER)]

    def allow(self, allowance: Allowance, shared: Sequence[Meter]) -> None:
        """From now on it has this allowance, and spends of the shared ones too."""
        self._meters = [Meter(allowance), *shared]

    def handle_connect(self, event: Any) -> None:
        """The application finds this connection among the extensions of the scope."""
        super().handle_connect(event)
        cast("dict[str, Any]", self.scope["extensions"])[CONNECTION] = self

    async def send(self, message: Any) -> None:
        """What is sent after the end goes nowhere, as to a client that has left.

        The application hears of the end a little later. uvicorn takes what it sends until then for
        a fault, and Streamlit writes a traceback for each: a flood would fill the log.
        """
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def data_received(self, data: bytes) -> None:
        """In pieces, so that what follows one too many is not even parsed."""
        now = self.loop.time()
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            if self.transport.is_closing():
                return
            if not all(meter.bytes.spend(len(piece), now) for meter in self._meters):
                self._refuse()
                return
            super().data_received(piece)

    def handle_events(self) -> None:
        """Hand the frames of one piece on, if there may be so many."""
        frames, now = len(self.conn.events), self.loop.time()
        if all(meter.frames.spend(frames, now) for meter in self._meters):
            super().handle_events()
        else:
            self._refuse()

    def _refuse(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.conn.send_close(POLICY_VIOLATION, TOO_MUCH)
            self.handle_parser_exception()
        else:
            self.transport.abort()


def send_at_once(transport: asyncio.Transport) -> None:
    """Without waiting for more to send (Nagle's algorithm).

    The event loop sets it on sockets that name their protocol; Streamlit's listening socket does
    not. An answer is two writes, so on a connection in use its body waited 40 ms until the client
    had confirmed the head.
    """
    line = transport.get_extra_info("socket")
    if line is not None and line.family in {socket.AF_INET, socket.AF_INET6}:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def install() -> None:
    """Whoever makes one of uvicorn's connections from now on gets one of these."""
    for theirs, ours in (
        (H11Protocol, HttpConnection),
        (WebSocketsSansIOProtocol, SocketConnection),
    ):
        _stand_in(cast("type[object]", theirs), ours)


def _stand_in(theirs: type[object], ours: type[object]) -> None:
    def make(cls: type[object], *_: object, **__: object) -> object:
        return object.__new__(cls if issubclass(cls, ours) else ours)

    theirs.__new__ = make  # type: ignore[assignment,method-assign]
