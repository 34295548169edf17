"""The part of the journal that tells what waits for a person, and what was done of late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.health.facts import NeedsEyes, WrittenOver
from core.operations.states import Operation
from core.operations.verdicts import OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The operations of one kind, and the credits that they moved."""

    kind: OperationKind
    operations: int
    #: Credits that landed on balances, and those that were taken from them.
    given: int
    taken: int


class AttentionRecords(Protocol):
    """Each method is one transaction."""

    def needs_eyes(self) -> list[NeedsEyes]:
        """Operations that began, with undecided writes, failed or blocked bookings. The oldest
        first. What a later operation did, or a person put away, needs none.
        """
        ...

    def written_over(self) -> list[WrittenOver]:
        """Operations whose correction nobody has made or begun, of balances alone."""
        ...

    def following_up(self) -> list[Operation]:
        """Operations that have ended and whose follow-ups are due, oldest first."""
        ...

    def moved_since(self, since: datetime) -> Sequence[Moved]:
        """Of what was confirmed from ``since`` on, kinds without an operation left out."""
        ...

    def refunds_landed(self, *, since: datetime) -> int:
        """Credits that refunds begun after ``since`` have given back: they are owed no more."""
        ...
