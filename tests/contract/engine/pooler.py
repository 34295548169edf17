"""A stand-in for a pooler of transactions: after each one the server's session is as new.

A real one hands the next transaction to another connection, which knows neither the statements
that this one prepared nor its settings, locks and channels. Here it is the same connection, made
to forget them: between two transactions the proxy sends ``DISCARD ALL``, and keeps the answer.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

#: Requests for encryption, which have no type: answered with "no".
WANTS_ENCRYPTION = frozenset({80877103, 80877104})
DISCARD = b"Q" + struct.pack("!I", 4 + len(b"DISCARD ALL\0")) + b"DISCARD ALL\0"
READY, IDLE = b"Z", b"I"


class Closed(Exception):
    """One of the two has hung up."""


def _exactly(sock: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        piece = sock.recv(length - len(read))
        if not piece:
            raise Closed
        read += piece
    return read


def _message(sock: socket.socket) -> tuple[bytes, bytes]:
    """A message's type, and all of its bytes."""
    head = _exactly(sock, 5)
    return head[:1], head + _exactly(sock, struct.unpack("!I", head[1:])[0] - 4)


class _Conversation:
    """One client and its connection to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        #: Set while the proxy's own statement is under way.
        self.forgetting = False
        self.settled = threading.Condition()
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        with suppress(Closed, OSError):
            self._begin()
            threading.Thread(target=self._answers, daemon=True).start()
            while True:
                _, message = _message(self.client)
                with self.settled:
                    self.settled.wait_for(lambda: not self.forgetting)
                    self.server.sendall(message)
        self._hang_up()

    def _begin(self) -> None:
        while True:
            head = _exactly(self.client, 8)
            length, code = struct.unpack("!II", head)
            if code not in WANTS_ENCRYPTION:
                self.server.sendall(head + _exactly(self.client, length - 8))
                return
            self.client.sendall(b"N")

    def _answers(self) -> None:
        with suppress(Closed, OSError):
            while True:
                kind, message = _message(self.server)
                with self.settled:
                    if self.forgetting:
                        self.forgetting = kind != READY
                        self.settled.notify_all()
                        continue
                    if kind == READY and message[5:] == IDLE:
                        self.forgetting = True
                        self.server.sendall(DISCARD)
                    self.client.sendall(message)
        self._hang_up()

    def _hang_up(self) -> None:
        for sock in (self.client, self.server):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """The URL of the same database behind such a pooler."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    behind = (parts.hostname, parts.port)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, behind), daemon=True).start()
        port = listening.getsockname()[1]
        yield url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")


def _accept(listening: socket.socket, behind: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            made = _Conversation(client, socket.create_connection(behind))
            threading.Thread(target=made.run, daemon=True).start()
