"""Child processes that cannot outlive us, free ports, and files that only their owner may read."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEASH = Path(__file__).with_name("leash.py")
ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


class SandboxError(Exception):
    """The local stack cannot do what was asked; the message says why and how to mend it."""


@dataclass(slots=True, kw_only=True)
class Child:
    """One process of the stack on its leash (``leash.py``), in the project's folder."""

    name: str
    command: Sequence[str]
    log: Path
    #: What asks this program to end in good order.
    stop_signal: signal.Signals = signal.SIGTERM
    #: Another user to run as; only root may ask for it.
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--signal", str(int(self.stop_signal))]
        if self.user:
            options += ["--user", self.user]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), *options, "--", *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.env},
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout_s: float = 15.0) -> None:
        """Ask, wait, and kill what did not listen. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def tail(self, lines: int = 12) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Until ``ready()``. Raises SandboxError, with the log's end, if it died or is late."""
        wait_until(
            lambda: ready() or self._dead(),
            timeout_s,
            lambda: f"{self.name} was not ready in {timeout_s:.0f} s. Its log:\n{self.tail()}",
        )

    def _dead(self) -> bool:
        if not self.running:
            raise SandboxError(f"{self.name} ended while it was starting. Its log:\n{self.tail()}")
        return False


def wait_until(done: Callable[[], bool], timeout_s: float, else_say: Callable[[], str]) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            raise SandboxError(else_say())
        time.sleep(0.01)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def accepts(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in that file; empty when there is no such file."""
    if not path.exists():
        return {}
    loaded = json.loads(path.read_text())
    return loaded if isinstance(loaded, dict) else {}
