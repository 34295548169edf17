"""Gateways that are made when they are first asked for anything.

A command that reads the journal alone asks neither HubSpot nor Supabase, and should not pay half
of its start for what could: clients, certificates, their libraries. Who is given such a gateway
sees no difference (docs/decisions/0053-start-up.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


def on_first_use(make: Callable[[], T]) -> T:
    """What ``make`` makes, made by the first look at any attribute of it; once, by one thread.

    Its ``close``, if it has one, makes nothing that is not made. Raises what ``make`` raises, at
    that first look.
    """
    return cast(T, _OnFirstUse(make))


class _OnFirstUse:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._there(), name)

    def _there(self) -> Any:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def close(self) -> None:
        if self._made is not None:
            self._made.close()
