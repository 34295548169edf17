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

#: Batches of one read that the even pace serves soon enough.
FEW = 4

_HASTE: ContextVar[bool] = ContextVar("haste", default=False)


def in_haste() -> bool:
    """Whether what this thread reads is in haste."""
    return _HASTE.get()


@contextmanager
def made_in_haste(batches: int) -> Iterator[None]:
    """What is begun meanwhile is in haste, if somebody waits for so many batches."""
    token = _HASTE.set(way() is not None and batches > FEW)
    try:
        yield
    finally:
        _HASTE.reset(token)
