"""How operations and copies stand, for those who may watch. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.credits.roles import Act, Actor
from core.mirror.store.outbox_port import Due, OutboxState
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import kind_of
from core.operations.leftovers import Warned
from core.operations.plans import Plan, Row
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import UNBEGUN, Operation, OperationState, Progress
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """What is due to the mirror, and what was given up."""

    state: OutboxState
    dead: Sequence[Due]
    #: How many dead letters have each error.
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """One operation as a list tells of it."""

    operation: Operation
    progress: Progress
    warnings: Sequence[Warned]


@dataclass(frozen=True, slots=True)
class OperationQueries:
    """For scripts, which name whom they act for; pages ask the gate."""

    journal: OperationStore

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
        ids = [each.id for each in found]
        progress, warnings = self.journal.progress_of(ids), self.journal.warnings_of(ids)
        return [Told(each, progress[each.id], warnings[each.id]) for each in found]

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

    def writes(self, operation_id: str, actor: Actor) -> list[WriteRecord]:
        """Every write of the operation, with what became of it. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.writes(operation_id)

    def copies(self, actor: Actor) -> Copies:
        """As of now. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return Copies(
            state=self.journal.outbox(),
            dead=self.journal.outbox_rows(dead=True),
            errors={each.error: each.number for each in self.journal.dead_letters()},
        )
