"""The part of the journal that keeps repairs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.audit.entries import Entry
from core.drift.repairs import Repair, RepairRow, RowState


class RepairRecords(Protocol):
    """Each method is one transaction."""

    def ask_repair(self, repair: Repair, rows: Sequence[RepairRow]) -> Repair:
        """Add it, unless one with its digest has not ended; the one that is there."""
        ...

    def repair(self, repair_id: str) -> Repair:
        """With its counts. Raises ``UnknownId``."""
        ...

    def repairs(self, *, limit: int = 50, offset: int = 0) -> list[Repair]:
        """Newest first, with their counts."""
        ...

    def repair_rows(
        self,
        repair_id: str,
        *,
        states: Collection[RowState] = (),
        limit: int | None = None,
        offset: int = 0,
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
