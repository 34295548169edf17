"""The part of the journal that tells what waits for a person, and what was done of late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core.domain.audit import Entry
from core.domain.operations import Item, Operation
from core.domain.overview import NeedsEyes, WrittenOver
from core.domain.plans import OperationKind

if TYPE_CHECKING:
    from core.gateways.ports.journal import Event


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

    def put_away(
        self, operation_id: str, changed: Sequence[Item], *, event: Event, entry: Entry
    ) -> None:
        """Save the state and the words of these failed or blocked bookings, with event and entry.

        Raises:
            StateConflict: it has not ended, or not all of them are failed or blocked any more;
                nothing was saved.
            UnknownId: there is no such operation.
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

    def last_ended(self) -> datetime | None:
        """When an operation ended last; None: none has."""
        ...
