"""``python -m sandbox``: results on stdout as one JSON line, everything else on stderr."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sandbox.demo.size import Size
from sandbox.hubspot.tool.numbers import count, port
from sandbox.processes import SandboxError
from sandbox.state import is_up, saved_settings, say

STATE = Path(".state/sandbox")
RATE_MAX = 100.0
POLL_S = 0.2


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    try:
        return COMMANDS[options.command](options)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    size = Size()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run the local stack in the foreground until SIGTERM")
    up.add_argument("--contacts", type=count, default=size.contacts)
    up.add_argument("--bookings", type=count, default=size.bookings)
    up.add_argument("--exams", type=count, default=size.exams)
    up.add_argument("--seed", type=int, default=size.seed, help="of the demo data")
    up.add_argument("--latency-ms", type=count, default=0, help="added to every HubSpot answer")
    up.add_argument("--rate-limit", type=count, default=190, help="HubSpot calls in 10 s")
    up.add_argument("--search-lag-ms", type=count, default=0, help="until search finds a change")
    up.add_argument(
        "--port", type=port, help="the first of four ports in a row; 0: any that are free"
    )
    up.add_argument("--webhooks", default="", metavar="URL", help="tell of every change there")
    up.add_argument(
        "--school",
        nargs="?",
        const="current",
        choices=("current", "oldest"),
        help="the school before Credit Desk: its properties, its tables of this generation",
    )
    up.add_argument(
        "--no-marker", action="store_true", help="leave out what `provision` would create"
    )
    env = commands.add_parser("env", help="print the settings of a started stack again")
    live = commands.add_parser("live", help="let people and apps change the started HubSpot")
    live.add_argument("--seed", type=int, default=0, help="the same seed makes the same acts")
    live.add_argument("--per-second", type=_rate, default=1.0, help="acts, on average")
    live.add_argument("--acts", type=count, help="stop after so many; without it, at SIGTERM")
    install = commands.add_parser("install", help="fetch PostgREST; done by `up`, too")
    for command in (up, env, live):
        command.add_argument("--state", type=Path, default=STATE, help="folder with all its data")
    for command in (up, env, live, install):
        command.add_argument("--json", action="store_true", help="as ever: the output is JSON")
    return parser


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= RATE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most {RATE_MAX:g}")
    return rate


def _up(given: argparse.Namespace) -> int:
    from sandbox.school.generations import Generation  # noqa: PLC0415 - as the next one
    from sandbox.stack import Options, Stack  # noqa: PLC0415 - servers and drivers: 0.5 s

    options = Options(
        state=given.state,
        size=Size(
            contacts=given.contacts, bookings=given.bookings, exams=given.exams, seed=given.seed
        ),
        latency_ms=given.latency_ms,
        rate_limit=given.rate_limit,
        search_lag_ms=given.search_lag_ms,
        port=given.port,
        marker=not given.no_marker,
        webhooks=given.webhooks,
        school=Generation(given.school) if given.school else None,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    with Stack(options) as stack:
        try:
            print(json.dumps(stack.start()), flush=True)
            say("ready; ends with SIGTERM or Ctrl-C")
            while (casualty := stack.casualty()) is None:
                time.sleep(POLL_S)
        finally:
            # A second signal would interrupt the clean end that the first one asked for.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
    raise SandboxError(f"{casualty} ended by itself; its log is in {given.state}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _env(given: argparse.Namespace) -> int:
    print(json.dumps(saved_settings(given.state)))
    if not is_up(given.state):
        say(f"not running now; start it with: python -m sandbox up --state {given.state}")
    return 0


def _install(_given: argparse.Namespace) -> int:
    from sandbox.supabase.install import install  # noqa: PLC0415

    print(json.dumps({"postgrest": str(install())}))
    return 0


def _live(given: argparse.Namespace) -> int:
    import httpx  # noqa: PLC0415 - half a second

    from sandbox.hubspot.live import run_live  # noqa: PLC0415

    if not is_up(given.state):
        raise SandboxError(f"no stack runs on {given.state}: python -m sandbox up")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        done = run_live(
            saved_settings(given.state)["HUBSPOT_BASE_URL"],
            seed=given.seed,
            per_second=given.per_second,
            acts_max=given.acts,
            stop=stop,
            say=lambda act: say(f"{act.kind} {act.id}: {act.text}"),
        )
    except httpx.TransportError as error:
        raise SandboxError(f"HubSpot went away: {error}") from error
    print(json.dumps(dict(sorted(done.items()))))
    return 0


COMMANDS = {"up": _up, "env": _env, "live": _live, "install": _install}
