"""Runs one child and ends it when the program that asked for it is gone, however it went.

``python leash.py [--user NAME] [--signal N] -- COMMAND...``. Standard input is the leash: a pipe
that the owner holds open and never writes to. When it closes (the owner ended, or was killed and
could say nothing) the child gets the signal, and ten seconds later SIGKILL. The leash leads a
session of its own, so that killing the owner's whole process group leaves it alive to do its work.
On Linux the child is also told to die with the leash. Imports nothing of ours: it starts in 20 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading

GRACE_S = 10.0
PR_SET_PDEATHSIG = 1


def _die_with_parent(number: int) -> None:
    """Runs in the child before exec, after its user was changed: that would clear the setting."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def _end(child: subprocess.Popen[bytes], number: int) -> None:
    if child.poll() is None:
        child.send_signal(number)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


def _watch(child: subprocess.Popen[bytes], number: int) -> None:
    while os.read(0, 64):
        pass
    _end(child, number)


def _options(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    at = argv.index("--")
    return dict(zip(argv[:at:2], argv[1:at:2], strict=True)), argv[at + 1 :]


def main(argv: list[str]) -> int:
    options, command = _options(argv)
    number = int(options.get("--signal", signal.SIGTERM))
    user = options.get("--user")
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        # Safe here, where no other thread runs yet: the watcher starts after it.
        preexec_fn=(lambda: _die_with_parent(number)) if sys.platform == "linux" else None,  # noqa: PLW1509
    )

    def in_background(target: object) -> None:
        # In a thread: a handler that waited would wait for the very ``wait`` that it interrupts.
        threading.Thread(target=target, args=(child, number), daemon=True).start()  # type: ignore[arg-type]

    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: in_background(_end))
    in_background(_watch)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
