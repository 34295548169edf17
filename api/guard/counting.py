"""How much is in hand at this moment, of each area, address or session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_hand(counts: Counter[str], name: str, amount: int = 1) -> Iterator[None]:
    """Counted under this name while the block runs; without a trace afterwards."""
    counts[name] += amount
    try:
        yield
    finally:
        counts[name] -= amount
        if not counts[name]:
            del counts[name]
