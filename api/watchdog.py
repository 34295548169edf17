"""Tells systemd that the server is ready, and then again and again that its event loop turns.

sd_notify(3): datagrams to ``NOTIFY_SOCKET``. A server whose loop hangs tells nothing any more, and
systemd starts another after ``WatchdogSec``. Started by anything else, nobody is told anything.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Who started us."""

    #: Of a socket: a path, or a name that begins with NUL; "": nobody listens.
    address: str
    #: How often it wants to hear of us; 0: never.
    every_s: float

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Supervisor:
        """Tell three times as often as it waits: one may be late."""
        address = environment.get("NOTIFY_SOCKET", "")
        waits_us = environment.get("WATCHDOG_USEC", "0")
        return cls(
            address="\0" + address[1:] if address.startswith("@") else address,
            every_s=int(waits_us) / 3_000_000 if waits_us.isdigit() else 0.0,
        )

    def tell(self, what: str) -> None:
        """One datagram. Whoever does not listen need not be told: the log says so."""
        if not self.address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)  # the event loop waits for nobody
                line.sendto(what.encode(), self.address)
        except OSError as error:
            log.warning("NOTIFY_SOCKET was not told %s: %s", what, error)


@asynccontextmanager
async def supervised() -> AsyncIterator[None]:
    """While the block runs, the server is ready and its loop turns; then it stops."""
    supervisor = Supervisor.of(os.environ)
    supervisor.tell("READY=1")
    beating = asyncio.create_task(_beat(supervisor))
    try:
        yield
    finally:
        supervisor.tell("STOPPING=1")
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(supervisor: Supervisor) -> None:
    while supervisor.every_s:
        supervisor.tell("WATCHDOG=1")
        await asyncio.sleep(supervisor.every_s)
