"""``make bench``: every benchmark of this folder, one after another, each in a process of its own.

Names choose some of them: ``make bench ARGS="mirror_lag journal"``. Each tells its figures beside
their budgets (``benchmarks.report``); the last line names those that missed one, or broke.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
#: Measures nothing by itself.
SHARED = {"browser", "many_operations", "plain_way", "processor_share", "report", "stack"}
NAMES = sorted({path.stem for path in FOLDER.glob("[a-z]*.py")} - SHARED)
#: Take many minutes, install a peer, or need more processors than two: only by their names.
BY_NAME = {"any_size", "company", "peers", "two_workers"}


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(NAMES)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
        return 2
    failed = [name for name in chosen or sorted(set(NAMES) - BY_NAME) if not _passed(name)]
    print(f"\n{'over budget or broken: ' + ', '.join(failed) if failed else 'all within budget'}")
    return 1 if failed else 0


def _passed(name: str) -> bool:
    """A benchmark ends with a code other than 0 when a budget is not kept."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    code = subprocess.run(command, cwd=FOLDER.parent, check=False).returncode
    print(f"-- {name}: {time.monotonic() - began:.0f} s, exit code {code}", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
