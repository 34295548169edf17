"""Runs the clients and prints what each of them read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.clients import account
from tests.clients.environments import CLIENTS, Unavailable
from tests.clients.running import Result, run


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    names = [client.name for client in CLIENTS]
    parser.add_argument("names", nargs="*", metavar="CLIENT", help=", ".join(names))
    wanted = parser.parse_args(argv).names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no such client: {', '.join(unknown)}; there are {', '.join(names)}")
    bad = False
    with account.serving() as url:
        print(_line("client", "version", "contacts", "bookings", "exams", ""))
        for client in CLIENTS:
            if wanted and client.name not in wanted:
                continue
            try:
                result = run(client, url)
            except Unavailable as error:
                result = Result(fault=str(error))
            bad |= bool(result.fault)
            counts = (_shown(result.counts.get(what)) for what in account.WHOLE)
            print(_line(client.name, client.version, *counts, result.fault), flush=True)
    return 1 if bad else 0


def _shown(count: int | None) -> str:
    return "-" if count is None else str(count)


def _line(name: str, version: str, *rest: str) -> str:
    counts = "".join(f"{text:>10}" for text in rest[:3])
    return f"{name:<22}{version:<10}{counts}  {rest[3]}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
