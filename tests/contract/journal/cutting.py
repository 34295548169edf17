"""A wire to PostgreSQL that is cut at a moment of a transaction that a test chooses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from sqlalchemy.engine import make_url

_PIECE = 1 << 16


class Cut(Enum):
    """When the wire is cut."""

    #: The server never gets what the client sent.
    BEFORE = "before"
    #: The server has done it, and the client never hears so.
    AFTER = "after"


@dataclass
class Wire:
    """Cuts the connection on which this statement passes next; every other one is whole."""

    server: tuple[str, int]
    url: str = ""
    word: bytes = b""
    cut: Cut | None = None
    cuts: int = 0
    #: What the client hears in the place of the server's answer.
    last_words: bytes = b""
    _open: list[socket.socket] = field(default_factory=list)

    def cut_at(self, word: str, cut: Cut) -> None:
        self.word, self.cut = word.encode(), cut

    def joined(self, client: socket.socket) -> None:
        """Carry this client's words and the server's answers."""
        server = socket.create_connection(self.server)
        self._open += [client, server]
        unheard = threading.Event()
        for carry in (self._words, self._answers):
            threading.Thread(target=carry, args=(client, server, unheard), daemon=True).start()

    def _words(
        self, client: socket.socket, server: socket.socket, unheard: threading.Event
    ) -> None:
        with suppress(OSError):
            while said := client.recv(_PIECE):
                cut = self.cut if self.word and self.word in said else None
                if cut is not None:
                    self.cut, self.cuts = None, self.cuts + 1
                if cut is Cut.BEFORE:
                    break
                if cut is Cut.AFTER:
                    unheard.set()
                server.sendall(said)
        if not unheard.is_set():
            _end(client, server)

    def _answers(
        self, client: socket.socket, server: socket.socket, unheard: threading.Event
    ) -> None:
        with suppress(OSError):
            while told := server.recv(_PIECE):
                if unheard.is_set():
                    client.sendall(self.last_words)
                    break
                client.sendall(told)
        _end(client, server)

    def close(self) -> None:
        _end(*self._open)


@contextmanager
def wire(url: str) -> Iterator[Wire]:
    """To the server of this URL."""
    to = make_url(url)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    joined = Wire((to.host or "127.0.0.1", to.port or 5432))
    joined.url = to.set(port=port).render_as_string(hide_password=False)

    def accept() -> None:
        with suppress(OSError):
            while True:
                joined.joined(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield joined
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        joined.close()


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
