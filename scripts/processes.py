"""Starts and stops the project's own programs, for ``make run`` and for the tests."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sandbox.processes import LEASH

ROOT = Path(__file__).resolve().parent.parent

#: Starting PostgreSQL for the first time and seeding tens of thousands of rows fit in it.
READY_S = 120.0
#: Longer than the leash gives its child before it kills it.
GRACE_S = 15.0


class DidNotStartError(RuntimeError):
    """A program ended, or stayed silent, before it said that it was ready."""


@contextmanager
def running(
    args: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[str] | None = None,
    stderr: int | IO[str] | None = None,
    folder: Path = ROOT,
) -> Iterator[subprocess.Popen[str]]:
    """``python args...`` in the project's folder, or in another one, while the block runs.

    It cannot outlive us (it is on a leash), and Ctrl-C reaches us alone: we choose the order in
    which the programs end.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LEASH), "--", sys.executable, *args],
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """Let go of the leash, which ends the program; harmless when it has ended."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def local_stack(*args: str, log: Path, ready_s: float = READY_S) -> Iterator[dict[str, str]]:
    """``python -m sandbox up args...``; yields the settings that it prints when ready.

    Raises DidNotStartError with the end of its log when it does not come up.
    """
    command = ["-m", "sandbox", "up", *args]
    with (
        log.open("w") as stderr,
        running(command, stdout=subprocess.PIPE, stderr=stderr) as process,
    ):
        try:
            line = _first_line(process, ready_s)
        except DidNotStartError as error:
            raise DidNotStartError(f"{error}\n{_tail(log)}") from error
        yield {name: str(value) for name, value in json.loads(line).items()}


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _first_line(process: subprocess.Popen[str], deadline_s: float) -> str:
    """The first line on stdout. A thread drains the rest, so that the writer never blocks."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read(pipe: IO[str]) -> None:
        with suppress(ValueError):  # the pipe was closed because the program is being ended
            lines.put(pipe.readline())
            for _ in pipe:
                pass

    if process.stdout is None:
        raise DidNotStartError("stdout is not a pipe")
    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    try:
        line = lines.get(timeout=deadline_s)
    except queue.Empty:
        raise DidNotStartError(f"the local stack was not ready in {deadline_s:.0f} s") from None
    if not line:
        raise DidNotStartError(
            f"the local stack ended with code {process.wait()} before it was ready"
        )
    return line
