"""The must-hold of company: no credit doubled or lost beside a student app, or it is named.

    python -m benchmarks.company [--rounds 10] [--bookings 2000] [--cancelling 20]
        [--spending 200] [--latency-ms 150] [--seed 1] [--shared-token] [--keep FILE]

Each round the desk, a real worker on a whole local stack, cancels that many bookings while a
student app in another process cancels and spends for itself: it reads, thinks, and writes absolute
balances. A ledger keeps what each of them meant. Wrong is a balance that differs from the ledger
and is not named by the operation with the correction that is due; an offer to correct what is
right; and any balance that differs once the corrections are taken. Exits with 1 when a round is
wrong. CI has a small round (tests/crash/test_company.py).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.report import Report, at_least, at_most
from benchmarks.stack import stack
from tests.crash.company import Round, Size, play
from tests.crash.desk import Desk

PATIENCE_S = 900.0
BUDGETS = (at_most("rounds that are wrong", 0), at_least("rounds", 1))
LEFT_OUT = "time: what is judged is every balance, seconds only stand beside it"
COLUMNS = (
    *("seed", "seconds", "cancelled", "spent", "mended", "unclear"),
    *("doubled", "lost", "unnamed", "false", "left"),
)


def main() -> int:
    options = _options()
    size = Size(
        bookings=options.bookings,
        cancelling=options.cancelling,
        spending=options.spending,
        latency_ms=options.latency_ms,
        come_within_s=options.come_within_s,
        shared_token=options.shared_token,
    )
    with (
        stack("--contacts", "50", "--bookings", "100", "--exams", "5") as (folder, settings),
        closing(Desk(settings, folder, patience_s=PATIENCE_S)) as desk,
    ):
        rounds = _play(desk, size, range(options.seed, options.seed + options.rounds))
    if options.keep:
        told = [asdict(each) for each in rounds]
        Path(options.keep).write_text(json.dumps(told, indent=2, default=str))
    wrong = sum(not each.right for each in rounds)
    found = {"rounds that are wrong": wrong, "rounds": len(rounds)}
    return Report("company", BUDGETS, found, left_out=LEFT_OUT).tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--bookings", type=int, default=2_000)
    parser.add_argument("--cancelling", type=int, default=20)
    parser.add_argument("--spending", type=int, default=200)
    parser.add_argument("--latency-ms", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument(
        "--come-within-s", type=float, default=15.0, help="after the desk began, students come"
    )
    parser.add_argument(
        "--shared-token", action="store_true", help="the student app uses the desk's HubSpot app"
    )
    parser.add_argument("--keep", metavar="FILE", default="", help="write all that was found there")
    return parser.parse_args()


def _play(desk: Desk, size: Size, seeds: Sequence[int]) -> list[Round]:
    print("  ".join(f"{name:>9}" for name in COLUMNS), flush=True)
    rounds: list[Round] = []
    desk.core("provision")
    with desk.worker():
        for seed in seeds:
            played = play(desk, size, seed)
            rounds.append(played)
            # students come as long as the desk is at it, on whatever machine this runs
            size = replace(size, come_within_s=max(5.0, 0.9 * played.seconds))
            print("  ".join(f"{value:>9}" for value in _row(played)), flush=True)
            _tell(played)
    return rounds


def _row(played: Round) -> tuple[object, ...]:
    counts = (played.unnamed, played.false, played.left)
    return (
        *(played.seed, round(played.seconds, 1), played.cancelled, played.spent),
        *(played.mended, played.unclear),
        *(played.doubled, played.lost),
        *map(len, counts),
    )


def _tell(played: Round) -> None:
    for name, faults in (("unnamed", played.unnamed), ("false", played.false)):
        for fault in faults[:5]:
            print(
                f"  {name}: contact {fault.contact} {fault.credit} {fault.by:+d}, "
                f"offered {fault.offered:+d}; the student: {fault.act}"
            )


if __name__ == "__main__":
    sys.exit(main())
