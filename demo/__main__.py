"""``python -m demo STATE``: gives the local stack a past, if its desk has none yet."""

from __future__ import annotations

import sys
from pathlib import Path

from core.settings import load
from demo.desk import NotADemoError, opened
from demo.history import write


def main() -> int:
    """Exit code 1: these settings are no demo's, and nothing was changed."""
    try:
        with opened(load()) as desk:
            if desk is not None:
                print(write(desk, Path(sys.argv[1])))
    except NotADemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
