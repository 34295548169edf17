"""The sandbox as a server on this machine: in a test's process, or in one of its own."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import uvicorn
from starlette.types import Scope

from sandbox.hubspot import choices
from sandbox.hubspot.app import App
from sandbox.hubspot.apps import Apps
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.exporting import Exports
from sandbox.hubspot.journal import Journal
from sandbox.hubspot.lag import Lag
from sandbox.hubspot.limits import TIERS, Daily
from sandbox.hubspot.mailing import Mailing
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rollups import Rollups
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.searching import Searcher, index
from sandbox.hubspot.store import Store
from sandbox.hubspot.webhooks import Senders

START_S_MAX = 30.0


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the server listens; with a certificate and its key by HTTPS."""

    host: str = "127.0.0.1"
    port: int = 0
    cert: Path | None = None
    key: Path | None = None

    def at(self, port: int) -> Listening:
        """The same, at another port."""
        return replace(self, port=port)

    def url(self, port: int) -> str:
        """Where clients on this machine find it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.cert else 'http'}://{shown}:{port}"


def _listen(where: Listening) -> socket.socket:
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    family, address = found[0][0], found[0][4]
    # asyncio sends small writes at once only on sockets that say they are TCP
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    listening.listen(512)
    return listening


class HubSpotServer:
    """A HubSpot account behind a port of 127.0.0.1.

    `store` may be loaded before `start`. State is in `state_dir/hubspot.sqlite3`.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        port: int = 0,
        token: str,
        scopes: frozenset[str] = ALL,
        portal: Portal | None = None,
        latency_ms: int = 0,
        rate_limit: int = 190,
        daily_limit: int = TIERS["professional"][1],
        search_lag_ms: int = 0,
        now: Callable[[], datetime] = utc_now,
        listening: Listening | None = None,
    ) -> None:
        portal = portal or Portal()
        self._where = listening or Listening(port=port)
        self.store = Store(state_dir / "hubspot.sqlite3", portal, now=now)
        lag = Lag(search_lag_ms)
        rollups = Rollups(self.store, portal)
        self.store.listeners += [lag.noting(self.store.now_ms), rollups.changed]
        searcher = Searcher(self.store.database, lag)
        apps = Apps(Daily(most=daily_limit))
        desk = Desk(
            store=self.store,
            portal=portal,
            searcher=searcher,
            exports=Exports(self.store, searcher),
            rollups=rollups,
            lag=lag,
            journal=Journal(self.store),
            mailing=Mailing(self.store),
            apps=apps,
        )
        own = apps.add(
            token,
            app_id=portal.app_id,
            name=portal.app_name,
            scopes=scopes,
            rolling_max=rate_limit,
        )
        self.app = App(
            desk=desk,
            apps=apps,
            senders=Senders(self.store, app_id=portal.app_id),
            own=own,
            new_id=lambda: str(uuid4()),
            drop=self._drop,
            latency_ms=latency_ms,
        )
        try:
            choices.from_environment(self.app, os.environ)
        except ValueError:
            self.store.close()
            raise
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._listening: socket.socket | None = None

    def reserve(self) -> None:
        """Take the port now, to be served at ``start``. Raises OSError when it is taken."""
        self._listening = _listen(self._where)

    def start(self) -> str:
        """Serve; returns the base URL once it answers. Raises OSError when the port is taken."""
        listening = self._listening = self._listening or _listen(self._where)
        index(self.store.database, self.store.catalog.kinds())
        self.app.senders.resume()
        config = uvicorn.Config(
            self.app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,  # a client's idle connection does not die under its next request
            ssl_certfile=self._where.cert,
            ssl_keyfile=self._where.key,
        )
        config.load()  # a certificate that is no good is told of here, not in the thread
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="hubspot-sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_S_MAX
        while not server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the HubSpot sandbox did not start")
            time.sleep(0.002)
        return self._where.url(self.port)

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before it does."""
        if self._listening is None:
            raise RuntimeError("the HubSpot sandbox was not started")
        return int(self._listening.getsockname()[1])

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        host = str(self._listening.getsockname()[0]) if self._listening else self._where.host
        return ip_address(host).is_loopback

    def stop(self) -> None:
        """Answer what is under way, then close the port and the file."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
            self._server = self._thread = None
        if self._listening is not None:
            self._listening.close()
        self.app.senders.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _drop(self, scope: Scope, reset: bool) -> None:
        """End the client's connection: closed, or reset as by a dead peer."""
        assert self._server is not None  # noqa: S101 - a request proves that it runs
        for protocol in self._server.server_state.connections:
            if getattr(protocol, "client", None) != tuple(scope["client"]):
                continue
            transport = protocol.transport
            if reset:
                linger = struct.pack("ii", 1, 0)
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
