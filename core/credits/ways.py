"""By which way somebody came: a page, a command or the API. Kept with what they did.

It goes along with the thread, not with each call: who acts and why is said by every service, and
the way is the same for all that one request does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Way(StrEnum):
    """As the audit has it."""

    PAGE = "page"
    COMMAND = "command"
    API = "API"


_WAY: ContextVar[Way | None] = ContextVar("way", default=None)


def way() -> Way | None:
    """That of this thread; None: nobody came, a worker does what was asked for before."""
    return _WAY.get()


def come_by(way: Way | None) -> None:
    """From now on in this thread; None: by none."""
    _WAY.set(way)


@contextmanager
def coming_by(way: Way) -> Iterator[None]:
    """For as long as this lasts."""
    token = _WAY.set(way)
    try:
        yield
    finally:
        _WAY.reset(token)
