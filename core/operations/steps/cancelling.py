"""The first half of whatever cancels bookings, or gives back what cancelled ones are owed.

Claim, judge again, cancel: steps 2 to 4 of docs/exactly-once.md. One group of bookings at a time,
whole contacts together. Each step saves what it learned before the next begins, so a crash between
any two resumes where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial

from core.credits.catalogue import CreditType
from core.credits.records import Booking, BookingId, Contact, ContactId, Kind
from core.credits.writes import Run
from core.hubspot.ports.crm import Crm, Fate
from core.operations import audit_entries
from core.operations.kinds.registry import booking_of, chosen_kind_of, kind_of
from core.operations.leftovers import About, Warned
from core.operations.owed.double_refunds import after_cancel_without_credit, warned_of_moves
from core.operations.owed.refund_check import RefundCheck, waiting, with_their_cancels
from core.operations.owed.rules import STATUS
from core.operations.plans import contacts_named, others_unreadable, with_current_hint
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once
from core.operations.protocol.claim import claimed
from core.operations.protocol.starts import Starts
from core.operations.states import SETTLED, Item, ItemState, Operation
from core.operations.steps.credits import CreditSteps
from core.operations.steps.items import (
    after_cancel,
    booking_due,
    cancelled_due,
    not_sent,
    sending_cancel,
)
from core.operations.steps.recheck import judge_again
from core.operations.terms import Terms
from core.work.steady_clock import QuietPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyItems:
    """Claimed, judged, and cancelled where their operation cancels."""

    #: Whose credit is to be dealt with.
    with_credit: Sequence[Item]
    #: Cancelled without a credit: they end by whose cancel it was.
    ending: Sequence[Item] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSteps(CreditSteps):
    """What the items of a chosen kind go through before their credits are dealt with.

    See ``KindSteps``.
    """

    crm: Crm
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    quiet: QuietPeriod
    starts: Starts

    def waiting(self, operation: Operation, items: Sequence[Item]) -> dict[str, datetime]:
        if not kind_of(operation.kind).cancels:
            return {}
        return waiting(items, self.quiet, self.now())

    def _ready(self, run: Run, operation: Operation, items: Sequence[Item]) -> ReadyItems:
        """What goes on of these items.

        Raises:
            GatewayError: HubSpot could not be read. Every item is saved where it stood.
            Superseded: another process has the operation.
        """
        todo = claimed(self.journal, run, operation, items)
        asked = self.now()
        bookings, contacts = self._read(operation, todo)
        todo = self._judged(run, operation, todo, bookings, contacts, asked)
        if not kind_of(operation.kind).cancels:
            return ReadyItems(with_credit=todo)
        items = self._cancelled(run, operation, todo, asked)
        return ReadyItems(
            with_credit=[i for i in items if i.credit is not None],
            ending=[i for i in items if i.credit is None and not self._pending(i, asked)],
        )

    def _read(
        self, operation: Operation, items: Sequence[Item]
    ) -> tuple[dict[BookingId, Booking | None], dict[ContactId, Contact | None]]:
        """The bookings, and at once the contacts of the plan.

        A booking that names another by now may be of one that was merged meanwhile: then its
        contacts are read after it.
        """
        with self.crm.reads_at_once() as reads:
            asked = {booking_of(item, operation.kind) for item in items}
            reading = reads.submit(self.crm.bookings, asked)
            planned = {item.contact_id for item in items if item.contact_id}
            reading_contacts = reads.submit(self.crm.contacts, planned)
        bookings, contacts = reading.result(), reading_contacts.result()
        later = set[ContactId]()
        for item in items:
            named = contacts_named([bookings.get(booking_of(item, operation.kind))])
            if named - {item.contact_id}:
                later |= named | ({item.contact_id} if item.contact_id else set())
        return bookings, contacts | (self.crm.contacts(later) if later else {})

    def _judged(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        bookings: Mapping[BookingId, Booking | None],
        contacts: Mapping[ContactId, Contact | None],
        asked: datetime,
    ) -> list[Item]:
        """Against fresh reads, contacts too: nothing is cancelled whose credit cannot return.

        One whose cancel may still arrive does not end before: it could be cancelled by us unseen.
        """
        known = with_their_cancels(self.crm, operation, items, bookings)
        judged = [
            old if self._pending(old, asked) and _ends_active(new) else new
            for old, item in zip(items, known, strict=True)
            for new in [self._judge(operation, item, bookings, contacts)]
        ]
        if kind_of(operation.kind).cancels:
            judged = self._without_strangers(run, judged, contacts)
        changed = [(old, new) for old, new in zip(items, judged, strict=True) if new != old]
        # of a cancel whose answer was lost, this is where it is known to have landed
        mark = kind_of(operation.kind).mark
        found = audit_entries.entries(operation, changed, self.now(), mark=mark, found=True)
        due = [
            booking_due(booking)
            for old, new in changed
            if new.cancelled
            and not old.cancelled
            and (booking := bookings.get(booking_of(new, operation.kind))) is not None
        ]
        self.recording.items(run, operation, [new for _, new in changed], due, found)
        going_on = [item for item in judged if item.state not in SETTLED]
        keeps = chosen_kind_of(operation.kind).keeps
        if not keeps and (warned := _other_balances(going_on, contacts)):
            self.journal.warn(run, warned, at=self.now())
        return going_on

    def _without_strangers(
        self, run: Run, items: Sequence[Item], contacts: Mapping[ContactId, Contact | None]
    ) -> list[Item]:
        """No seat is freed whose credit could not return because another desk is at work."""
        begun = {i.booking_id for i in items if i.state in SETTLED or i.cancelled or i.cancel_sent}
        of = {
            item.booking_id: contact
            for item in items
            if item.booking_id not in begun and item.credit is not None
            if (contact := contacts.get(item.contact_id or ContactId(""))) is not None
        }
        strange = self.writing.strangers(run, Kind.CONTACT, of.values())
        return [
            replace(item, state=ItemState.BLOCKED, why=strange[contact.id])
            if (contact := of.get(item.booking_id)) is not None and contact.id in strange
            else item
            for item in items
        ]

    def _judge(
        self,
        operation: Operation,
        item: Item,
        bookings: Mapping[BookingId, Booking | None],
        contacts: Mapping[ContactId, Contact | None],
    ) -> Item:
        booking = bookings.get(booking_of(item, operation.kind))
        of = chosen_kind_of(operation.kind)
        if of.keeps and item.state is ItemState.CANCELLED:
            return item  # it ends by whose cancel it was, and nothing else
        return judge_again(
            partial(of.judge_begun, item),
            item,
            booking and with_current_hint(booking, contacts),
            contacts.get(item.contact_id or ContactId("")),
            self.catalogue,
            Terms(at=self.now(), zone=self.zone, include=operation.include),
            cancels=of.cancels,
        )

    def _cancelled(
        self, run: Run, operation: Operation, items: Sequence[Item], asked: datetime
    ) -> list[Item]:
        """Cancel first: nobody ever sees a credit for a seat that is still held (step 4)."""
        todo = [item for item in items if item.state is not ItemState.CANCELLED]
        parts = at_once(lambda some: self._cancel_batch(run, operation, some, asked), todo)
        saved = [item for part in parts for item in part]
        return [item for item in (*items, *saved) if item.state is ItemState.CANCELLED]

    def _cancel_batch(
        self, run: Run, operation: Operation, items: Sequence[Item], asked: datetime
    ) -> list[Item]:
        """The items as they go on. Saved before it is sent: a crash leaves one that may arrive."""
        with self.starts.turn(run) as may:
            now = self.now()
            sent = [sending_cancel(i, now, pending=self._pending(i, asked)) for i in items]
            if not may:
                stopped = [not_sent(each) for each in sent]
                self.recording.items(run, operation, stopped)
                return stopped
            self.journal.update_items(run, [each.item for each in sent])
            ids = [booking_of(item, operation.kind) for item in items]
            outcomes = self.crm.cancel_bookings(ids, marker=operation.id, sent_at=now)
        saved = [after_cancel(each, outcomes[id_]) for id_, each in zip(ids, sent, strict=True)]
        due = [
            cancelled_due(id_, outcome)
            for id_, outcome in outcomes.items()
            if outcome.fate is Fate.LANDED
        ]
        changed = zip([each.item for each in sent], saved, strict=True)
        mark = kind_of(operation.kind).mark
        told = audit_entries.entries(operation, changed, self.now(), mark=mark)
        self.recording.items(run, operation, saved, due, told)
        raise_if_barred(outcomes.values())
        return saved

    def _end(
        self,
        run: Run,
        operation: Operation,
        ending: Sequence[Item],
        look: RefundCheck | None = None,
    ) -> None:
        """Cancelled without a credit. Of no other's cancel is a seat counted down.

        ``look``: what may have read of them after their cancel.
        """
        if not ending:
            return
        ended = self._ended(run, operation, ending, look)
        # as the cancel left them, and its copy told
        copied = [
            new.booking_id
            for old, new in zip(ending, ended, strict=True)
            if old.cancelled and new.cancelled and new.exam_id == old.exam_id
        ]
        self.recording.items(run, operation, ended, copied=copied)

    def _ended(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        look: RefundCheck | None = None,
    ) -> list[Item]:
        """As they end by whose cancel it was; nothing of it is saved but what is to be told."""
        ids = [booking_of(item, operation.kind) for item in items]
        if look is not None and look.histories.keys() >= set(ids):
            histories, exams = look.histories, look.exams_of
        else:
            with self.crm.reads_at_once() as reads:
                reading = reads.submit(self.crm.histories, Kind.BOOKING, ids, [STATUS])
                reading_exams = reads.submit(self.crm.exams_of, ids)
            histories, exams = reading.result(), reading_exams.result()
        ended = [
            after_cancel_without_credit(item, histories.get(id_), exams.get(id_, ()))
            for item, id_ in zip(items, ids, strict=True)
        ]
        if moved := warned_of_moves(zip(items, ended, strict=True)):
            self.journal.warn(run, moved, at=self.now())
        return ended

    def _pending(self, item: Item, asked: datetime) -> bool:
        """Whether a cancel sent for it may have arrived after its booking was ``asked`` for."""
        if not item.cancel_sent or item.sent_at is None:
            return False
        return not self.quiet.over(item.sent_at, asked)


def _other_balances(
    items: Sequence[Item], contacts: Mapping[ContactId, Contact | None]
) -> list[Warned]:
    """Balances that stop nothing here, but that somebody has to correct: once for each student."""
    moved: dict[ContactId, set[CreditType]] = {}
    for item in items:
        if item.credit is not None and item.contact_id is not None:
            moved.setdefault(item.contact_id, set()).add(item.credit)
    found = []
    for id_, credits_ in moved.items():
        contact = contacts.get(id_)
        others = others_unreadable(contact, credits_) if contact else ""
        if contact and others:
            told = f"contact {contact.id}: {others}"
            found.append(Warned(about=About.BALANCE, record=contact.id, told=told))
    return found


def _ends_active(item: Item) -> bool:
    return item.state in SETTLED and not item.cancelled
