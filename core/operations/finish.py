"""Follow-ups, once all is settled: seats, notes, telling, verification (section 6, steps 8, 9).

They are tried before the operation ends; what is left then is carried on by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.errors import GatewayError, Refused, about_one
from core.credits.records import TOTAL_BOOKINGS, ContactId, Counted, ItemKey, Kind
from core.credits.writes import Movement, MovementKind, Run, Write
from core.hubspot.ports.channels import Channel
from core.hubspot.ports.crm import Crm, Fate, Note
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import key_of
from core.operations.choosing.recount import warn_of_seats
from core.operations.foreign.loss_correction import LossCorrection
from core.operations.foreign.verify import WriteVerification
from core.operations.kinds.base import FollowUp
from core.operations.kinds.registry import kind_of
from core.operations.leftovers import About, Warned
from core.operations.protocol.apart import apart
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.each_item import each_item
from core.operations.protocol.settle import Ending, Result
from core.operations.protocol.write import Writing
from core.operations.states import SETTLED, Item, ItemState, Operation, by_contact, keys_by_contact
from core.operations.steps.items import counted_due
from core.operations.store.port import OperationStore
from core.operations.telling.tell import TellingStudents
from core.work.context_pool import ContextPool

#: Records at a time: several of HubSpot's batches, so that they go at once.
NOTE_BATCH = 500


@dataclass(frozen=True, slots=True)
class PostProcessing:
    """Each part is repeatable: what is already done is found in the journal or in HubSpot."""

    crm: Crm
    journal: OperationStore
    writing: Writing
    catalogue: Catalogue
    now: Callable[[], datetime]
    verification: WriteVerification
    losses: LossCorrection
    telling: TellingStudents
    #: One thing after the other: for simulations by a seed.
    in_turn: bool = False

    def finish(self, run: Run, operation: Operation) -> str:
        """What is left to do, in words; empty: nothing. No part waits for another."""
        parts: list[tuple[str, Callable[[], bool]]] = []
        follow_ups = kind_of(operation.kind).follow_ups
        if FollowUp.SEATS in follow_ups:
            parts.append(("seats", lambda: self._free_seats(run, operation, _of_booking)))
        if FollowUp.SEATS_LEFT in follow_ups:
            parts.append(("seats", lambda: self._free_seats(run, operation, _of_operation)))
        if operation.tell is not Channel.OFF:
            parts.append(("telling the students", lambda: self.telling.tell(run, operation)))
        if FollowUp.NOTES in follow_ups:
            parts.append(("notes", lambda: self._note(run, operation)))
        left = self._all(parts)
        if FollowUp.SEATS in follow_ups:
            self._warn_of_their_cancels(run)  # last, for our own count of the exam settles ours
        left += self._all(
            [("the check against HubSpot's history", lambda: self._check(run, operation))]
        )
        return "; ".join(left)

    def _changed(self, operation: Operation) -> Iterator[Item]:
        """Its bookings that seats and notes follow from, as they are read."""
        if FollowUp.SEATS in kind_of(operation.kind).follow_ups:
            return (item for item in each_item(self.journal, operation.id) if item.cancelled)
        return each_item(self.journal, operation.id, states={ItemState.DONE})

    def _all(self, parts: Sequence[tuple[str, Callable[[], bool]]]) -> list[str]:
        """What is left of these, done at once."""
        if self.in_turn or len(parts) < 2:
            told = [_left(name, part) for name, part in parts]
        else:
            with ContextPool(len(parts), "follow-ups") as pool:
                told = list(pool.map(lambda each: _left(*each), parts))
        return [each for each in told if each]

    def _check(self, run: Run, operation: Operation) -> bool:
        self.verification.verify(operation.id)
        if self.losses.correct(run):
            return True
        self.verification.verify(operation.id)
        return False

    def _warn_of_their_cancels(self, run: Run) -> None:
        """Whether whoever cancelled a booking counted its exam down, nothing tells."""
        settled = each_item(self.journal, run.operation_id, states=SETTLED)
        exams = Counter(i.exam_id for i in settled if i.cancel_sent and not i.cancelled)
        told = {w.record for w in self.journal.warnings(run.operation_id) if w.about is About.SEATS}
        warned = [
            Warned(
                about=About.SEATS,
                record=exam,
                told=f"exam {exam} was not counted down for {n} of its bookings: somebody else "
                "cancelled them",
            )
            for exam, n in exams.items()
            if exam is not None and exam not in told
        ]
        if warned:
            self.journal.warn(run, warned, at=self.now())

    def _free_seats(
        self, run: Run, operation: Operation, name_of: Callable[[Item], ItemKey]
    ) -> bool:
        """Count exams down by the bookings that left them. True: not all is known yet.

        ``name_of``: under which name the seat of an item is freed, once.
        """
        done = self.journal.moving(run.operation_id, MovementKind.SEAT_FREED)
        wanted: dict[str, list[Movement]] = {}
        for item in self._changed(operation):
            if item.exam_id is not None and (name := name_of(item)) not in done:
                wanted.setdefault(item.exam_id, []).append(_seat_freed(name))
        if not wanted:
            return False
        results = self._seats_apart(run, wanted)
        warn_of_seats(self.journal, run, results, "was not counted down", at=self.now())
        return any(
            result.ending in {Ending.BUSY, Ending.OPEN, Ending.NOT_SENT}
            for result in results.values()
        )

    def _seats_apart(self, run: Run, wanted: Mapping[str, Sequence[Movement]]) -> dict[str, Result]:
        """One exam that HubSpot refuses to be asked about holds up no other's count."""
        try:
            return self.writing.write(run, Kind.EXAM, wanted, ExamConsequences(self.catalogue))
        except Refused as error:
            if not about_one(error):
                raise
            if len(wanted) == 1:
                return dict.fromkeys(wanted, Result(Ending.REFUSED, str(error)))
        parts = [self._seats_apart(run, {id_: moves}) for id_, moves in wanted.items()]
        return {id_: result for part in parts for id_, result in part.items()}

    def _note(self, run: Run, operation: Operation) -> bool:
        """A note on each contact's timeline. True: some have an unknown fate."""
        done = (item for item in self._changed(operation) if item.state is ItemState.DONE)
        whose = keys_by_contact(done)
        todo = sorted(whose.keys() - self.journal.noted(operation.id))
        unknown = False
        for start in range(0, len(todo), NOTE_BATCH):
            keys = [key for id_ in todo[start : start + NOTE_BATCH] for key in whose[id_]]
            items = self.journal.items(operation.id, bookings=keys)
            unknown |= self._note_apart(run, operation, by_contact(items))
        return unknown

    def _note_apart(
        self, run: Run, operation: Operation, whose: Mapping[ContactId, list[Item]]
    ) -> bool:
        def note(ids: Sequence[ContactId]) -> bool:
            return self._note_batch(run, operation, {id_: whose[id_] for id_ in ids})

        return apart(list(whose), note, lambda id_, why: self._refused(run, {id_: why}))

    def _refused(self, run: Run, reasons: Mapping[ContactId, str]) -> None:
        """A note that HubSpot refuses costs nobody a credit: told, and not tried for ever."""
        warned = [
            Warned(about=About.NOTE, record=id_, told=f"no note on contact {id_}: {reason}")
            for id_, reason in reasons.items()
        ]
        if warned:
            self.journal.warn(run, warned, at=self.now())
            self.journal.record_noted(run, reasons)

    def _note_batch(
        self, run: Run, operation: Operation, whose: Mapping[ContactId, list[Item]]
    ) -> bool:
        marker = f"credit-desk/{operation.id}"
        there: set[ContactId] = set()
        if run.epoch > 1:  # an earlier run may have sent them without living to record it
            there = self.crm.contacts_with_note(list(whose), marker)
            self.journal.record_noted(run, there)
        notes = [
            Note(
                contact_id=id_,
                marker=marker,
                text=kind_of(operation.kind).note(operation, items, self.catalogue),
                at=operation.confirmed_at,
            )
            for id_, items in whose.items()
            if id_ not in there
        ]
        if not notes:
            return False
        outcomes = self.crm.add_notes(notes)
        landed = {i for i, o in outcomes.items() if o.fate is Fate.LANDED}
        refused = {i: o.reason for i, o in outcomes.items() if o.fate is Fate.REFUSED}
        self.journal.record_noted(run, landed)
        self._well(run, landed | there)
        self._refused(run, refused)
        raise_if_barred(outcomes.values())
        return len(landed) + len(refused) < len(notes)

    def _well(self, run: Run, ids: Collection[ContactId]) -> None:
        """Notes that were refused before, and are there now."""
        told = {one.record for one in self.journal.warnings(run.operation_id)}
        if well := [(About.NOTE, id_) for id_ in ids if id_ in told]:
            self.journal.warn(run, [], well=well, at=self.now())


@dataclass(frozen=True, slots=True)
class ExamConsequences:
    """A count that landed, of seats or of a lost credit, is due for the mirror; no item changes.

    See ``Consequences``.
    """

    catalogue: Catalogue

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        del write
        return [], [counted_due(target, self.catalogue)]

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        del write, reason
        return []


def _left(name: str, part: Callable[[], bool]) -> str:
    """What is left of one part, and why."""
    try:
        return f"{name}: HubSpot has not said yet what became of all" if part() else ""
    except GatewayError as error:
        return f"{name}: {error}"


def _of_booking(item: Item) -> ItemKey:
    """A booking is cancelled once."""
    return item.booking_id


def _of_operation(item: Item) -> ItemKey:
    """A booking may leave exam after exam, once by each operation."""
    return key_of(item.booking_id, item.operation_id)


def _seat_freed(name: ItemKey) -> Movement:
    return Movement(
        booking_id=name,
        kind=MovementKind.SEAT_FREED,
        credit=TOTAL_BOOKINGS,
        delta=-1,
    )
