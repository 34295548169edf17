"""How long work that only reads, or repeats harmlessly, waits for a store that is away."""

from __future__ import annotations

from datetime import timedelta

from core.credits.errors import NotSent

PAUSE_S = 2.0
PAUSE_S_MAX = 60.0
#: The day's quota may be raised meanwhile.
ASKED_S_MAX = 900.0


def pause(error: Exception, failures: int) -> timedelta:
    """2 s doubling to a minute; as long as the other side asked for, within reason."""
    wait_s = min(PAUSE_S * 2.0 ** min(failures, 10), PAUSE_S_MAX)
    if isinstance(error, NotSent) and error.retry_after_s:
        wait_s = max(wait_s, min(error.retry_after_s, ASKED_S_MAX))
    return timedelta(seconds=wait_s)
