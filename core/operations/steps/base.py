"""What the items of an operation go through, whatever its kind; the kind says which of these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.credits.writes import Movement, Run
from core.operations.kinds.registry import credit_kind_of
from core.operations.protocol.settle import Consequences
from core.operations.states import Item, Operation


class KindSteps(Protocol):
    """Repeatable at every point: the journal says where each item stands."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """Take these items as far as they go now.

        Raises:
            GatewayError: HubSpot could not be read. Every item is saved where it stood.
            Superseded: another process has the operation.
        """
        ...

    def recovered(self, operation: Operation) -> Consequences:
        """What follows from writes that an earlier run left open."""
        ...

    def waiting(self, operation: Operation, items: Sequence[Item]) -> dict[str, datetime]:
        """By contact: until when its items wait for what somebody else does."""
        ...

    def conclude(self, run: Run, operation: Operation) -> bool:
        """What is done when no item is left to be carried. True: not all is known, look again.

        Raises:
            GatewayError: HubSpot could not be read.
        """
        ...


def movements_by_contact(
    operation: Operation, items: Sequence[Item]
) -> dict[str, Sequence[Movement]]:
    """What the write of each contact carries: of the items that move a credit of one.

    Raises:
        UnknownKind: items of this kind are not moved so; nothing was.
    """
    of = credit_kind_of(operation.kind)
    wanted: dict[str, list[Movement]] = {}
    for item in items:
        if item.credit is not None and item.contact_id is not None:
            wanted.setdefault(item.contact_id, []).extend(of.movements(item))
    return {**wanted}
