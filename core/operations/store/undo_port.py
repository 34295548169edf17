"""The part of the journal that knows what was taken back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from core.credits.records import BookingId
from core.operations.owed.forfeited import Forfeited
from core.operations.owed.rules import TakenBack
from core.operations.states import Operation


class UndoRecords(Protocol):
    """Asked alone. What an undo moves is saved like every movement."""

    def taken_back(self, bookings: Collection[BookingId]) -> dict[BookingId, TakenBack]:
        """The latest undo that took back the credit of each of these, where one did."""
        ...

    def forfeited(self, bookings: Collection[BookingId]) -> dict[BookingId, Forfeited]:
        """The latest operation that cancelled each of these and kept its credit, where one did.

        Not that of which an undo later took back the credit, for by then it had been given back.
        """
        ...

    def undoing(self, operation_id: str) -> list[Operation]:
        """Operations that undo this one, whatever became of them, newest first."""
        ...
