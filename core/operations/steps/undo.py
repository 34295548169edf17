"""What an undo goes through: each credit is taken back exactly once (docs/decisions/0017-undo.md).

Claim, judge again, write, clear the mark. The refund's own claim is held until the mark is known to
be cleared and nothing of it is on its way: so nobody refunds a booking whose credit is still there,
and nothing of ours clears the mark of a later refund.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.credits.records import Booking, BookingId
from core.credits.writes import Run
from core.hubspot.ports.crm import Crm, Fate
from core.operations import audit_entries
from core.operations.choosing.undo import facts_of
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.kinds.rules.undos import judge_again
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once
from core.operations.protocol.claim import claimed
from core.operations.states import SETTLED, Item, ItemState, Operation
from core.operations.steps.credits import CreditSteps
from core.operations.steps.items import after_unmark, unmarked_due
from core.operations.steps.marks import but, ids_now, marked_by_others, unmarked
from core.work.steady_clock import QuietPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoSteps(CreditSteps):
    """What each item of an undo goes through. See ``KindSteps``."""

    crm: Crm
    now: Callable[[], datetime]
    quiet: QuietPeriod

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        taken = [item for item in group if item.state is ItemState.GIVEN_BACK]
        todo = claimed(self.journal, run, operation, [i for i in group if i not in taken])
        to_clear = [item for item in taken if not self._on_its_way(item)]
        if todo:
            bookings = self.crm.bookings({booking_of(item, operation.kind) for item in todo})
            todo = self._judged(run, operation, todo, bookings)
            to_clear += self._written(run, operation, todo)
        at_once(lambda some: self._clear(run, operation, some), to_clear)

    def _on_its_way(self, item: Item) -> bool:
        """A clearing that was sent may still arrive: it is not sent again before it cannot."""
        return item.sent_at is not None and not self.quiet.over(item.sent_at)

    def _judged(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        bookings: Mapping[BookingId, Booking | None],
    ) -> list[Item]:
        """Against fresh reads: a credit that is spent by now is not taken."""
        if not items:
            return []
        facts = facts_of(self.crm, self.journal, operation, items, bookings)
        refund = self.journal.operation(operation.undoes)
        judged = judge_again(operation, refund, items, facts)
        self.recording.items(run, operation, [item for item in judged if item.state in SETTLED])
        return [item for item in judged if item.state not in SETTLED]

    def _clear(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """Right after a read. Saved before it is sent: a crash leaves one that may be cleared."""
        bookings = self.crm.bookings_alone({booking_of(i, operation.kind) for i in items})
        items = self._of_the_refund(run, operation, items, bookings)
        if not items:
            return
        ids = ids_now(operation.kind, items, bookings)
        sent_at = self.now()
        sent = [replace(item, sent_at=sent_at) for item in items]
        self.journal.update_items(run, sent)
        outcomes = self.crm.unmark_refunded(list(dict.fromkeys(ids)), sent_at=sent_at)
        saved = [after_unmark(item, outcomes[id_]) for id_, item in zip(ids, sent, strict=True)]
        due = [
            unmarked_due(id_, outcome)
            for id_, outcome in outcomes.items()
            if outcome.fate is Fate.LANDED
        ]
        changed, mark = zip(sent, saved, strict=True), kind_of(operation.kind).mark
        told = audit_entries.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, due, told)
        raise_if_barred(outcomes.values())

    def _of_the_refund(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        bookings: Mapping[BookingId, Booking | None],
    ) -> list[Item]:
        """Those that bear no mark of others by now, as a merge may bring: theirs is not cleared."""
        refund = self.journal.operation(operation.undoes)
        others = marked_by_others(operation.kind, items, bookings, refund)
        if others:
            told = [
                (item, f"its refund mark is left as it is: it is of {by}") for item, by in others
            ]
            self.recording.items(run, operation, unmarked(told))
        return but(items, others)
