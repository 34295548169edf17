"""On which threads the API is served: the pages come first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from core.credits.ways import Way, coming_by

T = TypeVar("T")

#: Threads of their own, so that those of the pages are never waited for.
THREADS = 8


@dataclass(frozen=True, slots=True)
class Hands:
    """Runs what blocks, while the event loop serves the pages."""

    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="api")
    )

    async def run(self, work: Callable[[], T]) -> T:
        """On a thread of ours."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _by_api, work)


def _by_api(work: Callable[[], T]) -> T:
    with coming_by(Way.API):
        return work()
