"""How often each may ask, counted by all processes together."""

from __future__ import annotations

from typing import Protocol


class Pace(Protocol):
    """Thread-safe. Lost in a crash, it begins anew: nobody is barred for long by it."""

    def take(self, id_: str, *, rate: float, most: float) -> float:
        """0: go on. Else: in how many seconds there will be room.

        ``rate``: how often a second. ``most``: how often at once after a silence, 1 or more.

        Raises:
            JournalError: it cannot be counted.
        """
        ...
