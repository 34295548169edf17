"""The whole local stack on one state folder: HubSpot, Supabase, sign-in and demo data."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sandbox import ports
from sandbox.demo.fill import fill
from sandbox.demo.size import Size
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.server import HubSpotServer
from sandbox.hubspot.webhooks import EVERYTHING, Target
from sandbox.identity import IdentityProvider
from sandbox.processes import SandboxError, read_json, write_private
from sandbox.school.account import SchoolPortal
from sandbox.school.fill import ZONE
from sandbox.school.fill import fill as school_fill
from sandbox.school.generations import TABLES, Generation
from sandbox.state import ENV, alone_on, say
from sandbox.supabase import LocalSupabase

PLANTED, SECRETS, PORTS = "planted.json", "stack.json", "stack-ports.json"
#: The parts of the stack that clients address, in the order of their ports from ``--port`` on.
NAMES = ("hubspot", "supabase", "database", "identity")
DEFAULT_PORT = 8471


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``python -m sandbox up`` was asked for."""

    state: Path
    size: Size = field(default_factory=Size)
    latency_ms: int = 0
    rate_limit: int = 190
    search_lag_ms: int = 0
    #: The first of four ports in a row; 0: any; None: the default ones, or any where taken.
    port: int | None = 0
    marker: bool = True
    #: The school as it is before Credit Desk, with its tables of this generation; None: demo data.
    school: Generation | None = None
    #: Where HubSpot tells of every change, as an app's webhooks do; empty: as it was.
    webhooks: str = ""


@dataclass(slots=True)
class Stack:
    """``start`` gives the settings that the core needs; ``stop`` ends everything in order."""

    options: Options
    _open: ExitStack = field(default_factory=ExitStack, init=False)
    _supabase: LocalSupabase | None = field(default=None, init=False)
    _identity: IdentityProvider | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> dict[str, str]:
        """Raises SandboxError saying which part did not start and why; the others are stopped."""
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._open.close()

    def casualty(self) -> str | None:
        """The name of a part that has ended by itself, if one has."""
        parts = (
            self._supabase and self._supabase.casualty(),
            self._identity and self._identity.casualty,
        )
        return next((name for name in parts if name), None)

    def _start(self) -> dict[str, str]:
        options, state = self.options, self.options.state.resolve()
        state.mkdir(parents=True, exist_ok=True)
        self._open.enter_context(alone_on(state))
        kept = _kept_secrets(state)
        chosen = _ports(options.port, read_json(state / PORTS))
        self._identity = IdentityProvider(state, chosen["identity"])
        self._open.callback(self._identity.stop)
        self._identity.launch()
        tables = TABLES[options.school] if options.school else None
        self._supabase = LocalSupabase(
            state,
            chosen["supabase"],
            chosen["database"],
            schemas=tuple(dict.fromkeys(("public", tables.schema if tables else "public"))),
            instead=tables.make if tables else None,
        )
        supabase = self._supabase.start()
        self._open.callback(self._supabase.stop)
        if not (state / PLANTED).exists():
            _forget_half_filled(state)
        # what `provision` makes is not there before Credit Desk
        portal = SchoolPortal(with_marker=False) if tables else Portal(with_marker=options.marker)
        hubspot = HubSpotServer(
            state,
            port=chosen["hubspot"],
            token=kept["hubspot_token"],
            portal=portal,
            latency_ms=options.latency_ms,
            rate_limit=options.rate_limit,
            search_lag_ms=options.search_lag_ms,
        )
        self._open.callback(hubspot.stop)
        hubspot.reserve()  # filling takes seconds, in which another program may want the port
        self._fill(state, hubspot, supabase.db_url)
        settings = {
            "HUBSPOT_BASE_URL": hubspot.start(),
            "HUBSPOT_TOKEN": kept["hubspot_token"],
            "HUBSPOT_CLIENT_SECRET": kept["hubspot_client_secret"],
            "HUBSPOT_APP_ID": str(portal.app_id),
            "SUPABASE_URL": supabase.url,
            "SUPABASE_SERVICE_ROLE_KEY": supabase.secret_key,
            "SUPABASE_PUBLISHABLE_KEY": supabase.publishable_key,
            # of the old kind, for what still uses it
            "SUPABASE_ANON_KEY": supabase.anon_key,
            "SUPABASE_DB_URL": supabase.db_url,
            "OIDC_METADATA_URL": self._identity.ready(),
            "OIDC_CLIENT_ID": "credit-desk",
            "OIDC_CLIENT_SECRET": kept["oidc_client_secret"],
            "AUTH_COOKIE_SECRET": kept["auth_cookie_secret"],
            "STATE_DIR": str(state),
        }
        if tables:
            settings |= {"SUPABASE_SCHEMA": tables.schema, "PORTAL_TOML": tables.portal}
            settings |= {"CREDIT_DESK_TIME_ZONE": str(ZONE)}
        self._subscribe(hubspot, kept["hubspot_client_secret"])
        write_private(state / PORTS, json.dumps(chosen))
        write_private(state / ENV, json.dumps(settings))
        return settings

    def _subscribe(self, hubspot: HubSpotServer, secret: str) -> None:
        """After the demo data, of which nobody is to be told. Unasked, all stays as it was."""
        if self.options.webhooks:
            target = Target(url=self.options.webhooks, secret=secret, subscriptions=EVERYTHING)
            hubspot.app.senders.unsubscribe()
            hubspot.app.senders.subscribe(target)

    def _fill(self, state: Path, hubspot: HubSpotServer, db_url: str) -> None:
        """Demo data, the first time. The plan of it is written last: without it, nothing counts."""
        size = self.options.size
        if (state / PLANTED).exists():
            planted = read_json(state / PLANTED)
            if planted.get("generation") != self.options.school:
                raise SandboxError(
                    f"{state} was first started with other tables: name another with --state"
                )
            if planted.get("size") != asdict(size):
                say(f"the data of the first start stays as it is: {planted.get('size')}")
            return
        say(f"filling in {size.contacts} contacts, {size.bookings} bookings, {size.exams} exams")
        now = datetime.now(UTC).replace(microsecond=0)
        if self.options.school:
            planted = school_fill(hubspot.store, db_url, size, now, self.options.school)
        else:
            planted = fill(hubspot.store, db_url, size, now)
        write_private(state / PLANTED, json.dumps(planted, indent=1))


def _kept_secrets(state: Path) -> dict[str, str]:
    """Made at the first start and the same from then on; one that is new since is added."""
    fresh = {
        "hubspot_token": f"pat-na1-{secrets.token_hex(20)}",
        "hubspot_client_secret": secrets.token_hex(18),
        "oidc_client_secret": secrets.token_urlsafe(24),
        "auth_cookie_secret": secrets.token_urlsafe(32),
    }
    kept = read_json(state / SECRETS)
    if fresh.keys() - kept.keys():
        kept = {**fresh, **kept}
        write_private(state / SECRETS, json.dumps(kept))
    return kept


def _ports(first: int | None, last: dict[str, int]) -> dict[str, int]:
    if first:
        return ports.choose({name: first + n for n, name in enumerate(NAMES)}, last)
    usual = {name: DEFAULT_PORT + n for n, name in enumerate(NAMES)} if first is None else {}
    return ports.choose(dict.fromkeys(NAMES, 0), last or usual)


def _forget_half_filled(state: Path) -> None:
    """A first start that was cut short while it filled in the data begins again."""
    for path in state.glob("hubspot.sqlite3*"):
        path.unlink()
