"""The store whole: what ``stores.py`` keeps for all packages together."""

from __future__ import annotations

from typing import Protocol

from core.health.store.port import HealthStore


class Journal(HealthStore, Protocol):
    """Each method is one transaction; all times are UTC and passed in by the caller.

    Methods that take a ``Run`` raise ``Superseded`` when another process has taken the operation
    up since, so that a process thought dead can do no more.
    """
