"""What an undo goes through: each credit is taken back exactly once (docs/decisions/0017-undo.md).

Claim, judge again, write, clear the mark. The refund's own claim is held until the mark is known to
be cleared and nothing of it is on its way: so nobody refunds a booking whose credit is still there,
and nothing of ours clears the mark of a later refund.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain import booking_acts
from core.domain.credits import Catalogue
from core.domain.operations import SETTLED, Item, ItemState, Operation
from core.domain.records import Booking, BookingId, Kind
from core.gateways.ports import Crm, Fate, Journal, Run
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.kinds.undo_rules import judge_again
from core.services.barring import raise_if_barred
from core.services.batches import at_once
from core.services.claiming import claimed
from core.services.consequences import ContactConsequences
from core.services.item_steps import (
    after_unmark,
    after_write,
    unmarked_due,
)
from core.services.kind_steps import movements_by_contact
from core.services.recording import Recording
from core.services.settling import Consequences
from core.services.steady import QuietPeriod
from core.services.undoing import facts_of
from core.services.writing import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoSteps:
    """What each item of an undo goes through."""

    crm: Crm
    journal: Journal
    writing: Writing
    catalogue: Catalogue
    recording: Recording
    now: Callable[[], datetime]
    quiet: QuietPeriod

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """Take these items as far as they go now.

        Raises:
            GatewayError: HubSpot could not be read. Every item is saved where it stood.
            Superseded: another process has the operation.
        """
        taken = [item for item in group if item.state is ItemState.GIVEN_BACK]
        todo = claimed(self.journal, run, operation, [i for i in group if i not in taken])
        to_clear = [item for item in taken if not self._on_its_way(item)]
        if todo:
            bookings = self.crm.bookings({booking_of(item, operation.kind) for item in todo})
            todo = self._judged(run, operation, todo, bookings)
            to_clear += self._taken(run, operation, todo)
        at_once(lambda some: self._clear(run, operation, some), to_clear)

    def recovered(self, operation: Operation) -> Consequences:
        """What follows from writes that an earlier run left open."""
        return ContactConsequences(self.journal, self.catalogue, operation.id)

    def waiting(self, operation: Operation, items: Sequence[Item]) -> dict[str, datetime]:  # noqa: ARG002
        """None waits for anybody."""
        return {}

    def conclude(self, run: Run, operation: Operation) -> bool:  # noqa: ARG002
        """Nothing is left."""
        return False

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

    def _taken(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Those whose credit is known to have left."""
        wanted = movements_by_contact(operation, items)
        if not wanted:
            return []
        in_hand = {item.booking_id: item for item in items}
        then = ContactConsequences(self.journal, self.catalogue, run.operation_id, in_hand)
        results = self.writing.write(run, Kind.CONTACT, wanted, then, begins=True)
        ended = (after_write(item, results[item.contact_id or ""]) for item in items)
        self.recording.items(run, operation, [item for item in ended if item is not None])
        return then.landed

    def _clear(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """Saved before it is sent: a crash leaves a mark that may still be cleared."""
        sent_at = self.now()
        sent = [replace(item, sent_at=sent_at) for item in items]
        self.journal.update_items(run, sent)
        ids = [booking_of(item, operation.kind) for item in sent]
        outcomes = self.crm.unmark_refunded(ids, sent_at=sent_at)
        saved = [after_unmark(item, outcomes[id_]) for id_, item in zip(ids, sent, strict=True)]
        due = [
            unmarked_due(id_, outcome)
            for id_, outcome in outcomes.items()
            if outcome.fate is Fate.LANDED
        ]
        changed, mark = zip(sent, saved, strict=True), kind_of(operation.kind).mark
        told = booking_acts.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, due, told)
        raise_if_barred(outcomes.values())
