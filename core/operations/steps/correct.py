"""What each item of a correction goes through: claim, write, done. No booking is read or marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.credits import Catalogue
from core.domain.operations import SETTLED, Item, ItemState, Operation
from core.domain.records import Kind
from core.gateways.ports import Journal, Run
from core.services.claiming import claimed
from core.services.consequences import ContactConsequences
from core.services.item_steps import after_write
from core.services.kind_steps import movements_by_contact
from core.services.recording import Recording
from core.services.settling import Consequences
from core.services.writing import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSteps:
    """See ``KindSteps``."""

    journal: Journal
    writing: Writing
    catalogue: Catalogue
    recording: Recording

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """See ``KindSteps``."""
        landed = [item for item in group if item.state is ItemState.GIVEN_BACK]
        todo = claimed(self.journal, run, operation, [i for i in group if i not in landed])
        landed += self._written(run, operation, todo)
        done = [replace(item, state=ItemState.DONE, why="") for item in landed]
        self.journal.update_items(run, done)

    def recovered(self, operation: Operation) -> Consequences:
        """See ``KindSteps``."""
        return ContactConsequences(self.journal, self.catalogue, operation.id)

    def waiting(self, operation: Operation, items: Sequence[Item]) -> dict[str, datetime]:  # noqa: ARG002
        """None waits for anybody."""
        return {}

    def conclude(self, run: Run, operation: Operation) -> bool:  # noqa: ARG002
        """Nothing is left."""
        return False

    def _written(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Those whose balance is known to be corrected."""
        wanted = movements_by_contact(operation, items)
        if not wanted:
            return []
        in_hand = {item.booking_id: item for item in items}
        then = ContactConsequences(self.journal, self.catalogue, run.operation_id, in_hand)
        results = self.writing.write(run, Kind.CONTACT, wanted, then, begins=True)
        failed = [
            new
            for item in in_hand.values()
            if item.state not in SETTLED
            and (new := after_write(item, results[item.contact_id or ""])) is not None
        ]
        self.recording.items(run, operation, failed)
        return then.landed
