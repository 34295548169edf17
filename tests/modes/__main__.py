"""Runs the suites that use the HubSpot sandbox with other values of its options.

    python -m tests.modes                    the worlds: combinations that have every mode in them
    python -m tests.modes --each             every mode by itself, one after the other
    python -m tests.modes --sample 3         three modes, others each day
    python -m tests.modes --only first --only number_text=double -- -x -k refund

Where nobody knows what HubSpot does, the sandbox has an option (docs/sandbox.md): the product must
hold whichever it is. When a world fails, its failed tests are run in each of its modes alone, and
the modes that break them are named. Ends with 1 when a suite failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.hubspot.choices import ENVIRONMENT
from tests.modes import MODES, SUITES, WORLDS, modes_of, name_of, sample

NAMED: dict[str, dict[str, Any]] = WORLDS | {name_of(mode): mode for mode in MODES}


@dataclass(frozen=True, slots=True)
class Run:
    """The suites, and the folder in which pytest notes which tests failed."""

    suites: Sequence[str]
    more: Sequence[str]
    noted: Path

    def passes(self, name: str) -> bool:
        """Whether all pass with the options of that name."""
        shutil.rmtree(self.noted, ignore_errors=True)
        return self._passes(name, self.noted)

    def breakers(self, world: str) -> list[str]:
        """The modes of the world in which a test fails that has just failed in it."""
        return [name for name in map(name_of, modes_of(WORLDS[world])) if not self._again(name)]

    def _again(self, name: str) -> bool:
        """Only the failed ones, noted in a copy: each is to be tried in the next mode, too."""
        with tempfile.TemporaryDirectory() as folder:
            noted = shutil.copytree(self.noted, Path(folder) / "noted")
            return self._passes(name, noted, "--last-failed", "--last-failed-no-failures=none")

    def _passes(self, name: str, noted: Path, *options: str) -> bool:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
        command += ["-o", f"cache_dir={noted}", *options, *self.suites, *self.more]
        environment = {**os.environ, ENVIRONMENT: json.dumps(NAMED[name])}
        done = subprocess.run(command, env=environment, check=False)
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
        return done.returncode == 0


def main(argv: Sequence[str]) -> int:
    given = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(given.suite or SUITES, given.pytest, Path(folder) / "noted")
        failed = 0
        for name in (names := _names(given)):
            if not run.passes(name):
                failed += 1
                _tell(name, run)
    print(f"{len(names) - failed} of {len(names)} passed")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.modes", description=__doc__)
    parser.add_argument("--each", action="store_true", help="every mode by itself: many hours")
    parser.add_argument("--sample", type=int, help="so many modes, chosen by the date")
    parser.add_argument("--only", action="append", choices=sorted(NAMED), metavar="NAME")
    parser.add_argument("--suite", action="append", help="instead of the usual ones")
    parser.add_argument("pytest", nargs="*", help="after --: passed to pytest")
    return parser


def _names(given: argparse.Namespace) -> list[str]:
    if given.only:
        return list(given.only)
    if given.sample:
        return list(map(name_of, sample(MODES, given.sample, datetime.now(UTC).toordinal())))
    return list(map(name_of, MODES)) if given.each else list(WORLDS)


def _tell(name: str, run: Run) -> None:
    """Says what failed; of a world, by which of its modes."""
    if name not in WORLDS:
        print(f"FAILED in the mode {name}", flush=True)
        return
    print(f"FAILED in the world {name}; its failed tests in each of its modes:", flush=True)
    broken = run.breakers(name)
    by = ", ".join(broken) or "none of its modes alone: they fail by several together, or by load"
    print(f"FAILED in the world {name}, by {by}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
