"""The part of the journal that keeps sweeps and the drift that each found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.sweeps import Sweep, SweepMode


class SweepRecords(Protocol):
    """Each method is one transaction."""

    def ask_sweep(self, sweep: Sweep) -> Sweep:
        """Add it, unless its id is there or one of its mode has not ended; the one that is there.

        Asking twice is therefore the same sweep.
        """
        ...

    def sweep(self, sweep_id: str) -> Sweep:
        """Raises ``UnknownId``."""
        ...

    def take_sweep(self, sweep_id: str) -> Sweep:
        """A new epoch: every earlier process that carries this sweep is superseded.

        Raises ``UnknownId``.
        """
        ...

    def save_sweep(self, sweep: Sweep, found: Sequence[Drift] = ()) -> None:
        """Where it stands, and what it found since it was saved last, each record once.

        Adds it if need be. Raises ``Superseded`` when its epoch is not the newest.
        """
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
        """Ended ones, with their drifts; how many were forgotten."""
        ...
