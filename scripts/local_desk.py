"""The desk on a local stack of its own, with a past: for ``make run`` and ``make tour``."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from sandbox.identity import DEMO_USERS
from sandbox.processes import read_json
from scripts import secrets_file
from scripts.processes import READY_S, ROOT, DidNotStartError, local_stack, running

#: Where the app takes what HubSpot tells of.
WEBHOOKS = "/api/webhooks/hubspot"
#: The first of the demo users is an admin by the settings; the others are given their role as an
#: admin would.
FIRST, *OTHERS = DEMO_USERS
#: Contacts, bookings and exams. The past of more would take minutes.
PAST_MAX = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDesk:
    """Where it keeps its data and its settings, and where browsers find it."""

    state: Path
    secrets: Path
    port: int
    #: The school before Credit Desk, with its tables of this generation; None: the demo.
    school: str | None = None

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def name(self) -> str:
        """Of its state: the school's own tables and ours are never in one folder."""
        return {None: "sandbox", "oldest": "sandbox-oldest"}.get(self.school, "sandbox-school")

    @property
    def store(self) -> Path:
        """The journal belongs to this local HubSpot: another account's must not meet it."""
        return self.state / f"{self.name}-operations.sqlite"

    @contextmanager
    def prepared(self, args: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """The environment of a desk on the local stack, which is up, set up and checked.

        ``args``: more options of the stack. Raises DidNotStartError.
        """
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        where = ["--state", str(self.state / self.name), "--webhooks", f"{self.origin}{WEBHOOKS}"]
        where += ["--school", self.school] if self.school else []
        with local_stack(*where, *args, log=self.state / f"{self.name}.log") as settings:
            ours = self._for_the_app(settings)
            secrets_file.write(self.secrets, ours, origin=self.origin)
            core = {name: ours[name] for name in secrets_file.CORE if name in ours}
            environment = {**core, **os.environ}
            if settings.get("PORTAL_TOML"):
                self._adopt(settings["SUPABASE_DB_URL"], environment)
            else:
                self._give_a_past(environment)
            _ended(environment, "core", "provision")
            _ended(environment, "core", "doctor")
            roles = (f"{user.email}={user.role}" for user in OTHERS)
            _ended(environment, "core", "roles", "grant", *roles)
            yield environment

    def _for_the_app(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {
            **settings,
            "OPS_DATABASE_URL": f"sqlite:///{self.store}",
            "CREDIT_DESK_ADMINS": FIRST.email,
            "CREDIT_DESK_DEMO": "true",
            "CREDIT_DESK_PUBLIC_URL": self.origin,
        }

    def _adopt(self, db_url: str, environment: Mapping[str, str]) -> None:
        """What the school's developer does once: run what `mirror-sql` prints."""
        with psycopg.connect(db_url, autocommit=True) as connection:
            connection.execute(_ended(environment, "core", "mirror-sql"))

    def _give_a_past(self, environment: Mapping[str, str]) -> None:
        """Three months for a desk that has no store: nothing of today is recorded yet."""
        if self.store.exists():
            return
        stack = self.state / self.name
        size = read_json(stack / "planted.json")["size"]
        records = size["contacts"] + size["bookings"] + size["exams"]
        if records > PAST_MAX:
            print(f"Without a history: it is made for {PAST_MAX:,} records at most.", flush=True)
            return
        print("Making 90 days of history (about half a minute, once) ...", flush=True)
        try:
            _ended(environment, "demo", str(stack))
        except DidNotStartError as error:
            told = f"Credit Desk starts without this history: {error}"
            print(told, file=sys.stderr, flush=True)


def _ended(environment: Mapping[str, str], module: str, *args: str) -> str:
    """What ``python -m module args`` prints; shows its stderr where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise DidNotStartError(f"`python -m {module} {args[0]}` failed, as said above")
    return done.stdout


@contextmanager
def served(
    port: int,
    *options: str,
    environment: Mapping[str, str] | None = None,
    log: IO[str] | None = None,
    folder: Path = ROOT,
) -> Iterator[subprocess.Popen[str]]:
    """The app, which answers. Raises DidNotStartError.

    ``options``: of Streamlit. ``log``: of all that it says; else its stderr is ours. ``folder``: of
    the project, perhaps of another state of it.
    """
    command = ["-m", "streamlit", "run", "asgi.py", "--server.port", str(port), *options]
    out = log or subprocess.DEVNULL
    with running(command, env=environment, stdout=out, stderr=log, folder=folder) as app:
        _wait_until_healthy(app, port)
        yield app


def _wait_until_healthy(app: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + READY_S
    while not _is_healthy(port):
        if app.poll() is not None:
            raise DidNotStartError(f"the app ended with code {app.returncode}")
        if time.monotonic() > deadline:
            raise DidNotStartError(f"the app did not answer in {READY_S:.0f} s")
        time.sleep(0.1)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().read() == b"ok"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
