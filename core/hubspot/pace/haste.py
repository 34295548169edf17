"""Haste: a read of many batches that a person waits for takes at once what HubSpot allows.

A page that shows one student asks a few times, which the even pace lets through at once. The
preview of thousands of bookings asks hundreds of times, and would take ten seconds at that pace
though nobody else asks. What an operation asks is never in haste: nobody came by any way there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.credits.ways import way
from core.hubspot.pace.limiter import Priority

#: Batches of one read that the even pace serves soon enough.
FEW = 4

_HASTE: ContextVar[bool] = ContextVar("haste", default=False)


def in_haste() -> bool:
    """Whether what this thread reads is in haste."""
    return _HASTE.get()


@contextmanager
def made_in_haste(priority: Priority, batches: int) -> Iterator[bool]:
    """Whether what is begun meanwhile is in haste: somebody waits for so many batches."""
    hasty = priority is Priority.OPERATION and way() is not None and batches > FEW
    token = _HASTE.set(hasty)
    try:
        yield hasty
    finally:
        _HASTE.reset(token)
