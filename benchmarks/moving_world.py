"""The must-hold of drift at 20,000 contacts: the world moves while it is swept and repaired.

    python -m benchmarks.moving_world [--contacts 20000] [--seed 1]

Every planted drift is found with its cause, none is invented, what is being written is not
reported, and after repair the next sweep finds nothing but values that a person must correct.
Fails where one of these does not hold (tests/contract/stack/moving.py); ``--contacts 2000`` is
quick. CI has such a world over fakes, by seed (tests/simulation/test_moving_world.py).
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Any

from benchmarks.report import Report, at_most
from benchmarks.stack import stack
from tests.contract.stack.moving import Moving, see_through
from tests.crash.desk import Desk

LATENCY_MS = 10
PATIENCE_S = 1800.0
BUDGETS = (at_most("promises broken", 0),)
LEFT_OUT = "time: HubSpot answers at once and without a limit; what is judged is what is found"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="of the data and of what people do")
    options = parser.parse_args()
    contacts, seed = options.contacts, options.seed
    size = ("--contacts", str(contacts), "--bookings", str(contacts * 2), "--exams", "60")
    fast = ("--latency-ms", str(LATENCY_MS), "--rate-limit", "100000")
    with (
        stack("--seed", str(seed), *size, *fast) as (folder, settings),
        closing(Desk(settings, folder, patience_s=PATIENCE_S)) as desk,
    ):
        more = _seen(Moving(desk, folder / "stack"), seed)
    found = {"promises broken": int("broken" in more)}
    more |= {"contacts": contacts, "seed": seed}
    return Report("moving_world", BUDGETS, found, left_out=LEFT_OUT, more=more).tell()


def _seen(world: Moving, seed: int) -> dict[str, Any]:
    """What was found, or under *broken* which promise did not hold."""
    try:
        return see_through(world, operate_on=500, seed=seed)
    except AssertionError as error:
        return {"broken": str(error)}


if __name__ == "__main__":
    sys.exit(main())
