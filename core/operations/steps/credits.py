"""What the steps of several kinds of operation have in common (``base.KindSteps``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.records import ItemKey, Kind
from core.credits.writes import Run
from core.operations.protocol.claim import claimed
from core.operations.protocol.consequences import ContactConsequences
from core.operations.protocol.record import Recording
from core.operations.protocol.settle import Consequences
from core.operations.protocol.write import LastLook, Writing
from core.operations.states import SETTLED, Item, ItemState, Operation
from core.operations.steps.base import movements_by_contact
from core.operations.steps.items import after_write
from core.operations.store.port import OperationStore


class CommonSteps:
    """See ``KindSteps``: what most kinds answer."""

    __slots__ = ()

    def waiting(self, operation: Operation, items: Sequence[Item]) -> dict[str, datetime]:  # noqa: ARG002
        """None waits for anybody."""
        return {}

    def conclude(self, run: Run, operation: Operation) -> bool:  # noqa: ARG002
        """Nothing is left."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSteps(CommonSteps):
    """Of a kind whose items are moved by the write of their contact. See ``KindSteps``."""

    journal: OperationStore
    writing: Writing
    catalogue: Catalogue
    recording: Recording

    def recovered(self, operation: Operation) -> Consequences:
        return ContactConsequences(self.journal, self.catalogue, operation.id)

    def _moved(
        self,
        run: Run,
        operation: Operation,
        group: Sequence[Item],
        check: Callable[[dict[ItemKey, Item]], LastLook] | None = None,
    ) -> None:
        """Of items that are done once their credit has landed: no booking is read or marked."""
        landed = [item for item in group if item.state is ItemState.GIVEN_BACK]
        todo = claimed(self.journal, run, operation, [i for i in group if i not in landed])
        landed += self._written(run, operation, todo, check=check)
        done = [replace(item, state=ItemState.DONE, why="") for item in landed]
        self.journal.update_items(run, done)

    def _written(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        *,
        begins: bool = True,
        check: Callable[[dict[ItemKey, Item]], LastLook] | None = None,
    ) -> list[Item]:
        """Those whose credit is known to have moved. What was refused is saved as failed.

        ``begins``: see ``Writing.write``. ``check``: what looks at the items in hand once more.
        """
        wanted = movements_by_contact(operation, items)
        if not wanted:
            return []
        in_hand: dict[ItemKey, Item] = {item.booking_id: item for item in items}
        then = ContactConsequences(self.journal, self.catalogue, run.operation_id, in_hand)
        last_look = None if check is None else check(in_hand)
        results = self.writing.write(
            run, Kind.CONTACT, wanted, then, last_look=last_look, begins=begins
        )
        failed = [
            new
            for item in in_hand.values()
            if item.state not in SETTLED
            and (new := after_write(item, results[item.contact_id or ""])) is not None
        ]
        self.recording.items(run, operation, failed)
        return then.landed
