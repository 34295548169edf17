"""How operations stand, for those who may watch, or look up their one student. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import BookingId, Kind
from core.credits.roles import Act, Actor
from core.credits.writes import WriteState
from core.mirror.store.outbox_port import Due
from core.operations.kept_plans import KeptPlans
from core.operations.kept_progress import KeptProgress
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import item_moved, kind_of, makes_bookings
from core.operations.leftovers import Warned
from core.operations.plans import Plan, Row, portions
from core.operations.protocol.each_item import each_item
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import (
    ENDED,
    NEEDS_EYES,
    UNBEGUN,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
)
from core.operations.store.port import OperationStore

#: Rows of one report: so many fit into memory several times over.
LISTED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """One operation as a list tells of it."""

    operation: Operation
    progress: Progress
    warnings: Sequence[Warned]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationReport:
    """What became of one operation."""

    progress: Progress
    #: What of it needs somebody's eyes, up to ``LISTED_MAX``; nothing of what did not begin.
    needs_eyes: Sequence[Item]
    #: Operations that undo it, whatever became of them, newest first.
    undone_by: Sequence[Operation]
    warnings: Sequence[Warned]


@dataclass(frozen=True, slots=True)
class OperationQueries:
    """Who may watch sees every operation. Who may look students up sees those for one student,
    where a method says so: it is shown on that student's page.
    """

    journal: OperationStore
    counts: KeptProgress
    plans: KeptPlans

    def operation(self, operation_id: str, actor: Actor) -> Operation:
        """Where it stands.

        Raises:
            NotAllowed: this person may not watch operations.
            UnknownId: there is none.
        """
        actor.require(Act.WATCH)
        return self.journal.operation(operation_id)

    def operations(
        self,
        actor: Actor,
        *,
        states: Collection[OperationState] = (),
        sought: SoughtOperations = EVERY_OPERATION,
        limit: int,
        offset: int = 0,
    ) -> list[Told]:
        """Newest first, each with its counts and warnings. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        found = self.journal.operations(states=states, sought=sought, limit=limit, offset=offset)
        progress = self.counts.of(found)
        warnings = self.journal.warnings_of([each.id for each in found])
        return [Told(each, progress[each.id], warnings[each.id]) for each in found]

    def awaiting(self, actor: Actor) -> list[Operation]:
        """Those that await a second admin, newest first; 100 at most. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.operations(states={OperationState.AWAITING})

    def named(
        self, operation_ids: Collection[str], actor: Actor
    ) -> dict[str, tuple[Operation, Progress]]:
        """Those of these that there are, with their counts. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        found = self.journal.operations_named(operation_ids)
        progress = self.counts.of(found.values())
        return {id_: (operation, progress[id_]) for id_, operation in found.items()}

    def progress_of(self, operation_ids: Collection[str], actor: Actor) -> dict[str, Progress]:
        """The counts of those of these that there are, at once. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.progress_of(operation_ids)

    def writes(
        self, operation_id: str, actor: Actor, *, limit: int | None = None, offset: int = 0
    ) -> list[WriteRecord]:
        """Its writes as they were saved, with what became of each. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.writes(operation_id, limit=limit, offset=offset)

    def writes_counted(
        self, operation_id: str, actor: Actor
    ) -> Mapping[tuple[WriteState, str | None], int]:
        """How many of its writes ended how and were found how. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.writes_counted(operation_id)

    def copies_of(self, operation: Operation, copies: Sequence[Due], actor: Actor) -> list[Due]:
        """Those of these copies whose records this operation may have changed.

        A booking that it made has no item with its record id: any booking counts that is due
        only since the operation was confirmed. Raises ``NotAllowed``.
        """
        actor.require(Act.WATCH)
        ids = {kind: [copy.record_id for copy in copies if copy.kind is kind] for kind in Kind}
        changed = {
            (kind, record.write.target_id)
            for kind in Kind
            for some in portions(ids[kind])
            for record in self.journal.writes_of(kind, some, limit=LISTED_MAX)
            if record.write.operation_id == operation.id
        }
        changed |= {
            (Kind.BOOKING, item.booking_id)
            for some in portions(ids[Kind.BOOKING])
            for item in self.journal.items(operation.id, bookings=[BookingId(id_) for id_ in some])
        }
        makes = makes_bookings(operation.kind)

        def may_be(copy: Due) -> bool:
            if makes and copy.kind is Kind.BOOKING:
                return copy.due_since is None or copy.due_since >= operation.confirmed_at
            return (copy.kind, copy.record_id) in changed

        return [copy for copy in copies if may_be(copy)]

    def names_written(
        self, operation: Operation, records: Sequence[WriteRecord], actor: Actor
    ) -> dict[str, str]:
        """The names of the students of these writes of it, by id. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        moved = {
            item_moved(movement, operation.kind)
            for record in records
            for movement in record.write.movements
        }
        items = [
            item
            for some in portions(sorted(moved))
            for item in self.journal.items(operation.id, bookings=some)
        ]
        return {item.contact_id: item.contact_name for item in items if item.contact_id}

    # also for who may look up the one student

    def plan(self, plan_id: str, actor: Actor) -> Plan:
        """A preview, with all its rows.

        Raises:
            NotAllowed: this person may not watch operations, or it is for one student and they may
                not look anything up.
            UnknownId: there is none.
        """
        return self.plans.plan(plan_id, actor)

    def followed(self, operation_id: str, actor: Actor) -> Operation:
        """Where it stands, for whoever waits for its end. Raises as ``plan``."""
        self._require(operation_id, actor)
        return self.journal.operation(operation_id)

    def progress(self, operation_id: str, actor: Actor) -> Progress:
        """How many of its rows stand where. Raises as ``plan``."""
        self._require(operation_id, actor)
        return self.journal.progress(operation_id)

    def items(
        self,
        operation_id: str,
        actor: Actor,
        *,
        states: Collection[ItemState] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Item]:
        """Its rows in plan order; of all states where that filter is empty. Raises as ``plan``."""
        self._require(operation_id, actor)
        return self.journal.items(operation_id, states=states, limit=limit, offset=offset)

    def each_item(self, operation_id: str, actor: Actor) -> Iterator[Item]:
        """All its rows in plan order, read by portions while they are taken. Raises as ``plan``."""
        self._require(operation_id, actor)
        return each_item(self.journal, operation_id)

    def warnings(self, operation_id: str, actor: Actor) -> list[Warned]:
        """What it left undone, or in doubt. Raises as ``plan``."""
        self._require(operation_id, actor)
        return self.journal.warnings(operation_id)

    def report(self, operation: Operation, actor: Actor) -> OperationReport:
        """What became of it. Raises as ``plan``."""
        self._require(operation.id, actor)
        unbegun = operation.state in UNBEGUN or operation.state is OperationState.CALLED_OFF
        return OperationReport(
            progress=self.journal.progress(operation.id),
            needs_eyes=()
            if unbegun
            else self.journal.items(operation.id, states=NEEDS_EYES, limit=LISTED_MAX),
            undone_by=self.journal.undoing(operation.id),
            warnings=self.journal.warnings(operation.id),
        )

    def retried_at(self, operation: Operation, actor: Actor) -> datetime | None:
        """When a person last took it up again after its end; None: nobody did. Raises as ``plan``.

        The retry may be days after the first run, so how long it took counts from here.
        """
        self._require(operation.id, actor)
        if operation.epoch <= 1:  # a retry begins a second run
            return None
        events = self.journal.events(operation_id=operation.id)
        again = (
            each.at
            for each in events
            if each.what == OperationState.RUNNING and each.detail.get("from") in ENDED
        )
        return next(again, None)

    def also_planned(self, plan: Plan, actor: Actor) -> list[tuple[Operation, int]]:
        """Other operations that are confirmed over the same rows and have not begun; oldest first.

        Each with how many of this plan's changes it is to make; of adjustments, with how many of
        its balances it changes. Whoever may preview may know.

        Raises:
            NotAllowed: this person may not look anything up.
        """
        actor.require(Act.LOOK_UP)
        subject = kind_of(plan.kind).subject
        if subject is RowSubject.ADJUSTMENT:
            found = self._adjusting(plan.will_change)
        else:
            found = self.journal.unbegun_over([row.booking_id for row in plan.will_change])
        return [
            (operation, n)
            for operation, n in found
            if operation.id != plan.id and kind_of(operation.kind).subject is subject
        ]

    def _adjusting(self, rows: Sequence[Row]) -> list[tuple[Operation, int]]:
        """By student and credit: each adjustment is named after its own preview."""
        balances = {(row.contact_id, row.credit) for row in rows if row.contact_id}
        ids = {contact_id for contact_id, _ in balances}
        over: dict[str, tuple[Operation, int]] = {}
        for item, operation in self.journal.items_of(ids, states=UNBEGUN, limit=None):
            if item.planned and (item.contact_id, item.credit) in balances:
                over[operation.id] = (operation, over.get(operation.id, (operation, 0))[1] + 1)
        return sorted(over.values(), key=lambda found: (found[0].confirmed_at, found[0].id))

    def _require(self, operation_id: str, actor: Actor) -> None:
        """Its plan, which may be large, is read only of those who may not see every one."""
        if not actor.may(Act.WATCH):
            self.plans.plan(operation_id, actor)
