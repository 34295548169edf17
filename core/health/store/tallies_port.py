"""The part of the journal that counts what was done, for charts over weeks and months.

Everything is grouped by the store: an answer is as long as its chart, not as its history.
``edges``: where each stretch of time begins, ascending; the last one has no end.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from core.credits.records import ExamId
from core.operations.verdicts import OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ActTally:
    """What operations of one kind, person and reason did that were confirmed in one stretch."""

    #: Which stretch, from 0.
    slot: int
    kind: OperationKind
    by: str
    reason: str
    #: Bookings that were made, and bookings that were cancelled.
    booked: int
    cancelled: int
    #: Credits of bookings given back, also those that an undo took back since.
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamTally:
    """What was done to the bookings of one exam."""

    exam_id: ExamId
    #: As its bookings tell them.
    mock_type: str
    exam_date: date | None
    booked: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTally:
    """Records whose repair ended in one stretch: how long they had drifted."""

    #: Which stretch, from 0.
    slot: int
    records: int
    median_s: float
    longest_s: float


class TallyRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def tally_acts(self, edges: Sequence[datetime]) -> list[ActTally]:
        """By stretch, kind, person and reason. What made, cancelled and gave back nothing is
        left out.
        """
        ...

    def tally_exams(self, since: datetime) -> list[ExamTally]:
        """By operations confirmed since then; the most cancellations first."""
        ...

    def tally_repairs(self, edges: Sequence[datetime]) -> list[RepairTally]:
        """Of records that a repair left equal on both sides; by stretch."""
        ...
