"""``make run``: the whole product on this machine, or the app on your own accounts.

With ``HUBSPOT_TOKEN`` in the environment, or a ``.streamlit/secrets.toml`` that you wrote, the app
runs on those. Otherwise a local HubSpot, Supabase and sign-in provider are started first.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg

from sandbox.identity import DEMO_USERS
from sandbox.processes import is_free
from scripts import secrets_file
from scripts.processes import READY_S, ROOT, DidNotStartError, local_stack, running

SECRETS = ROOT / ".streamlit" / "secrets.toml"
STATE = ROOT / ".state"
#: Where the app takes what HubSpot tells of.
WEBHOOKS = "/api/webhooks/hubspot"
#: The first of the demo users is an admin by the settings; the others are given their role as an
#: admin would.
FIRST, *OTHERS = DEMO_USERS


def main(argv: list[str]) -> int:
    options, for_the_stack = _parser().parse_known_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(_port(options.port), options.school, for_the_stack)
    except KeyboardInterrupt:
        return 0
    except DidNotStartError as error:
        print(f"Credit Desk did not start: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make run",
        description="Starts the app. Other options go to the local stack: "
        'make run ARGS="--contacts 50000 --latency-ms 150"',
    )
    parser.add_argument("--port", type=int, default=8501, help="of the app; the next free one")
    parser.add_argument(
        "--school",
        nargs="?",
        const="current",
        choices=("current", "oldest"),
        help="the school before Credit Desk, with its tables of this generation",
    )
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _port(wanted: int) -> int:
    return next(port for port in range(wanted, wanted + 100) if is_free(port))


def _run(port: int, school: str | None, for_the_stack: list[str]) -> int:
    origin = f"http://localhost:{port}"
    if os.environ.get("HUBSPOT_TOKEN") or secrets_file.is_someone_elses(SECRETS):
        return _serve(origin, port, "on the accounts of your settings")
    with _local(origin, school, for_the_stack):
        return _serve(origin, port, "on a local HubSpot and Supabase", demo=True)


@contextmanager
def _local(origin: str, school: str | None, args: list[str]) -> Iterator[None]:
    """The local stack, made known to the app by the secrets file, and checked."""
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    print("Starting the local HubSpot, Supabase and sign-in provider ...", flush=True)
    name = _name(school)
    where = ["--state", str(STATE / name), "--webhooks", f"{origin}{WEBHOOKS}"]
    where += ["--school", school] if school else []
    with local_stack(*where, *args, log=STATE / f"{name}.log") as settings:
        secrets_file.write(SECRETS, _for_the_app(settings, origin, name), origin=origin)
        if settings.get("PORTAL_TOML"):
            _adopt(settings["SUPABASE_DB_URL"])
        elif not args:
            _give_a_past(name)
        _core("provision")
        _core("doctor")
        _core("roles", "grant", *(f"{user.email}={user.role}" for user in OTHERS))
        yield


def _name(school: str | None) -> str:
    """Of the state: the school's own tables and ours are never in one folder."""
    return {None: "sandbox", "oldest": "sandbox-oldest"}.get(school, "sandbox-school")


def _adopt(db_url: str) -> None:
    """What the school's developer does once: run what `mirror-sql` prints."""
    with psycopg.connect(db_url, autocommit=True) as connection:
        connection.execute(_core("mirror-sql"))


def _give_a_past(name: str) -> None:
    """Three months of history for a desk that has no store: nothing of today is recorded yet.

    For the demo as it comes: with options it may be large or slow, and the past would take minutes.
    """
    if _store(name).exists():
        return
    print("Making 90 days of history (about half a minute, once) ...", flush=True)
    try:
        _ended("demo", str(STATE / name))
    except DidNotStartError as error:
        print(f"Credit Desk starts without this history: {error}", file=sys.stderr, flush=True)


def _store(name: str) -> Path:
    return STATE / f"{name}-operations.sqlite"


def _for_the_app(settings: dict[str, str], origin: str, name: str) -> dict[str, str]:
    """The journal belongs to this local HubSpot: another account's operations must not meet it."""
    return {
        **settings,
        "OPS_DATABASE_URL": f"sqlite:///{_store(name)}",
        "CREDIT_DESK_ADMINS": FIRST.email,
        "CREDIT_DESK_DEMO": "true",
        "CREDIT_DESK_PUBLIC_URL": origin,
    }


def _core(*command: str) -> str:
    """What ``python -m core command`` prints; shows its stderr where it fails."""
    return _ended("core", *command)


def _ended(module: str, *args: str) -> str:
    """What ``python -m module args`` prints; shows its stderr where it fails."""
    command = [sys.executable, "-m", module, *args]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise DidNotStartError(f"`python -m {module} {args[0]}` failed, as said above")
    return done.stdout


def _serve(origin: str, port: int, where: str, *, demo: bool = False) -> int:
    """The app in the foreground until it ends or Ctrl-C. Returns its exit code."""
    command = ["-m", "streamlit", "run", "asgi.py", "--server.port", str(port)]
    with running(command, stdout=subprocess.DEVNULL) as app:
        _wait_until_healthy(app, port)
        rows = [("open", origin), ("stop", "Ctrl-C")]
        if demo:
            names = " or ".join((", ".join(u.name for u in DEMO_USERS[:-1]), DEMO_USERS[-1].name))
            rows[1:1] = [("sign in", f"one click: {names}")]
            rows += [
                ("below", "what the desk notifies of; this data is wrong in places on purpose")
            ]
        table = "\n".join(f"  {what:<12}{value}" for what, value in rows)
        print(f"\nCredit Desk runs {where}.\n\n{table}\n", flush=True)
        return app.wait()


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
