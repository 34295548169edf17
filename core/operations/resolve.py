"""A person says what became of a write that HubSpot does not tell of (section 6, 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.audit.entries import Entry, Subject, What
from core.audit.store.event_port import Event
from core.credits.errors import BadList, StateConflict, Superseded, UnknownId
from core.credits.records import Counted, ItemKey, Kind, WriteId
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.credits.writes import MovementKind, Run, Settlement, Write, WriteState
from core.hubspot.ports.crm import Crm
from core.mirror.store.outbox_port import Due
from core.operations.kinds.registry import item_moved, kind_of
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import ENDED, Item, ItemState, Operation, OperationState, Ruling
from core.operations.steps.items import booked, credited, takes_seat
from core.operations.store.port import OperationStore
from core.work.engine_port import Engine

NEVER = "a person found that its credit never arrived; retry gives it back"
HOW = "say how you know: it is kept with the decision"
NEVERS = {
    MovementKind.UNDO_REFUND: "a person found that its credit was never taken; retry takes it",
    MovementKind.ADJUSTMENT: "a person found that this change never arrived; retry makes it",
}


BUSY = "others are deciding on the same operation at this moment: do it again"
#: So often a decision is tried when others decide on the same operation.
TRIES = 10
#: More than this at once means that something larger is wrong; the rest follows when these are.
DOUBTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Doubt:
    """A write that waits for a person's word, and what HubSpot says of its record now."""

    record: WriteRecord
    #: None: the record is gone.
    target: Counted | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The journal is told, and what follows from the answer is carried out by the engine."""

    crm: Crm
    journal: OperationStore
    engine: Engine
    now: Callable[[], datetime]
    #: Raises ``AnotherDesk`` while another desk is at work: nothing is begun again then.
    alone: Callable[[], None] = lambda: None

    def undecided(self, operation_id: str, actor: Actor) -> list[WriteRecord]:
        """All its writes that wait for a person's word.

        Raises:
            NotAllowed: the actor may not watch operations.
        """
        actor.require(Act.WATCH)
        return self.journal.undecided_writes(operation_id)

    def doubts(self, records: Sequence[WriteRecord], actor: Actor) -> list[Doubt]:
        """The first of these, each with its record as HubSpot states it at this moment.

        Raises:
            NotAllowed: the actor may not watch operations.
            GatewayError: HubSpot did not answer.
        """
        actor.require(Act.WATCH)
        first = records[:DOUBTS_MAX]
        read: dict[tuple[Kind, str], Counted | None] = {}
        for kind in {record.write.kind for record in first}:
            ids = {record.write.target_id for record in first if record.write.kind is kind}
            found = self.crm.counted(kind, ids)
            read |= {(kind, id_): target for id_, target in found.items()}
        return [Doubt(r, read[r.write.kind, r.write.target_id]) for r in first]

    def decide(
        self, operation_id: str, write_id: WriteId, actor: Actor, *, landed: bool, why: str
    ) -> Operation:
        """Settle an undecided write as landed, or as never arrived.

        Landed: its bookings are marked refunded; of an undo, their marks are cleared. Never: they
        fail, and "retry failed only" moves their credits by a new write. A booking to be, or
        one that moves, goes on, or gives back what it took. Seats that were never counted down
        are counted now.

        Raises:
            NotAllowed: the actor may not run batches.
            BadList: nothing says why.
            UnknownId: no such operation, or no such write in it.
            StateConflict: the write is not undecided, or the operation still runs.
        """
        _require_word(actor, why)
        operation = self._ended(operation_id)
        write = self._undecided(operation, write_id)
        taking = takes_seat(write)
        decided = _decided_booking if taking else _decided
        state = WriteState.LANDED if landed else WriteState.VOID

        said = f"decided that write {write.id} {'landed' if landed else 'never arrived'}"

        def settle(run: Run, operation: Operation, now: datetime) -> None:
            self._undecided(operation, write_id)
            settlement = Settlement(
                write_id=write.id, state=state, reason=f"decided by {actor.email}"
            )
            self.journal.settle(
                run,
                [settlement],
                items=[
                    decided(item, write, landed=landed) for item in self._items(operation, write)
                ],
                due=[Due(kind=write.kind, record_id=write.target_id, row=None)],
                at=now,
                entries=[
                    _entry(write, state, actor, why, now),
                    _event(operation, said, actor, why, now),
                ],
            )

        goes_on = landed or taking or not self._items(operation, write)
        return self._said(operation, said, actor, settle, goes_on=goes_on)

    def unclear(self, operation_id: str, actor: Actor) -> list[Item]:
        """Bookings that somebody else may have refunded: no write of ours is in doubt.

        Raises:
            NotAllowed: the actor may not watch operations.
        """
        actor.require(Act.WATCH)
        items = self.journal.items(operation_id, states={ItemState.UNDECIDED})
        if not items:
            return []
        records = self.journal.undecided_writes(operation_id)
        kind = self.journal.operation(operation_id).kind
        moving = {item_moved(movement, kind) for r in records for movement in r.write.movements}
        return [item for item in items if item.booking_id not in moving]

    def rule(
        self, operation_id: str, booking_id: ItemKey, actor: Actor, *, refunded: bool, why: str
    ) -> Operation:
        """Say of a booking whether somebody else has refunded it.

        Refunded: nothing is given back, by this operation or another. Not refunded: its credit is
        given back now, unless it was marked refunded or made active again meanwhile.

        Raises:
            NotAllowed: the actor may not run batches.
            BadList: nothing says why.
            UnknownId: no such operation, or no such booking in it.
            StateConflict: the booking is not unclear, or the operation still runs.
        """
        _require_word(actor, why)
        operation = self._ended(operation_id)
        self._unclear(operation, booking_id)
        verb = "refunded" if refunded else "not refunded"
        said = f"decided that booking {booking_id} is {verb}"

        def settle(run: Run, operation: Operation, now: datetime) -> None:
            item = self._unclear(operation, booking_id)
            by, told = actor.email, why.strip()
            self.journal.settle(
                run,
                [],
                items=[_ruled(item, operation, refunded=refunded, by=by, why=told)],
                at=now,
                entries=[
                    _ruling_entry(item, actor, verb, why, now),
                    _event(operation, said, actor, why, now),
                ],
            )

        return self._said(operation, said, actor, settle, goes_on=not refunded)

    def _said(
        self,
        operation: Operation,
        said: str,
        actor: Actor,
        settle: Callable[[Run, Operation, datetime], None],
        *,
        goes_on: bool,
    ) -> Operation:
        """Settle what was decided, and let the operation go on where something follows from it.

        ``settle`` judges anew what it settles: under its run nobody else decides it.
        """
        if goes_on:
            self.alone()
        now = self.now()
        if goes_on:
            # First: dying before it is settled then leaves an operation that somebody carries,
            # and that ends with the same in doubt. The other way round nobody would.
            self.journal.move(
                operation.id, OperationState.RUNNING, at=now, actor=actor.email, detail=said
            )
        for _ in range(TRIES):
            if not goes_on:
                self._ended(operation.id)
            run, operation = self.journal.begin_run(operation.id, at=now)
            try:
                settle(run, operation, now)
            except Superseded:
                continue
            except StateConflict:
                self._carry_on(operation)
                raise
            self._carry_on(operation)
            return operation
        self._carry_on(operation)
        raise StateConflict(BUSY, state=operation.state)

    def _carry_on(self, operation: Operation) -> None:
        """Whoever carried it has lost it to the decision."""
        if operation.state not in ENDED:
            self.engine.submit(operation.id)

    def _unclear(self, operation: Operation, booking_id: ItemKey) -> Item:
        items = self.journal.items(operation.id, bookings=[booking_id])
        if not items:
            raise UnknownId(f"operation {operation.id} has no booking {booking_id}")
        item = items[0]
        records = self.journal.undecided_writes(operation.id)
        kind = operation.kind
        if any(item_moved(m, kind) == booking_id for r in records for m in r.write.movements):
            told = f"a write of booking {booking_id} is undecided: decide on the write"
            raise StateConflict(told, state=operation.state)
        if item.state is not ItemState.UNDECIDED:
            told = f"booking {booking_id} is {item.state}: there is nothing to decide"
            raise StateConflict(told, state=operation.state)
        return item

    def _ended(self, operation_id: str) -> Operation:
        operation = self.journal.operation(operation_id)
        if operation.state not in ENDED:
            raise StateConflict(
                f"the operation is {operation.state}: decide when it has ended",
                state=operation.state,
            )
        return operation

    def _undecided(self, operation: Operation, write_id: WriteId) -> Write:
        for record in self.journal.undecided_writes(operation.id):
            if record.write.id == write_id:
                return record.write
        if self.journal.known_writes([write_id]):
            told = f"write {write_id} is not undecided: there is nothing to decide"
            raise StateConflict(told, state=operation.state)
        raise UnknownId(f"operation {operation.id} has no write {write_id}")

    def _items(self, operation: Operation, write: Write) -> list[Item]:
        """Those that go on, or not, by what became of it."""
        ids = credited(write) or booked(write, operation.kind)
        return self.journal.items(write.operation_id, bookings=ids) if ids else []


def _require_word(actor: Actor, why: str) -> None:
    actor.require(Act.RUN_BATCHES)
    if faults := reason_faults(why, missing=HOW):
        raise BadList(faults)


def _event(operation: Operation, said: str, actor: Actor, why: str, at: datetime) -> Event:
    detail = {"why": why}
    return Event(at=at, actor=actor.email, what=said, operation_id=operation.id, detail=detail)


def _entry(write: Write, state: WriteState, actor: Actor, why: str, at: datetime) -> Entry:
    return Entry(
        at=at,
        actor=actor.email,
        role=actor.role.value,
        what=What.DECIDED,
        operation_id=write.operation_id,
        reason=why,
        after={"state": state.value},
        detail={"write": write.id},
    )


def _ruling_entry(item: Item, actor: Actor, verb: str, why: str, at: datetime) -> Entry:
    return Entry(
        at=at,
        actor=actor.email,
        role=actor.role.value,
        what=What.DECIDED,
        operation_id=item.operation_id,
        subject=Subject.BOOKING,
        subject_id=item.booking_id,
        reason=why,
        after={"state": verb},
        detail={"contact": item.contact_id, "found": item.why},
    )


def _ruled(item: Item, operation: Operation, *, refunded: bool, by: str, why: str) -> Item:
    if refunded:
        told = f"already refunded: {by} decided so ({why})"
        return replace(item, state=ItemState.SKIPPED, why=told, ruling=Ruling.GIVEN)
    cancels = kind_of(operation.kind).cancels
    state = ItemState.CANCELLED if cancels else ItemState.CLAIMED
    return replace(item, state=state, why="", ruling=Ruling.OWED)


def _decided(item: Item, write: Write, *, landed: bool) -> Item:
    if landed and item.credit is not None:
        before, after = write.before[item.credit], write.after[item.credit]
        return replace(item, state=ItemState.GIVEN_BACK, why="", before=before, after=after)
    told = next((NEVERS[m.kind] for m in write.movements if m.kind in NEVERS), NEVER)
    return replace(item, state=ItemState.FAILED, why=told)


def _decided_booking(item: Item, write: Write, *, landed: bool) -> Item:
    """On towards the booking, if all that was in doubt has landed; else all of it goes back."""
    taking = any(m.kind in {MovementKind.SPEND, MovementKind.SEAT_TAKEN} for m in write.movements)
    if not (landed and taking):
        return replace(item, state=ItemState.CANCELLED, why=f"a person looked into {item.why}")
    if item.credit is not None and item.credit in write.after:
        before, after = write.before[item.credit], write.after[item.credit]
        item = replace(item, before=before, after=after)
    return replace(item, state=ItemState.CLAIMED, why="")
