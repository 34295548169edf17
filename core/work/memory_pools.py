"""Memory pools: of how many of them the threads of this process take what they need."""

from __future__ import annotations

import ctypes
import os

#: ``M_ARENA_MAX`` of mallopt(3), and the variable by which an admin may say another number.
ARENA_MAX, SETTING = -8, "MALLOC_ARENA_MAX"
POOLS = 2


def share_memory_pools() -> bool:
    """Before the first thread: glibc gives each a pool of its own, eight for each processor.

    What a thread has freed stays in its pool, and no other uses it: more than 100 MB in an
    operation of 100,000 bookings (docs/performance.md). Python's lock lets one of them allocate at
    a time, so two pools lose nothing. False: this C library has no such pools, or an admin has said
    how many there are.
    """
    if os.environ.get(SETTING):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows knows no name for itself
        return False
    return bool(mallopt(ARENA_MAX, POOLS))
