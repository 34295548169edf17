"""The part of the journal that keeps what persons have said of owed credits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.credits.records import BookingId
from core.operations.owed.settled import Baseline, OwedDecision


class SettledRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too. Each change is in the audit with it."""

    def baseline(self) -> Baseline | None:
        """The one that is in effect."""
        ...

    def set_baseline(self, baseline: Baseline) -> None:
        """Raises ``StateConflict`` while another one is in effect."""
        ...

    def withdraw_baseline(self, *, by: str, at: datetime, reason: str) -> Baseline | None:
        """End it; the one that was in effect."""
        ...

    def owed_decisions(self, bookings: Collection[BookingId]) -> dict[BookingId, OwedDecision]:
        """The decisions in effect on these."""
        ...

    def decide_owed(self, decisions: Sequence[OwedDecision]) -> None:
        """Each takes the place of an earlier one on its booking."""
        ...

    def withdraw_decisions(
        self, bookings: Collection[BookingId], *, by: str, at: datetime, reason: str
    ) -> set[BookingId]:
        """End the decisions on these; which of them had one."""
        ...

    def planned_at(self, operation_id: str) -> datetime | None:
        """When the plan of this operation was made; None when the plan is no longer kept."""
        ...
