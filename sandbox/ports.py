"""Which ports to serve on: those asked for, else those of the last start, else any."""

from __future__ import annotations

import fcntl
import os
import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.hubspot.tool.numbers import PORT_MAX
from sandbox.processes import HOST, SandboxError, is_free

#: What a killed run leaves behind lets go of its ports within this time.
PATIENCE_S = 3.0
#: Below those that systems give to outgoing connections, which come and go by themselves.
ANY = range(15_000, 32_000)
TRIES_MAX = 1_000

#: What this process has reserved, by locked files that stay open until it ends, however it ends.
_reserved: set[int] = set()


def choose(asked: Mapping[str, int], last: Mapping[str, int]) -> dict[str, int]:
    """Name to free port. 0 asks for the last one if it is free, else for any.

    Raises:
        SandboxError: a port that was asked for by number is taken, or there is none of it.
    """
    for name, port in asked.items():
        if port > PORT_MAX:
            raise SandboxError(
                f"there is no port {port}, for {name}: choose a lower one with --port"
            )
    chosen: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    for port in filter(None, asked.values()):
        _reserve(port)  # so that no other name gets it; whether it is free is told below
    for name, port in asked.items():
        if port and not _becomes_free(port, deadline):
            raise SandboxError(
                f"port {port}, for {name}, is taken by another program: "
                "choose others with --port, or --port 0 for any that are free"
            )
        former = int(last.get(name) or 0)
        usable = former and former not in chosen.values() and _becomes_free(former, deadline)
        chosen[name] = port or (former if usable and _reserve(former) else any_free())
    return chosen


def _becomes_free(port: int, deadline: float) -> bool:
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def any_free() -> int:
    """A port that nobody has now, and that no other run takes while this process lives.

    A server binds it seconds later: until then nothing but the reservation keeps others off it.

    Raises:
        SandboxError: none is free.
    """
    for _ in range(TRIES_MAX):
        port = random.choice(ANY)
        if port not in _reserved and _reserve(port) and is_free(port):
            return port
    raise SandboxError(f"no port from {ANY.start} to {ANY.stop - 1} is free on {HOST}")


def _reserve(port: int) -> bool:
    """Whether no other process has it. Ours already is ours again."""
    if port in _reserved:
        return True
    folder = Path(tempfile.gettempdir()) / f"credit-desk-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(port), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _reserved.add(port)
    return True
