"""What each item of a correction goes through: claim, write, done. No booking is read or marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.credits.writes import Run
from core.operations.states import Item, Operation
from core.operations.steps.credits import CreditSteps


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSteps(CreditSteps):
    """See ``KindSteps``."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """See ``KindSteps``."""
        self._moved(run, operation, group)
