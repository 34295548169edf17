"""Waiting for processes that are not ours to wake."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: A few looks of a worker, its dead-after time and two quiet periods, on a machine with other work.
ENDS_WITHIN_S = 240.0


def wait_for(found: Callable[[], Any], *, within_s: float = ENDS_WITHIN_S) -> Any:
    """What ``found`` returns once it is true; polls."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError(f"not within {within_s:g} s: {found}")
