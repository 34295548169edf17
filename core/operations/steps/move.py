"""What a booking goes through that moves: a seat there, the booking itself, its seat here.

The seat at the other exam is taken before anything else, in the journal's movements, under a name
of the booking and this operation. Then the booking is tied, untied and named, which a repeat does
not change any more; what became of it is told by reading it. The seat here is freed when all
items are settled (``FollowUp.SEATS_LEFT``). What turns out not to be movable once it has its seat
is put back as it was, and then gives the seat back (docs/decisions/0032-moves.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial

from core.credits.catalogue import Catalogue
from core.credits.moves import Move, Student
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    ItemKey,
    Kind,
)
from core.credits.writes import Movement, MovementKind, Run, Write
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.store.outbox_port import Due
from core.operations import audit_entries
from core.operations.booking_rules import DAY_KEPT, day_of, key_of, seats_left
from core.operations.choosing.exams import exam_read
from core.operations.choosing.move import free_names, students_of
from core.operations.kinds.registry import booking_of, item_moved, moving_kind_of
from core.operations.leftovers import About, Warned
from core.operations.plans import contacts_named, with_current_hint
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.claim import claimed
from core.operations.protocol.record import Recording
from core.operations.protocol.settle import Ending, Result
from core.operations.protocol.starts import NOT_BEGUN, Starts
from core.operations.protocol.write import Writing
from core.operations.states import SETTLED, Item, ItemState, Operation
from core.operations.steps.credits import CommonSteps
from core.operations.steps.items import booking_due, counted_due
from core.operations.steps.recheck import ends_here, judge_again
from core.operations.store.port import OperationStore
from core.operations.terms import Terms
from core.operations.verdicts import Why
from core.work.steady_clock import QuietPeriod

_BY = {MovementKind.SEAT_TAKEN: 1, MovementKind.UNDO_SEAT: -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What HubSpot says of some bookings, of their students and of the exam that they go to."""

    to: Exam | None
    bookings: Mapping[ItemKey, Booking]
    contacts: Mapping[ContactId, Contact | None]
    students: Mapping[ContactId, Student]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveSteps(CommonSteps):
    """What the items of a move go through. See ``KindSteps``."""

    crm: CrmLookUp
    journal: OperationStore
    writing: Writing
    catalogue: Catalogue
    recording: Recording
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    quiet: QuietPeriod
    starts: Starts

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        begun = [item for item in group if item.state is not ItemState.CANCELLED]
        ours = claimed(self.journal, run, operation, begun)
        back = [item for item in group if item.state is ItemState.CANCELLED]
        to = self._target(operation)
        days = {i.booking_id: _days(i, to) for i in (*ours, *back)}
        in_hand = self._alone(run, [*ours, *back], days)
        seated = self._seated(operation)
        todo = [item for item in in_hand if item.state is not ItemState.CANCELLED]
        had = [item for item in todo if _seat_of(item) in seated]
        got = self._take_seats(run, operation, [i for i in todo if _seat_of(i) not in seated])
        self._change(run, operation, [*had, *got])
        self._put_back(run, operation, [i for i in in_hand if i.state is ItemState.CANCELLED])
        self._free_days(run, operation, in_hand, days)

    def recovered(self, operation: Operation) -> MoveConsequences:
        return MoveConsequences(self.journal, self.catalogue, operation)

    # the student's days

    def _alone(
        self, run: Run, items: Sequence[Item], days: Mapping[ItemKey, set[str]]
    ) -> list[Item]:
        """Those whose student nobody else books or moves on either day; the others come after."""
        asked, now = set[str]().union(*days.values()), self.now()
        got = self.journal.lease(run, Kind.BOOKING, asked, now=now, until=now + DAY_KEPT)
        alone = [item for item in items if days[item.booking_id] <= got]
        needed = set[str]().union(*(days[item.booking_id] for item in alone))
        self.journal.release_leases(run, Kind.BOOKING, got - needed)
        return alone

    def _free_days(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        days: Mapping[ItemKey, set[str]],
    ) -> None:
        """Others may book the students of items that are settled now, while this goes on."""
        ids = [item.booking_id for item in items]
        now = self.journal.items(operation.id, bookings=ids) if ids else []
        free, kept = set[str](), set[str]()
        for item in now:
            of = free if item.state in SETTLED else kept
            of |= days[item.booking_id]
        self.journal.release_leases(run, Kind.BOOKING, free - kept)

    # looking

    def _look(self, operation: Operation, items: Sequence[Item]) -> Look:
        with self.crm.reads_at_once() as reads:
            reading_exam = reads.submit(self._target, operation)
            reading = reads.submit(self._read, operation, items)
        to, read = reading_exam.result(), reading.result()
        found = list(read.values())
        named = contacts_named(found) | {_whose(item) for item in items}
        contacts = self.crm.contacts(named)
        current = {key: with_current_hint(one, contacts) for key, one in read.items()}
        students = students_of(self.crm, found, contacts)
        return Look(to=to, bookings=current, contacts=contacts, students=students)

    def _target(self, operation: Operation) -> Exam | None:
        """The exam that the bookings go to; None: it is gone, or was merged into another."""
        id_ = _to(operation)
        to = exam_read(self.crm, self.journal, id_)
        return to if to is not None and to.id == id_ else None

    def _read(self, operation: Operation, items: Sequence[Item]) -> dict[ItemKey, Booking]:
        ids = {item.booking_id: booking_of(item, operation.kind) for item in items}
        read = self.crm.bookings(ids.values())
        return {key: one for key, id_ in ids.items() if (one := read[id_]) is not None}

    def _judged(
        self, operation: Operation, items: Sequence[Item], look: Look, *, seated: bool
    ) -> list[Item]:
        """The items as they go on, or as they end with the reason; ``seated``: all have a seat."""
        of = moving_kind_of(operation.kind)
        terms = Terms(at=self.now(), zone=self.zone, include=operation.include, to=look.to)
        judged = [
            judge_again(
                partial(of.judge_begun, item),
                item,
                look.bookings.get(item.booking_id),
                look.contacts.get(_whose(item)),
                self.catalogue,
                terms,
                cancels=True,
            )
            for item in items
        ]
        going = [look.bookings[i.booking_id] for i in judged if i.state not in SETTLED]
        if look.to is None or not going:
            return judged
        have = {booking.id for booking in going} if seated else set[BookingId]()
        faults = of.misfits(going, look.to, look.students, self.catalogue, seated=have)
        return [
            ends_here(item, fault)
            if (fault := faults.get(booking_of(item, operation.kind)))
            else item
            for item in judged
        ]

    # the seat there

    def _seated(self, operation: Operation) -> set[ItemKey]:
        """Names of the seats that are taken there. Items with an open write are not in hand."""
        taken = self.journal.moving(operation.id, MovementKind.SEAT_TAKEN)
        return taken - self.journal.moving(operation.id, MovementKind.UNDO_SEAT)

    def _take_seats(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Those that have one now. The first in the plan's order, when there are not enough."""
        if items and self.starts.stopping(run):
            stopped = [replace(i, state=ItemState.STOPPED, why=NOT_BEGUN) for i in items]
            self.recording.items(run, operation, stopped)
            return []
        if not items:
            return []
        in_order = sorted(items, key=lambda item: item.n)
        look = self._look(operation, in_order)
        judged = self._judged(operation, in_order, look, seated=False)
        self.recording.items(run, operation, [i for i in judged if i.state in SETTLED])
        going = [item for item in judged if item.state not in SETTLED]
        if not going:
            return []
        result = self._seats(run, operation, MovementKind.SEAT_TAKEN, going)
        if result.ending is Ending.REFUSED:
            why = f"nothing was changed: no seat could be taken there: {result.reason}"
            failed = [replace(item, state=ItemState.FAILED, why=why) for item in going]
            self.recording.items(run, operation, failed)
        if result.ending is not Ending.LANDED:
            return []
        seated = self._seated(operation)
        return [item for item in going if _seat_of(item) in seated]

    def _seats(
        self, run: Run, operation: Operation, kind: MovementKind, items: Sequence[Item]
    ) -> Result:
        """One write for the seats of all these; each of them once, however often it is asked."""
        taking = kind is MovementKind.SEAT_TAKEN
        wanted: dict[str, Sequence[Movement]] = {
            _to(operation): [
                Movement(
                    booking_id=_seat_of(item), kind=kind, credit=TOTAL_BOOKINGS, delta=_BY[kind]
                )
                for item in items
            ]
        }
        look = SeatsLeft() if taking else None
        then = self.recovered(operation)
        results = self.writing.write(run, Kind.EXAM, wanted, then, begins=taking, last_look=look)
        return results[_to(operation)]

    # the booking

    def _change(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """Of those that have their seat there: send what is to be sent, and read what came of it.

        One that may still arrive is waited for. One that was begun is brought to its end, unless
        somebody took it to a third exam.
        """
        rest = [*self._sent(run, operation, items), *(i for i in items if i.sent_at is None)]
        if not rest:
            return
        look = self._look(operation, rest)
        half = [item for item in rest if item.sent_at and _half(operation, item, look.bookings)]
        begun = {item.booking_id for item in half}
        whole = [item for item in rest if item.booking_id not in begun]
        judged = self._judged(operation, whole, look, seated=True)
        going = [item for item in judged if item.state not in SETTLED]
        self._give_up(run, operation, [i for i in judged if i.state in SETTLED])
        if look.to is not None:
            self._send(run, operation, [*half, *going], look.to, look)
        else:
            gone = [replace(item, why=str(Why.EXAM_GONE)) for item in half]
            self._give_up(run, operation, gone)

    def _sent(self, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
        """Of those that were sent: what neither has arrived, nor can arrive any more."""
        sent = [(item, item.sent_at) for item in items if item.sent_at is not None]
        if not sent:
            return []
        asked = self.now()
        read = self._read(operation, [item for item, _ in sent])
        arrived = [item for item, _ in sent if _there(operation, item, read)]
        self._done(run, operation, arrived, read)
        there = {item.booking_id for item in arrived}
        return [
            item for item, at in sent if item.booking_id not in there and self.quiet.over(at, asked)
        ]

    def _send(
        self, run: Run, operation: Operation, items: Sequence[Item], to: Exam, look: Look
    ) -> None:
        if not items:
            return
        found = [look.bookings[item.booking_id] for item in items]
        names = free_names(self.crm, to, found, look.students)
        sent_at = self.now()
        sent = [
            replace(
                item,
                new_name=names.get(booking_of(item, operation.kind), item.new_name),
                sent_at=sent_at,
            )
            for item in items
        ]
        self.journal.update_items(run, sent)
        moves = [_move(operation, item) for item in sent]
        outcomes = self.crm.move_bookings(moves, marker=operation.id, sent_at=sent_at)
        unsent = [
            before
            for before, move in zip(items, moves, strict=True)
            if outcomes[move.booking_id].fate is Fate.NOT_SENT
        ]
        if unsent:
            self.journal.update_items(run, unsent)  # of an earlier one, its time stays
        raise_if_barred(outcomes.values())
        read = self._read(operation, sent)
        arrived = [item for item in sent if _there(operation, item, read)]
        self._done(run, operation, arrived, read)
        there = {item.booking_id for item in arrived}
        refused = [
            replace(item, why=f"HubSpot refused it: {outcome.reason}")
            for item, move in zip(sent, moves, strict=True)
            if item.booking_id not in there
            and (outcome := outcomes[move.booking_id]).fate is Fate.REFUSED
        ]
        self._give_up(run, operation, refused)

    def _done(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        read: Mapping[ItemKey, Booking],
    ) -> None:
        """Read at the other exam, and nowhere else. Its seat here is freed at the end."""
        done = [replace(item, state=ItemState.DONE, why="") for item in items]
        bookings = [read[item.booking_id] for item in items]
        if cancelled := [b for b in bookings if b.status is not BookingStatus.ACTIVE]:
            self._warn_of_cancels(run, operation, items, cancelled)  # first: no crash forgets it
        at = self.recording.now()
        told = [
            audit_entries.moved(operation, item, booking, at)
            for item, booking in zip(done, bookings, strict=True)
        ]
        self.recording.items(run, operation, done, [booking_due(b) for b in bookings], told)

    def _warn_of_cancels(
        self, run: Run, operation: Operation, items: Sequence[Item], cancelled: Sequence[Booking]
    ) -> None:
        """Whoever cancelled one as it moved counted one of the two exams down, or none."""
        ids = {booking.id for booking in cancelled}
        left = {i.exam_id for i in items if booking_of(i, operation.kind) in ids and i.exam_id}
        exams = ", ".join([*sorted(left), _to(operation)])
        names = ", ".join(booking.booking_id for booking in cancelled)
        told = f"cancelled by somebody else as it moved: {names}; recount exams {exams}"
        warned = Warned(about=About.SEATS, record=_to(operation), told=told)
        self.journal.warn(run, [warned], at=self.now())

    def _give_up(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """Saved before anything goes back, so that no later look takes it up again."""
        self.recording.items(
            run, operation, [replace(item, state=ItemState.CANCELLED) for item in items]
        )

    # back again

    def _put_back(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        """The booking as it was, then its seat there. What may still arrive is waited for."""
        if not items:
            return
        asked = self.now()
        read = self._read(operation, items)
        quiet = [i for i in items if not i.sent_at or self.quiet.over(i.sent_at, asked)]
        half = [item for item in quiet if item.sent_at and _half(operation, item, read)]
        ids = {item.booking_id for item in half}
        as_it_was = [item for item in quiet if item.booking_id not in ids]
        self._restore(run, operation, half)
        self._give_seats_back(run, operation, as_it_was)

    def _restore(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        if not items:
            return
        sent_at = self.now()
        sent = [replace(item, sent_at=sent_at) for item in items]
        self.journal.update_items(run, sent)
        moves = [_move(operation, item).back(item.booking_name) for item in sent]
        outcomes = self.crm.move_bookings(moves, marker=operation.id, sent_at=sent_at)
        settled = [
            after
            for item, move in zip(sent, moves, strict=True)
            if (after := _restored(item, outcomes[move.booking_id])) is not None
        ]
        # the copy of a part of the move may have been made meanwhile
        due = [Due(kind=Kind.BOOKING, record_id=i.booking_id, row=None) for i in settled]
        self.recording.items(run, operation, settled, due)
        raise_if_barred(outcomes.values())

    def _give_seats_back(self, run: Run, operation: Operation, items: Sequence[Item]) -> None:
        seated = self._seated(operation)
        holding = [item for item in items if _seat_of(item) in seated]
        told = "no seat is taken there"
        ending = items
        if holding:
            result = self._seats(run, operation, MovementKind.UNDO_SEAT, holding)
            if result.ending is Ending.REFUSED:
                told = f"its seat at exam {_to(operation)} is still taken: {result.reason}"
            elif result.ending is not Ending.LANDED:
                held = {item.booking_id for item in holding}
                ending = [item for item in items if item.booking_id not in held]
        failed = [
            replace(item, state=ItemState.FAILED, why=f"not moved: {item.why} ({told})")
            for item in ending
        ]
        self.recording.items(run, operation, failed)


@dataclass(frozen=True, slots=True)
class SeatsLeft:
    """The movements for which there are seats on the count that the write goes out from."""

    def read(self, contacts: object) -> None:
        """See ``LastLook``: the exam alone decides."""

    def allowed(
        self, targets: Mapping[str, Counted], wanted: Mapping[str, Sequence[Movement]]
    ) -> Mapping[str, Sequence[Movement]]:
        """The first of them; what is left out is judged again, and has no seat."""
        return {
            id_: moves[: max(0, left)] if (left := _left(target)) is not None else moves
            for id_, target in targets.items()
            for moves in [wanted[id_]]
        }


@dataclass(frozen=True, slots=True)
class MoveConsequences:
    """A seat that landed: the exam's copy is due. An undecided one waits for a person.

    See ``Consequences``.
    """

    journal: OperationStore
    catalogue: Catalogue
    operation: Operation

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        del write
        return [], [counted_due(target, self.catalogue)]

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        """See ``Consequences``. Bookings that have moved wait for no seat that is freed."""
        ids = [item_moved(movement, self.operation.kind) for movement in write.movements]
        items = self.journal.items(self.operation.id, bookings=ids)
        going = [item for item in items if item.state not in SETTLED]
        return [replace(item, state=ItemState.UNDECIDED, why=reason) for item in going]


def _left(target: Counted) -> int | None:
    """Seats; None: as many as come, or nobody can say, of which the write itself tells."""
    if not isinstance(target, Exam) or target.unreadable:
        return None
    return seats_left(target)


def _restored(item: Item, outcome: Outcome) -> Item | None:
    """As it was, or as far as it could be put back. None: it has to be read later."""
    if outcome.fate is Fate.LANDED:
        return replace(item, sent_at=None)
    if outcome.fate is Fate.REFUSED:
        why = f"{item.why}; and it could not be put back: {outcome.reason}"
        return replace(item, sent_at=None, why=why)
    return None


def _move(operation: Operation, item: Item) -> Move:
    return Move(
        booking_id=booking_of(item, operation.kind),
        name=item.new_name,
        to=_to(operation),
        leaves=ExamId(item.exam_id or ""),
    )


def _there(operation: Operation, item: Item, read: Mapping[ItemKey, Booking]) -> bool:
    """Whether it has moved, as it was read."""
    booking = read.get(item.booking_id)
    return booking is not None and _move(operation, item).done(booking)


def _half(operation: Operation, item: Item, read: Mapping[ItemKey, Booking]) -> bool:
    """Whether a part of what was sent for it has arrived, and nobody has changed it since."""
    booking, move = read.get(item.booking_id), _move(operation, item)
    if booking is None or not move.meets(booking):
        return False
    return booking.exam_ids != (move.leaves,) or booking.booking_id == move.name != (
        item.booking_name
    )


def _to(operation: Operation) -> ExamId:
    return ExamId(operation.to_exam or "")


def _seat_of(item: Item) -> ItemKey:
    """The name of its seat: each operation that moves it moves a seat of its own."""
    return key_of(item.booking_id, item.operation_id)


def _days(item: Item, to: Exam | None) -> set[str]:
    """The student's days that nobody else may book on: the one that it leaves, and the other."""
    there = to.exam_date if to else None
    return {day_of(_whose(item), day) for day in (item.exam_date, there)}


def _whose(item: Item) -> ContactId:
    return ContactId(item.contact_id or "")
