"""``make run``: the whole product on this machine, or the app on your own accounts.

With ``HUBSPOT_TOKEN`` in the environment, or a ``.streamlit/secrets.toml`` that you wrote, the app
runs on those. Otherwise a local HubSpot, Supabase and sign-in provider are started first.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from types import FrameType

from sandbox.hubspot.tool import numbers
from sandbox.identity import DEMO_USERS
from sandbox.ports import any_free
from sandbox.processes import is_free
from scripts import secrets_file
from scripts.local_desk import LocalDesk, served
from scripts.processes import ROOT, DidNotStartError

SECRETS = ROOT / ".streamlit" / "secrets.toml"
STATE = ROOT / ".state"


def main(argv: list[str]) -> int:
    options, for_the_stack = _parser().parse_known_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        port = free_port(options.port)
        desk = LocalDesk(state=STATE, secrets=SECRETS, port=port, school=options.school)
        return _run(desk, for_the_stack)
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
    parser.add_argument(
        "--port", type=numbers.port, default=8501, help="of the app, or the next free one; 0: any"
    )
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


def free_port(wanted: int) -> int:
    """This one, or one of the next that is free; of 0 any. Raises DidNotStartError."""
    if not wanted:
        return any_free()
    last = min(wanted + 99, numbers.PORT_MAX)
    for port in range(wanted, last + 1):
        if is_free(port):
            return port
    raise DidNotStartError(f"no port from {wanted} to {last} is free: choose another with --port")


def _run(desk: LocalDesk, for_the_stack: list[str]) -> int:
    """Until the app ends or Ctrl-C. Returns its exit code."""
    if os.environ.get("HUBSPOT_TOKEN") or secrets_file.is_someone_elses(SECRETS):
        with served(desk.port) as app:
            return _told(app, "on the accounts of your settings", [("open", desk.origin)], [])
    print("Starting the local HubSpot, Supabase and sign-in provider ...", flush=True)
    *most, last = (user.name for user in DEMO_USERS)
    people = f"one click: {', '.join(most)} or {last}"
    below = "what the desk notifies of; this data is wrong in places on purpose"
    with (
        desk.prepared(for_the_stack) as environment,
        served(desk.port, environment=environment) as app,
    ):
        first = [("open", desk.origin), ("sign in", people)]
        return _told(app, "on a local HubSpot and Supabase", first, [("below", below)])


def _told(
    app: subprocess.Popen[str],
    where: str,
    first: list[tuple[str, str]],
    last: list[tuple[str, str]],
) -> int:
    rows = [*first, ("stop", "Ctrl-C"), *last]
    table = "\n".join(f"  {what:<12}{value}" for what, value in rows)
    print(f"\nCredit Desk runs {where}.\n\n{table}\n", flush=True)
    return app.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
