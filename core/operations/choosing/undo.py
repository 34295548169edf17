"""Undoing: the plan that takes a refund's credits back (docs/decisions/0017-undo.md)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.errors import BadList
from core.credits.records import Booking, BookingId, ItemKey
from core.credits.roles import Act, Actor
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import Crm
from core.operations.choosing.adjust import AdjustmentPlanner
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.choosing.preflight import Preflight
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.kinds.rules.undos import Facts, plan_rows
from core.operations.kinds.undo import UNDO
from core.operations.plans import Plan, Row, Running, portions
from core.operations.protocol.each_item import each_item
from core.operations.states import Item, ItemState, Operation
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class UndoPlanner:
    """Makes the plan. ``OperationCommands.confirm`` and the engine do the rest, exactly once."""

    crm: Crm
    journal: OperationStore
    preflight: Preflight
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: What is undone of an adjustment are balances, and no booking.
    adjusting: AdjustmentPlanner

    def of(self, operation_id: str, actor: Actor) -> list[Operation]:
        """Operations that undo this one, whatever became of them, newest first.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        return self.journal.undoing(operation_id)

    def preview(
        self,
        operation_id: str,
        actor: Actor,
        *,
        only: Sequence[ItemKey] = (),
        without: Collection[ItemKey] = (),
    ) -> Plan:
        """What taking its credits back would do to each booking. Stored, and changes nothing.

        ``only``: of these bookings alone; empty: of all whose credit it gave back. ``without``:
        those of them that are left out.

        Raises:
            NotAllowed: the actor may not run batches.
            UnknownId: there is no such operation.
            BadList: it cannot be undone, or gave nothing back; the words say why.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer; nothing was stored.
        """
        actor.require(Act.RUN_BATCHES)
        refund = self.journal.operation(operation_id)
        if why := kind_of(refund.kind).not_undone(refund):
            raise BadList([why])
        if kind_of(refund.kind).subject is RowSubject.ADJUSTMENT:
            return self.adjusting.undone(refund, actor, without=without)
        self.preflight.check()
        rows = self._rows(refund, self._given_back(refund, only), without)
        if not rows:
            raise BadList([f"operation {operation_id} gave back nothing that could be taken back"])
        made_at = self.now()
        plan = Plan(
            id=self.new_id(),
            kind=UNDO.key,
            selection=f"the refund of {refund.selection}",
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=rows,
            undoes=refund.id,
        )
        self.journal.save_plan(plan)
        return plan

    def afresh(self, plan: Plan) -> tuple[Row, ...]:
        """The same bookings, judged on fresh reads.

        Raises:
            NotReady, GatewayError: as ``preview``.
        """
        self.preflight.check()
        refund = self.journal.operation(plan.undoes)
        ids = [row.booking_id for row in plan.rows]
        return self._rows(refund, self._given_back(refund, ids), plan.excluded)

    def _given_back(self, refund: Operation, only: Sequence[ItemKey]) -> Iterator[Item]:
        """Done: its credit landed and its mark is set, and no retry touches it again."""
        wanted = set(only)
        items = each_item(self.journal, refund.id, states={ItemState.DONE})
        return (i for i in items if i.credit is not None and (not only or i.booking_id in wanted))

    def _rows(
        self, refund: Operation, items: Iterable[Item], without: Collection[ItemKey]
    ) -> tuple[Row, ...]:
        """A portion after the other: what was read of one is let go for the next."""
        running = Running()
        rows: list[Row] = []
        for some in portions(items):
            bookings = self.crm.bookings([booking_of(item, refund.kind) for item in some])
            facts = facts_of(self.crm, self.journal, refund, some, bookings)
            rows += plan_rows(refund, some, facts, without, running)
        return tuple(rows)


def facts_of(
    crm: Crm,
    journal: OperationStore,
    of: Operation,
    items: Sequence[Item],
    bookings: Mapping[BookingId, Booking | None],
) -> Facts:
    """What these items of an operation are judged by. Raises ``GatewayError``."""
    ids = [booking_of(item, of.kind) for item in items]
    return Facts(
        bookings=bookings,
        contacts=crm.contacts({item.contact_id for item in items if item.contact_id}),
        refunded_by=journal.owners(ids, MovementKind.REFUND),
        undone_by=journal.owners(ids, MovementKind.UNDO_REFUND),
    )
