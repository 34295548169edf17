"""Runs the suites that use the HubSpot sandbox in every mode of its options.

    python -m tests.modes                    every mode, one after the other
    python -m tests.modes --sample 3         three of them, others each day
    python -m tests.modes --only number_text=double -- -x -k refund

Where nobody knows what HubSpot does, the sandbox has an option (docs/sandbox.md): the product must
hold whichever it is. Ends with 1 when a suite fails in a mode.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.hubspot.choices import ENVIRONMENT
from tests.modes import MODES, SUITES, name_of, sample


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.modes", description=__doc__)
    parser.add_argument("--only", action="append", choices=[name_of(mode) for mode in MODES])
    parser.add_argument("--sample", type=int, help="so many modes, chosen by the date")
    parser.add_argument("--suite", action="append", help="instead of the usual ones")
    parser.add_argument("pytest", nargs="*", help="behind --: handed to pytest")
    given = parser.parse_args(argv)
    modes = [mode for mode in MODES if not given.only or name_of(mode) in given.only]
    if given.sample:
        modes = sample(modes, given.sample, datetime.now(UTC).toordinal())
    failed = [mode for mode in modes if not _passes(mode, given.suite or SUITES, given.pytest)]
    for mode in failed:
        print(f"FAILED in the mode {name_of(mode)}")
    print(f"{len(modes) - len(failed)} of {len(modes)} modes passed")
    return 1 if failed else 0


def _passes(mode: dict[str, Any], suites: Sequence[str], more: Sequence[str]) -> bool:
    print(f"== {name_of(mode)}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suites, *more]
    environment = {**os.environ, ENVIRONMENT: json.dumps(mode)}
    done = subprocess.run(command, env=environment, check=False)
    print(f"== {name_of(mode)}: {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
