"""The least time in which HubSpot lets so many requests in: a whole limit at once, then the next
when the first of them are ten seconds old, and so on.
"""

from __future__ import annotations

LIMIT, WINDOW_S = 190, 10.0


def floor_s(requests: int) -> float:
    """Seconds from the first of so many requests to the last, if none waits for anything else."""
    return max(0, requests - 1) // LIMIT * WINDOW_S
