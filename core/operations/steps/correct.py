"""What each item of a correction goes through: claim, write, done. No booking is read or marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.domain.operations import Item, ItemState, Operation
from core.domain.records import ItemKey
from core.gateways.ports import Run
from core.services.claiming import claimed
from core.services.common_steps import CreditSteps
from core.services.writing import LastLook


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSteps(CreditSteps):
    """See ``KindSteps``."""

    def look(
        self,
        run: Run,  # noqa: ARG002
        operation: Operation,  # noqa: ARG002
    ) -> Callable[[dict[ItemKey, Item]], LastLook] | None:
        """What is looked at in the moment of the balance read; None: a correction needs none."""
        return None

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """See ``KindSteps``."""
        landed = [item for item in group if item.state is ItemState.GIVEN_BACK]
        todo = claimed(self.journal, run, operation, [i for i in group if i not in landed])
        landed += self._written(run, operation, todo, check=self.look(run, operation))
        done = [replace(item, state=ItemState.DONE, why="") for item in landed]
        self.journal.update_items(run, done)
