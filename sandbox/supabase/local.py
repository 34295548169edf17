"""The local Supabase as one thing: start it on a state folder, get its settings, stop it."""

from __future__ import annotations

import http.client
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from sandbox import ports
from sandbox.processes import HOST, Child, SandboxError, accepts, read_json, write_private
from sandbox.supabase import postgrest
from sandbox.supabase.keys import api_key, short_key
from sandbox.supabase.migrations import migrate, prepare
from sandbox.supabase.postgres import Postgres, new_password

#: Run as a file: it needs nothing else of ours, and starts in half the time without it.
GATEWAY = Path(__file__).with_name("gateway.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupabaseSettings:
    """What a client of the project needs."""

    url: str
    anon_key: str = field(repr=False)
    service_role_key: str = field(repr=False)
    #: The same two rights by keys of the kind that new projects have.
    publishable_key: str = field(repr=False)
    secret_key: str = field(repr=False)
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
    #: The schemas that its API serves, the first by itself.
    schemas: tuple[str, ...] = ("public",)
    #: What stands in the database in place of our migrations: called before the API starts.
    instead: Callable[[str], None] | None = None
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

    def casualty(self) -> str | None:
        """The name of a part that has ended by itself, if one has."""
        parts: list[Child | Postgres] = [
            *self._children,
            *([self._postgres] if self._postgres else []),
        ]
        return next((part.name for part in parts if not part.running), None)

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
        self.state_dir = self.state_dir.resolve()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        postgrest.ensure_installed()
        known = self._secrets()
        self._postgres = Postgres(self.state_dir, 0, known["db_password"])
        self._postgres.end_leftover()  # it may hold the port that is ours
        chosen = self._ports()
        self._settings = self._make_settings(chosen, known)
        gateway = self._start_gateway(chosen)
        self._postgres.port = chosen["db"]
        self._postgres.start()
        prepare(self._postgres.dsn, authenticator_password=known["authenticator_password"])
        (self.instead or migrate)(self._postgres.dsn)
        self._start_postgrest(chosen, known)
        gateway.wait_ready(lambda: accepts(chosen["gateway"]), 60)
        return self._settings

    def _make_settings(self, chosen: dict[str, int], known: dict[str, str]) -> SupabaseSettings:
        db = Postgres(self.state_dir, chosen["db"], known["db_password"])
        return SupabaseSettings(
            url=f"http://{HOST}:{chosen['gateway']}",
            anon_key=api_key(known["jwt_secret"], "anon"),
            service_role_key=api_key(known["jwt_secret"], "service_role"),
            publishable_key=short_key(known["jwt_secret"], "publishable"),
            secret_key=short_key(known["jwt_secret"], "secret"),
            db_url=db.dsn,
            jwt_secret=known["jwt_secret"],
        )

    def _start_postgrest(self, chosen: dict[str, int], known: dict[str, str]) -> None:
        child = postgrest.make(
            self.state_dir,
            port=chosen["postgrest"],
            db_port=chosen["db"],
            db_password=known["authenticator_password"],
            jwt_secret=known["jwt_secret"],
            schemas=self.schemas,
        )
        self._children.append(child)
        child.start()
        key = self.settings.service_role_key
        child.wait_ready(lambda: postgrest.ready(chosen["postgrest"], key), 60)

    def _start_gateway(self, chosen: dict[str, int]) -> Child:
        anon, service = self.settings.anon_key, self.settings.service_role_key
        keys = {anon: anon, service: service}
        keys |= {self.settings.publishable_key: anon, self.settings.secret_key: service}
        config = self.state_dir / "gateway.json"
        write_private(
            config,
            json.dumps(
                {"port": chosen["gateway"], "upstream_port": chosen["postgrest"], "keys": keys}
            ),
        )
        child = Child(
            name="the Supabase gateway",
            command=[sys.executable, "-P", str(GATEWAY), str(config)],
            log=self.state_dir / "gateway.log",
        )
        self._children.append(child)
        child.start()
        return child

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
        """Free ones. Of those that are 0, the ones of the last start come first."""
        path = self.state_dir / "ports.json"
        chosen = ports.choose(
            {"gateway": self.gateway_port, "db": self.db_port, "postgrest": 0}, read_json(path)
        )
        self.gateway_port, self.db_port = chosen["gateway"], chosen["db"]
        write_private(path, json.dumps(chosen))
        return chosen
