"""What a cancellation without refund goes through: claim, judge again, cancel, mark.

Its credit is not written. A booking is marked only when its own history shows that this operation
cancelled it: whoever else cancels it gives its credit back, or owes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.credits.writes import Run
from core.operations import audit_entries
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.owed.forfeited import Forfeited
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once
from core.operations.states import Item, ItemState, Operation
from core.operations.steps.cancelling import CancelSteps
from core.operations.steps.items import after_forfeit


@dataclass(frozen=True, slots=True, kw_only=True)
class ForfeitSteps(CancelSteps):
    """As a cancellation up to the cancel; then its own mark, and no write of a credit."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        known = [item for item in group if item.state is ItemState.GIVEN_BACK]
        ready = self._ready(run, operation, [item for item in group if item not in known])
        self._end(run, operation, ready.ending)
        to_mark = [item for item in known if not self._on_its_way(item)]
        to_mark += self._ours(run, operation, ready.with_credit)
        at_once(lambda some: self._mark(run, operation, some), to_mark)

    def _on_its_way(self, item: Item) -> bool:
        """A mark that was sent may still arrive: its claim is held until it cannot, or has."""
        return item.sent_at is not None and not self.quiet.over(item.sent_at)

    def _ours(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Those that this operation cancelled. The others end here: none of them is marked."""
        asked = self.now()
        sure = [item for item in items if not self._pending(item, asked)]
        ours, ended = [], []
        for new in self._ended(run, operation, sure):
            if new.state is ItemState.DONE:
                ours.append(replace(new, state=ItemState.GIVEN_BACK, sent_at=None))
            else:
                ended.append(new)
        self.recording.items(run, operation, [*ours, *ended])
        return ours

    def _mark(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """For HubSpot, and for the desk should it lose its own store. The journal knows already."""
        sent_at = self.now()
        sent = [replace(item, sent_at=sent_at) for item in items]
        # a process that slept through all that followed must not mark what was refunded since
        self.journal.update_items(run, sent)
        ids = [booking_of(item, operation.kind) for item in sent]
        told = str(Forfeited.by_operation(operation))
        outcomes = self.crm.mark_forfeited(ids, told=told, sent_at=sent_at)
        saved = [after_forfeit(item, outcomes[id_]) for id_, item in zip(ids, sent, strict=True)]
        changed, mark = zip(sent, saved, strict=True), kind_of(operation.kind).mark
        entries = audit_entries.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, entries=entries)
        raise_if_barred(outcomes.values())
