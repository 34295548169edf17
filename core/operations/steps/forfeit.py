"""What a cancellation without refund goes through: claim, judge again, cancel, mark.

Its credit is not written. A booking is marked only when its own history shows that this operation
cancelled it: whoever else cancels it gives its credit back, or owes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.credits.records import Booking, BookingId, BookingStatus
from core.credits.writes import Run
from core.operations import audit_entries
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.owed.double_refunds import marked_by_another
from core.operations.owed.forfeited import Forfeited
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once
from core.operations.states import Item, ItemState, Operation
from core.operations.steps.cancelling import CancelSteps
from core.operations.steps.items import after_forfeit
from core.operations.steps.marks import but, ids_now, unmarked

NOT_MARKED = "not marked as one whose credit is kept"


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
        bookings = self.crm.bookings_alone({booking_of(i, operation.kind) for i in items})
        items = self._to_mark(run, operation, items, bookings)
        if not items:
            return
        ids = ids_now(operation.kind, items, bookings)
        sent_at = self.now()
        sent = [replace(item, sent_at=sent_at) for item in items]
        # a process that slept through all that followed must not mark what was refunded since
        self.journal.update_items(run, sent)
        told = str(Forfeited.by_operation(operation))
        outcomes = self.crm.mark_forfeited(list(dict.fromkeys(ids)), told=told, sent_at=sent_at)
        saved = [after_forfeit(item, outcomes[id_]) for id_, item in zip(ids, sent, strict=True)]
        changed, mark = zip(sent, saved, strict=True), kind_of(operation.kind).mark
        entries = audit_entries.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, entries=entries)
        raise_if_barred(outcomes.values())

    def _to_mark(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        bookings: Mapping[BookingId, Booking | None],
    ) -> list[Item]:
        """Those that still are what was cancelled, which a merge may have ended."""
        left = [
            (item, f"{NOT_MARKED}: {why}")
            for item in items
            if (booking := bookings.get(booking_of(item, operation.kind))) is not None
            and (why := _another_now(operation, booking))
        ]
        if left:
            self.recording.items(run, operation, unmarked(left))
        return but(items, left)


def _another_now(operation: Operation, booking: Booking) -> str:
    """Why no credit of it is kept any more, as it was read just now; empty: it is."""
    if by := marked_by_another(operation, booking):
        return f"it is marked refunded by {by}"
    cancelled = booking.status is BookingStatus.CANCELLED
    return "" if cancelled else f"it is {booking.raw_status or 'without a status'} now"
