"""The local Supabase as one thing: start it on a state folder, get its settings, stop it."""

from __future__ import annotations

import http.client
import json
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from sandbox.processes import (
    HOST,
    Child,
    SandboxError,
    accepts,
    free_port,
    is_free,
    read_json,
    write_private,
)
from sandbox.supabase import postgrest
from sandbox.supabase.keys import api_key
from sandbox.supabase.migrations import migrate
from sandbox.supabase.postgres import Postgres, new_password


@dataclass(frozen=True, slots=True, kw_only=True)
class SupabaseSettings:
    """What a client of the project needs."""

    url: str
    anon_key: str = field(repr=False)
    service_role_key: str = field(repr=False)
    db_url: str = field(repr=False)
    jwt_secret: str = field(repr=False)


@dataclass(slots=True)
class LocalSupabase:
    """PostgreSQL, PostgREST and the gateway, with their secrets and data below ``state_dir``.

    Ports of 0 mean: those of the last start if they are free, else any.
    """

    state_dir: Path
    gateway_port: int = 0
    db_port: int = 0
    _children: list[Child] = field(default_factory=list, init=False)
    _postgres: Postgres | None = field(default=None, init=False)
    _settings: SupabaseSettings | None = field(default=None, init=False)

    def start(self) -> SupabaseSettings:
        """Raises SandboxError, with the end of its log, when a part does not come up."""
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """In order: nobody may ask any more, then PostgREST, then the database."""
        while self._children:
            self._children.pop().stop()
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def settings(self) -> SupabaseSettings:
        if self._settings is None:
            raise SandboxError("the local Supabase was not started")
        return self._settings

    def set_fault(
        self,
        mode: Literal["up", "slow", "dead"],
        latency_ms: float = 0,
        how: Literal["drop", "503"] = "drop",
    ) -> None:
        """From the moment this returns, the gateway behaves so."""
        body = json.dumps({"mode": mode, "latency_ms": latency_ms, "how": how})
        connection = http.client.HTTPConnection(HOST, self.gateway_port, timeout=5)
        try:
            connection.request("PUT", "/_sandbox/faults", body)
            if connection.getresponse().status != http.client.OK:
                raise SandboxError(f"the gateway refused the fault {body}")
        finally:
            connection.close()

    def _start(self) -> SupabaseSettings:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        postgrest.ensure_installed()
        known = self._secrets()
        ports = self._ports()
        self._postgres = Postgres(self.state_dir, ports["db"], known["db_password"])
        self._postgres.start()
        migrate(self._postgres.dsn, authenticator_password=known["authenticator_password"])
        self._settings = SupabaseSettings(
            url=f"http://{HOST}:{ports['gateway']}",
            anon_key=api_key(known["jwt_secret"], "anon"),
            service_role_key=api_key(known["jwt_secret"], "service_role"),
            db_url=self._postgres.dsn,
            jwt_secret=known["jwt_secret"],
        )
        self._start_postgrest(ports, known)
        self._start_gateway(ports)
        return self._settings

    def _start_postgrest(self, ports: dict[str, int], known: dict[str, str]) -> None:
        child = postgrest.make(
            self.state_dir,
            port=ports["postgrest"],
            db_port=ports["db"],
            db_password=known["authenticator_password"],
            jwt_secret=known["jwt_secret"],
        )
        self._children.append(child)
        child.start()
        key = self.settings.service_role_key
        child.wait_ready(lambda: postgrest.ready(ports["postgrest"], key), 30)

    def _start_gateway(self, ports: dict[str, int]) -> None:
        keys = [self.settings.anon_key, self.settings.service_role_key]
        config = self.state_dir / "gateway.json"
        write_private(
            config,
            json.dumps(
                {"port": ports["gateway"], "upstream_port": ports["postgrest"], "keys": keys}
            ),
        )
        child = Child(
            name="the Supabase gateway",
            command=[sys.executable, "-m", "sandbox.supabase.gateway", str(config)],
            log=self.state_dir / "gateway.log",
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
        self._children.append(child)
        child.start()
        child.wait_ready(lambda: accepts(ports["gateway"]), 30)

    def _secrets(self) -> dict[str, str]:
        """Made once for each state folder, so that keys handed out stay valid over restarts."""
        path = self.state_dir / "secrets.json"
        known = read_json(path)
        if not known:
            known = {
                "jwt_secret": secrets.token_urlsafe(48),
                "db_password": new_password(),
                "authenticator_password": new_password(),
            }
            write_private(path, json.dumps(known))
        return known

    def _ports(self) -> dict[str, int]:
        path = self.state_dir / "ports.json"
        last = read_json(path)
        wanted = {
            "gateway": self.gateway_port or last.get("gateway", 0),
            "db": self.db_port or last.get("db", 0),
            "postgrest": last.get("postgrest", 0),
        }
        ports = {
            name: port if port and is_free(port) else free_port() for name, port in wanted.items()
        }
        self.gateway_port, self.db_port = ports["gateway"], ports["db"]
        write_private(path, json.dumps(ports))
        return ports
