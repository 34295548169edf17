"""Work on HubSpot's batches at once, each recorded as soon as its own answer is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

#: HubSpot takes no more records in one update.
BATCH_MAX = 100


def at_once(work: Callable[[Sequence[Given]], Made], items: Sequence[Given]) -> list[Made]:
    """What ``work`` makes of each hundred items, in order; the first failure is raised.

    A single batch is worked on in the caller's thread.
    """
    batches = [items[n : n + BATCH_MAX] for n in range(0, len(items), BATCH_MAX)]
    if len(batches) <= 1:
        return [work(batch) for batch in batches]
    with ThreadPoolExecutor(len(batches), thread_name_prefix="batch") as pool:
        return list(pool.map(work, batches))
