"""A pool of threads whose work goes on in the context of whoever gives it.

By which way somebody came, and whose calls are counted, is kept with the thread; what a thread
hands on to others is done for the same.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class ContextPool(ThreadPoolExecutor):
    """``submit`` and ``map`` carry the caller's context along."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """The work, to be done in a copy of the context of this moment."""
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))
