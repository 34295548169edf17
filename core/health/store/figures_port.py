"""The part of the journal that tells how much it holds, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.health.audit_check.forged import Landed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How many of each are in each state; states in which there is none are left out."""

    operations: Mapping[str, int]
    items: Mapping[str, int]
    writes: Mapping[str, int]


class FigureRecords(Protocol):
    """Each method is one transaction."""

    def figures(self) -> Figures:
        """Counted by the store."""
        ...

    def clock(self) -> datetime | None:
        """The time by the store's own clock; None: it is a file, and goes by this machine's."""
        ...

    def landed_writes(self, *, after: int, limit: int) -> list[Landed]:
        """By their ``seq``, those that come after this one."""
        ...
