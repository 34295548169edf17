"""What a cancellation without refund goes through: claim, judge again, cancel, mark.

Its credit is not written. A booking is marked only when its own history shows that this operation
cancelled it: whoever else cancels it gives its credit back, or owes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain import booking_acts
from core.domain.forfeited import Forfeited
from core.domain.operations import Item, ItemState, Operation
from core.gateways.ports import Run
from core.operations.kinds.registry import booking_of, kind_of
from core.services.barring import raise_if_barred
from core.services.batches import at_once
from core.services.cancel_steps import CancelSteps
from core.services.item_steps import after_forfeit


@dataclass(frozen=True, slots=True, kw_only=True)
class ForfeitSteps(CancelSteps):
    """As a cancellation up to the cancel; then its own mark, and no write of a credit."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """Take these items as far as they go now.

        Raises:
            GatewayError: HubSpot could not be read. Every item is saved where it stood.
            Superseded: another process has the operation.
        """
        ours = self._ours(run, operation, self._ready(run, operation, group))
        at_once(lambda some: self._mark(run, operation, some), ours)

    def _ours(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Those that this operation cancelled. The others end here: none of them is marked."""
        asked = self.now()
        sure = [item for item in items if not self._pending(item, asked)]
        ours, ended = [], []
        for old, new in zip(sure, self._ended(run, operation, sure), strict=True):
            if new.state is ItemState.DONE:
                ours.append(replace(new, state=ItemState.CANCELLED, why=old.why))
            else:
                ended.append(new)
        self.recording.items(run, operation, [*ours, *ended])
        return ours

    def _mark(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """For HubSpot, and for the desk should it lose its own store. The journal knows already."""
        sent_at = self.now()
        # a process that slept through all that followed must not mark what was refunded since
        self.journal.still_ours(run)
        ids = [booking_of(item, operation.kind) for item in items]
        told = str(Forfeited.by_operation(operation))
        outcomes = self.crm.mark_forfeited(ids, told=told, sent_at=sent_at)
        saved = [after_forfeit(item, outcomes[id_]) for id_, item in zip(ids, items, strict=True)]
        changed, mark = zip(items, saved, strict=True), kind_of(operation.kind).mark
        entries = booking_acts.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, entries=entries)
        raise_if_barred(outcomes.values())
