"""Which ports to serve on: those asked for, else those of the last start, else any."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from sandbox.processes import HOST, SandboxError, is_free

#: What a killed run leaves behind lets go of its ports within this time.
PATIENCE_S = 3.0


def choose(asked: Mapping[str, int], last: Mapping[str, int]) -> dict[str, int]:
    """Name to free port. 0 asks for the last one if it is free, else for any.

    Raises:
        SandboxError: a port that was asked for by number is taken.
    """
    chosen: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    for name, port in asked.items():
        if port and not _becomes_free(port, deadline):
            raise SandboxError(
                f"port {port}, for {name}, is taken by another program: "
                "choose others with --port, or --port 0 for any that are free"
            )
        former = int(last.get(name) or 0)
        usable = former and former not in chosen.values() and _becomes_free(former, deadline)
        chosen[name] = port or (former if usable else any_free(set(chosen.values())))
    return chosen


def _becomes_free(port: int, deadline: float) -> bool:
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def any_free(but: set[int] | None = None) -> int:
    """A port that nobody has now, and none of those."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in (but or ()):
            return port
