"""How far operations have come, counted again only where something was recorded since."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from functools import partial

from core.operations.states import ENDED, Operation, Progress
from core.operations.store.port import OperationStore
from core.work.kept_answers import KeptAnswers

#: Some forty pages of the list; one is a few numbers.
KEPT_MAX = 1000


@dataclass(frozen=True, slots=True)
class KeptProgress:
    """Counts those operations of which something was recorded since they were counted last.

    Whatever changes the counts of an operation that has ended is recorded in the same transaction:
    an entry of the audit, an event, or both. One that has not ended is counted each time.
    """

    journal: OperationStore
    _kept: KeptAnswers = field(default_factory=partial(KeptAnswers, KEPT_MAX))

    def of(self, operations: Collection[Operation]) -> dict[str, Progress]:
        """The counts of those of these that there are, by id."""
        marks = self.journal.marks_of([each.id for each in operations])
        still: dict[str, Hashable] = {
            each.id: (each.epoch, marks[each.id])
            for each in operations
            if each.state in ENDED and each.id in marks
        }
        moving = [each.id for each in operations if each.id not in still]
        found = self._kept.ask_each(still, self.journal.progress_of)
        return found | (self.journal.progress_of(moving) if moving else {})
