"""Work on HubSpot's batches at once, each recorded as soon as its own answer is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from core.work.context_pool import ContextPool

Given = TypeVar("Given")
Made = TypeVar("Made")

#: HubSpot takes no more records in one update.
BATCH_MAX = 100


def at_once(work: Callable[[Sequence[Given]], Made], items: Sequence[Given]) -> list[Made]:
    """What ``work`` makes of each hundred items, in order; the first failure is raised.

    A single batch is worked on in the caller's thread.
    """
    parts = batches(items)
    if len(parts) <= 1:
        return [work(part) for part in parts]
    with ContextPool(len(parts), thread_name_prefix="batch") as pool:
        return list(pool.map(work, parts))


def batches(items: Sequence[Given]) -> list[Sequence[Given]]:
    """Each hundred of them, in order. The journal has one writer: it is kept for no longer."""
    return [items[n : n + BATCH_MAX] for n in range(0, len(items), BATCH_MAX)]
