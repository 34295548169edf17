"""What a booking goes through: it is made in HubSpot exactly once, or all it took goes back.

The order is day, seat, credit, booking. Each step is found again after a crash: the seat and the
credit in the journal's movements, the booking in HubSpot by its unique name and by the operation's
id that it bears (docs/decisions/0011-booking.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from core.audit.entries import Entry
from core.credits.catalogue import Catalogue
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    ContactId,
    Counted,
    Exam,
    ExamId,
    Kind,
    NewBooking,
)
from core.credits.writes import Movement, MovementKind, Run, Write
from core.hubspot.ports.crm import Fate
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.store.outbox_port import Due
from core.operations import audit_entries
from core.operations.booking_rules import (
    DAY_KEPT,
    Seat,
    day_of,
    judge_credit,
    judge_day,
    judge_exam,
    token_of,
)
from core.operations.choosing.exams import exam_read
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.record import Recording
from core.operations.protocol.settle import Ending, Result
from core.operations.protocol.write import Writing
from core.operations.states import SETTLED, Item, ItemState, Operation
from core.operations.steps.credits import CommonSteps
from core.operations.steps.items import booking_due, counted_due
from core.operations.store.port import OperationStore
from core.operations.verdicts import Why
from core.work.steady_clock import QuietPeriod

_SEAT, _SPEND = MovementKind.SEAT_TAKEN, MovementKind.SPEND
_UNDO = {_SEAT: MovementKind.UNDO_SEAT, _SPEND: MovementKind.UNDO_SPEND}
_BY = {_SEAT: 1, _SPEND: -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSteps(CommonSteps):
    """What the item of a booking operation goes through. See ``KindSteps``."""

    crm: CrmLookUp
    journal: OperationStore
    writing: Writing
    catalogue: Catalogue
    recording: Recording
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    quiet: QuietPeriod

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        for item in group:
            self._one(run, operation, item)

    def recovered(self, operation: Operation) -> SeatConsequences:
        return SeatConsequences(self.journal, self.catalogue, operation.id)

    def _one(self, run: Run, operation: Operation, item: Item) -> None:
        now = self.now()
        if not self.journal.lease(run, Kind.BOOKING, [_day(item)], now=now, until=now + DAY_KEPT):
            return  # another booking of this student on that day is under way: after it
        if item.state is ItemState.PENDING:
            item = self._save(run, replace(item, state=ItemState.CLAIMED))
        if item.state is ItemState.CLAIMED:
            item = self._forward(run, operation, item)
        if item.state is ItemState.CANCELLED:
            self._back(run, item)

    # towards the booking

    def _forward(self, run: Run, operation: Operation, item: Item) -> Item:
        """The item as it stands after this look."""
        if item.sent_at is not None:
            asked = self.now()  # before the read: what arrives while it is answered is not in it
            held = self._held(item)
            if held is not None:
                return self._found(run, operation, item, held)
            if not self.quiet.over(item.sent_at, asked):
                return item  # it may still arrive: nothing is decided before
        if refusal := self._refusal(item):
            return self._give_up(run, item, refusal)
        for kind in (_SEAT, _SPEND):
            if kind is _SPEND and item.credit is None:
                continue
            result = self._move(run, item, kind)
            item = self._again(item)
            if result.ending is Ending.REFUSED:
                what = "no seat" if kind is _SEAT else "no credit"
                return self._give_up(run, item, f"{what} could be taken: {result.reason}")
            if result.ending is not Ending.LANDED:
                return item
        return self._create(run, operation, item)

    def _refusal(self, item: Item) -> str:
        """Why it is not to be, on fresh reads; "" when it is. What it has already is not asked."""
        contact_id, exam_id = _whose(item), ExamId(item.exam_id or "")
        contact = self.crm.contacts([contact_id])[contact_id]
        exam = exam_read(self.crm, self.journal, exam_id)
        if contact is None:
            return str(Why.CONTACT_GONE)
        if contact.id != contact_id:  # whoever books the new one keeps other days than we
            return f"changed since the preview: the student was merged into contact {contact.id}"
        seated = self._has(item, _SEAT)
        if fault := judge_exam(exam, at=self.now(), zone=self.zone, seated=seated):
            return _told(fault)
        if changed := _moved(exam, item):
            return changed
        held = self.crm.bookings_of(ContactId(contact.id))
        rule, name = self.catalogue.day_rule, item.booking_name
        if fault := judge_day(held, item.exam_date, item.mock_type, rule, but=name):
            return _told(fault)
        if item.credit is None or self._has(item, _SPEND):
            return ""
        found = judge_credit(contact, item.mock_type, self.catalogue, override=False)
        if found.credit is None:
            return _told(found)
        if found.credit != item.credit:
            now = self.catalogue.by_key(found.credit).label
            return f"changed since the preview: it would now spend {now}"
        return ""

    def _create(self, run: Run, operation: Operation, item: Item) -> Item:
        """Sent once for each quiet period, under a name that HubSpot lets exist only once."""
        sent = self._save(run, replace(item, sent_at=self.now()))
        assert sent.sent_at is not None
        outcome = self.crm.create_booking(self._new(operation, item), sent_at=sent.sent_at)
        if outcome.fate is Fate.NOT_SENT:
            unsent = self._save(run, replace(sent, sent_at=None))
            raise_if_barred([outcome])
            return unsent
        held = self._held(sent)
        if held is not None:
            return self._found(run, operation, sent, held)
        if outcome.fate is Fate.REFUSED:
            why = f"HubSpot refused the booking: {outcome.reason}"
            told = audit_entries.not_created(operation, sent, why, self.recording.now())
            return self._give_up(run, sent, why, told)
        return sent

    def _new(self, operation: Operation, item: Item) -> NewBooking:
        return NewBooking(
            name=item.booking_name,
            contact_id=_whose(item),
            exam_id=ExamId(item.exam_id or ""),
            token=token_of(item.credit, self.catalogue),
            idempotency_key=operation.id,
            attending_location=item.attending_location,
            dominant_hand=item.dominant_hand,
            student_name=item.contact_name,
            student_email=item.contact_email,
        )

    def _held(self, item: Item) -> Booking | None:
        """The booking of that name, whoever made it: this read sees every write before it."""
        id_ = self.crm.booking_ids_named([item.booking_name])[item.booking_name]
        return None if id_ is None else self.crm.bookings([id_])[id_]

    def _found(self, run: Run, operation: Operation, item: Item, held: Booking) -> Item:
        if held.idempotency_key != item.operation_id:
            return self._give_up(run, item, f"somebody else booked {item.booking_name} just now")
        done = replace(item, state=ItemState.DONE, why="")
        told = audit_entries.created(operation, item, held, self.recording.now())
        self.recording.record(run, [], [done], [booking_due(held)], [told])
        return done

    # back again

    def _give_up(self, run: Run, item: Item, why: str, *told: Entry) -> Item:
        """Saved before anything goes back, so that no later look takes it up again."""
        given_up = replace(item, state=ItemState.CANCELLED, why=why)
        self.recording.record(run, [], [given_up], entries=told)
        return given_up

    def _back(self, run: Run, item: Item) -> None:
        """The credit first, then the seat; what cannot go back is told to a person."""
        lost = []
        for kind, what in ((_SPEND, "its credit is still taken"), (_SEAT, "its seat is")):
            if not self._has(item, kind):
                continue
            result = self._move(run, item, _UNDO[kind])
            if result.ending is Ending.REFUSED:
                lost.append(f"{what}: {result.reason}")
            elif result.ending is not Ending.LANDED:
                return
        told = "; ".join(lost) if lost else "no credit and no seat was taken"
        item = self._again(item)
        self._save(
            run, replace(item, state=ItemState.FAILED, why=f"not booked: {item.why} ({told})")
        )

    # movements

    def _has(self, item: Item, kind: MovementKind) -> bool:
        """Whether it landed; open and undecided ones are not looked at before they are known."""
        return item.booking_id in self.journal.moving(item.operation_id, kind)

    def _move(self, run: Run, item: Item, kind: MovementKind) -> Result:
        """One movement of this booking, or its undoing; once, however often it is asked for."""
        if self._has(item, kind):
            return Result(Ending.LANDED)
        of_seat = kind in {_SEAT, _UNDO[_SEAT]}
        target = str(item.exam_id) if of_seat else str(item.contact_id)
        counter = TOTAL_BOOKINGS if of_seat or item.credit is None else item.credit
        delta = _BY.get(kind) or -_BY[_SEAT if of_seat else _SPEND]
        movement = Movement(booking_id=item.booking_id, kind=kind, credit=counter, delta=delta)
        then = SeatConsequences(self.journal, self.catalogue, item.operation_id)
        wanted: Mapping[str, Sequence[Movement]] = {target: [movement]}
        return self.writing.write(run, Kind.EXAM if of_seat else Kind.CONTACT, wanted, then)[target]

    def _again(self, item: Item) -> Item:
        """As the write has left it."""
        return self.journal.items(item.operation_id, bookings=[item.booking_id])[0]

    def _save(self, run: Run, item: Item) -> Item:
        self.journal.update_items(run, [item])
        return item


@dataclass(frozen=True, slots=True)
class SeatConsequences:
    """A seat or credit that landed: the copy is due, and the item knows its balances.

    See ``Consequences``.
    """

    journal: OperationStore
    catalogue: Catalogue
    operation_id: str

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        items = [_after(write, item) for item in self._items(write)]
        return items, [counted_due(target, self.catalogue)]

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        return [replace(item, state=ItemState.UNDECIDED, why=reason) for item in self._items(write)]

    def _items(self, write: Write) -> list[Item]:
        keys = {movement.booking_id for movement in write.movements}
        items = self.journal.items(self.operation_id)
        return [i for i in items if i.booking_id in keys and i.state not in SETTLED]


def _after(write: Write, item: Item) -> Item:
    """With the balance before and after its credit was taken; with none when it went back."""
    if write.kind is not Kind.CONTACT or item.credit is None:
        return item
    before, after = write.before[item.credit], write.after[item.credit]
    if after > before:
        return replace(item, before=None, after=None)
    return replace(item, before=before, after=after)


def _day(item: Item) -> str:
    return day_of(_whose(item), item.exam_date)


def _whose(item: Item) -> ContactId:
    return ContactId(item.contact_id or "")


def _moved(exam: Exam | None, item: Item) -> str:
    """The name of the booking holds date and type: another one would not be what was confirmed."""
    if exam is not None and (exam.exam_date, exam.mock_type) != (item.exam_date, item.mock_type):
        return f"changed since the preview: the exam is now {exam.mock_type} on {exam.exam_date}"
    return ""


def _told(seat: Seat) -> str:
    return f"{seat.why}: {seat.detail}" if seat.detail else str(seat.why)
