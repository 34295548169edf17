"""The part of the journal that keeps sweeps and the drift that each found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.drift import Cause, Drift
from core.domain.sweeps import Sweep, SweepMode


class SweepRecords(Protocol):
    """Each method is one transaction."""

    def save_sweep(self, sweep: Sweep, found: Sequence[Drift] = ()) -> None:
        """Where it stands, and what it found since it was saved last, each record once."""
        ...

    def sweeps(self, *, modes: Collection[SweepMode] = (), limit: int = 100) -> list[Sweep]:
        """Newest first."""
        ...

    def drifts(
        self,
        sweep_id: str,
        *,
        causes: Collection[Cause] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Drift]:
        """By kind and record; all causes where the filter is empty."""
        ...

    def drift_counts(self, sweep_id: str) -> dict[Cause, int]:
        """How many records drift for each cause."""
        ...

    def forget_sweeps(self, *, before: datetime) -> int:
        """With their drifts; how many were forgotten."""
        ...
