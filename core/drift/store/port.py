"""The store as this package needs it: operations, checks, repairs and measures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.audit.entries import Entry
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RowState
from core.drift.store.trends_port import TrendRecords
from core.drift.sweeps import Sweep, SweepMode
from core.operations.store.port import OperationStore


class RepairRecords(Protocol):
    """Repairs, and how each of their records fared."""

    def ask_repair(self, repair: Repair, rows: Sequence[RepairRow]) -> Repair:
        """Add it, unless one with its digest has not ended; the one that is there."""
        ...

    def repair(self, repair_id: str) -> Repair:
        """With its counts. Raises ``UnknownId``."""
        ...

    def repairs(self, *, limit: int = 50) -> list[Repair]:
        """Newest first, with their counts."""
        ...

    def repair_rows(
        self,
        repair_id: str,
        *,
        states: Collection[RowState] = (),
        limit: int | None = None,
    ) -> list[RepairRow]:
        """In the order in which they were confirmed; all states where the filter is empty."""
        ...

    def take_repair(self, repair_id: str) -> Repair:
        """A new epoch: every earlier process that carries this repair is superseded.

        Raises ``UnknownId``.
        """
        ...

    def save_repair(
        self, repair: Repair, rows: Sequence[RepairRow] = (), entries: Sequence[Entry] = ()
    ) -> None:
        """Where it stands, and these rows as they are, with what is to stand in the audit of it.

        Raises ``Superseded`` as ``save_sweep``.
        """
        ...

    def forget_repairs(self, *, before: datetime) -> int:
        """Ended ones, with their rows; how many were forgotten."""
        ...


class SweepRecords(Protocol):
    """Sweeps, and the drift that each found."""

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
    ) -> list[Drift]:
        """By kind and record; all causes where the filter is empty."""
        ...

    def drift_counts(self, sweep_id: str) -> dict[Cause, int]:
        """How many records drift for each cause."""
        ...

    def forget_sweeps(self, *, before: datetime) -> int:
        """Ended ones, with their drifts; how many were forgotten."""
        ...


class DriftStore(OperationStore, SweepRecords, RepairRecords, TrendRecords, Protocol):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
