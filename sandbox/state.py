"""The state folder: whose it is just now, and what the last start on it printed."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path
from typing import IO

from sandbox.processes import SandboxError, read_json

ENV = "env.json"


def say(message: str) -> None:
    sys.stderr.write(f"sandbox: {message}\n")


def saved_settings(state: Path) -> dict[str, str]:
    """What the last start on this folder printed. Raises SandboxError when there was none."""
    settings = read_json(state / ENV)
    if not settings:
        raise SandboxError(
            f"no local stack was started on {state}: python -m sandbox up --state {state}"
        )
    return settings


def is_up(state: Path) -> bool:
    """Whether a stack runs on this folder now."""
    try:
        with alone_on(state):
            return False
    except SandboxError:
        return True


def alone_on(state: Path) -> IO[str]:
    """Held open for as long as the stack runs; the system lets go of it however we end.

    Raises:
        SandboxError: another stack runs on this folder.
    """
    lock = (state / "up.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SandboxError(
            f"a local stack runs on {state} already: "
            f"python -m sandbox env --state {state} prints its settings"
        ) from None
    return lock
