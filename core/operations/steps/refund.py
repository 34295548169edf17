"""What a refund or a cancellation goes through: claim, judge again, cancel, write, mark.

These are steps 2 to 8 of docs/exactly-once.md; the first half is ``CancelSteps``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.credits.records import Booking, BookingId
from core.credits.writes import Run
from core.hubspot.ports.crm import Fate
from core.operations import audit_entries
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.leftovers import About, Warned
from core.operations.owed.refund_check import RefundCheck
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once
from core.operations.states import Item, ItemState, Operation
from core.operations.steps.cancelling import CancelSteps
from core.operations.steps.items import after_mark, marked_due
from core.operations.steps.marks import but, ids_now, marked_by_others, unmarked


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSteps(CancelSteps):
    """What each item of a cancellation or refund goes through. See ``KindSteps``."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        marked_later = [item for item in group if item.state is ItemState.GIVEN_BACK]
        ready = self._ready(run, operation, [i for i in group if i not in marked_later])
        look = self._look(run, operation, ready.ending)
        # each looked at once more; a booking that was cancelled is past its beginning
        begins = not kind_of(operation.kind).cancels
        landed = self._written(run, operation, ready.with_credit, begins=begins, check=look.over)
        at_once(lambda some: self._mark(run, operation, some), [*marked_later, *landed])
        self._end(run, operation, ready.ending, look)

    def _look(self, run: Run, operation: Operation, beside: Sequence[Item]) -> RefundCheck:
        return RefundCheck(
            crm=self.crm,
            journal=self.journal,
            recording=self.recording,
            catalogue=self.catalogue,
            run=run,
            operation=operation,
            beside=beside,
            now=self.now,
            quiet=self.quiet.length,
        )

    def _unmarked(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        bookings: Mapping[BookingId, Booking | None],
    ) -> list[Item]:
        """Those that nobody else has marked meanwhile: another's mark is never written over."""
        if others := marked_by_others(operation.kind, items, bookings, operation):
            warned = [
                Warned(
                    about=About.REFUNDED_TWICE,
                    record=item.booking_id,
                    told=f"booking {item.booking_name or item.booking_id} was refunded by this "
                    f"operation ({item.before} → {item.after}), and marked refunded by {by}: "
                    "its credit may have been given twice",
                )
                for item, by in others
            ]
            self.journal.warn(run, warned, at=self.now())
            done = unmarked([(item, f"also marked by {by}") for item, by in others])
            self.recording.items(run, operation, done)
        return but(items, others)

    def _mark(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """Only what is settled as landed is marked refunded (step 8), right after it was read."""
        bookings = self.crm.bookings_alone({booking_of(i, operation.kind) for i in items})
        items = self._unmarked(run, operation, items, bookings)
        if not items:
            return
        ids = ids_now(operation.kind, items, bookings)
        sent_at = self.now()
        # a process that slept through all that followed must not mark what was taken back since
        self.journal.still_ours(run)
        outcomes = self.crm.mark_refunded(
            list(dict.fromkeys(ids)),
            at=operation.confirmed_at,
            admin=operation.confirmed_by,
            sent_at=sent_at,
            forfeited={one.id for one in bookings.values() if one and one.forfeited},
        )
        saved = [after_mark(item, outcomes[id_]) for id_, item in zip(ids, items, strict=True)]
        due = [
            marked_due(id_, operation, outcome)
            for id_, outcome in outcomes.items()
            if outcome.fate is Fate.LANDED
        ]
        changed, mark = zip(items, saved, strict=True), kind_of(operation.kind).mark
        told = audit_entries.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, due, told)
        raise_if_barred(outcomes.values())
