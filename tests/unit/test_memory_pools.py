"""How many memory pools the threads of a process take from."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.work.memory_pools import POOLS, SETTING

#: Eight threads allocate beside each other; the C library then tells its pools.
PROGRAM = """
import ctypes, sys, threading
from core.work.memory_pools import share_memory_pools

taken = share_memory_pools() if sys.argv[1] == "shared" else None
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
at_once = threading.Barrier(8)

def allocate():
    at_once.wait()
    libc.malloc(50_000)
    at_once.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(taken, flush=True)
libc.fdopen.restype = ctypes.c_void_p
stdout = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stdout)
libc.fflush(stdout)
"""


def pools(how: str, **settings: str) -> tuple[str, int]:
    """What ``share_memory_pools`` answered, and how many pools there were at the end."""
    kept = {name: value for name, value in os.environ.items() if name != SETTING}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        env={**kept, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    answer, _, told = done.stdout.partition("\n")
    return answer, told.count("<heap nr=")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's pools")
def test_threads_share_their_pools() -> None:
    assert POOLS < pools("as ever")[1]
    assert ("True", POOLS) == pools("shared")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's pools")
def test_an_admin_may_say_how_many_there_are() -> None:
    assert ("False", 3) == pools("shared", **{SETTING: "3"})
