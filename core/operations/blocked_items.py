"""What becomes of the bookings of an operation that were blocked, or failed.

Each stays in "needs attention" until a later operation does it, a fresh look finds that nothing is
left to do, or an admin dismisses it with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.audit.entries import Entry, What
from core.audit.store.event_port import Event
from core.credits.errors import BadList, StateConflict
from core.credits.records import BookingId, ItemKey
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.select import ByIds
from core.operations.choosing.undo import UndoPlanner
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import booking_of, of_subject
from core.operations.plans import Plan, Row
from core.operations.protocol.each_item import each_item
from core.operations.states import DISMISSIBLE, ENDED, Item, ItemState, Operation, OperationState
from core.operations.store.port import OperationStore
from core.operations.verdicts import Verdict

#: The audit and the history name so many bookings; all are counted.
NAMED_MAX = 200
DISMISSED, FOUND_DONE = "dismissed", "found dealt with"
#: Kinds whose blocked bookings can be previewed again. Those of the others are exams and balances.
PREVIEWED = of_subject(RowSubject.BOOKING)


@dataclass(frozen=True, slots=True)
class BlockedItems:
    """Changes no credit: a new preview is confirmed as any other."""

    journal: OperationStore
    planning: OperationPlanner
    undoing: UndoPlanner
    now: Callable[[], datetime]

    def open(self, operation_id: str, actor: Actor) -> list[Item]:
        """Its bookings that failed or are blocked, in plan order.

        Raises:
            NotAllowed: this person may not watch operations.
            UnknownId: there is no such operation.
        """
        actor.require(Act.WATCH)
        return self.journal.items(operation_id, states=DISMISSIBLE)

    def look_again(self, operation_id: str, actor: Actor) -> Plan:
        """A new preview of the bookings that its own preview blocked. Stored.

        Those of which nothing is left to do need no attention any more from this moment.

        Raises:
            NotAllowed: this person may not run batches.
            UnknownId: there is no such operation.
            StateConflict: none of its bookings is blocked so, or they cannot be previewed.
            NotReady, GatewayError: HubSpot could not be read; nothing was stored.
        """
        actor.require(Act.RUN_BATCHES)
        operation = self.journal.operation(operation_id)
        ids = [booking_of(item, operation.kind) for item in self._blocked(operation)]
        if not ids:
            told = "none of its bookings is blocked since its preview"
            raise StateConflict(told, state=operation.state)
        plan = self._previewed(operation, ids, actor)
        skipped = {r.booking_id: r for r in plan.rows if r.verdict is Verdict.SKIP}
        settled = [
            _found_done(item, skipped[item.booking_id])
            for item in self._blocked(operation)
            if item.booking_id in skipped
        ]
        if settled:
            self._put_away(operation_id, settled, actor, FOUND_DONE, What.FOUND_DONE)
        return plan

    def dismiss(
        self,
        operation_id: str,
        actor: Actor,
        *,
        reason: str,
        bookings: Collection[ItemKey] = (),
    ) -> int:
        """Say why nothing more is done about these here; none named: about all of them.

        Returns how many. Their credits and seats stay as they are in HubSpot.

        Raises:
            NotAllowed: this person may not run batches.
            UnknownId: there is no such operation.
            BadList: no reason was given, or one of the bookings neither failed nor is blocked.
            StateConflict: the operation goes on, or something changed meanwhile.
        """
        actor.require(Act.RUN_BATCHES)
        if faults := reason_faults(reason, missing="give a reason: it is kept in the audit"):
            raise BadList(faults)
        wanted = set(bookings)
        put_away = [
            replace(
                item, state=ItemState.DISMISSED, why=f"dismissed by {actor.email}; was: {item.why}"
            )
            for item in each_item(self.journal, operation_id, states=DISMISSIBLE)
            if not wanted or item.booking_id in wanted
        ]
        if strangers := wanted - {item.booking_id for item in put_away}:
            raise BadList(
                [f"booking {id_} neither failed nor is blocked here" for id_ in sorted(strangers)]
            )
        if not put_away:
            raise BadList([f"no booking of operation {operation_id} failed or is blocked"])
        self._put_away(operation_id, put_away, actor, DISMISSED, What.DISMISSED, reason.strip())
        return len(put_away)

    def _blocked(self, operation: Operation) -> Iterator[Item]:
        """Those that its own preview blocked, as they are read."""
        if operation.kind not in PREVIEWED:
            told = f"the rows of a {operation.kind} are not previewed again from here"
            raise StateConflict(told, state=operation.state)
        if operation.state not in ENDED - {OperationState.CALLED_OFF}:
            told = f"the operation is {operation.state}; its blocked bookings wait for its end"
            raise StateConflict(told, state=operation.state)
        found = each_item(self.journal, operation.id, states=[ItemState.BLOCKED])
        return (item for item in found if not item.planned)

    def _previewed(self, operation: Operation, ids: Sequence[BookingId], actor: Actor) -> Plan:
        if operation.undoes:
            return self.undoing.preview(operation.undoes, actor, only=ids)
        words = f"what was blocked of {operation.selection}"
        chosen = ByIds(ids=tuple(ids), words=words)
        return self.planning.preview(operation.kind, chosen, actor, to=operation.to_exam)

    def _put_away(
        self,
        operation_id: str,
        items: Sequence[Item],
        actor: Actor,
        what: str,
        act: What,
        reason: str = "",
    ) -> None:
        at, ids = self.now(), [item.booking_id for item in items][:NAMED_MAX]
        detail = {"items": len(items), "bookings": ids}
        event = Event(
            at=at,
            actor=actor.email,
            what=what,
            operation_id=operation_id,
            detail=detail | ({"reason": reason} if reason else {}),
        )
        entry = Entry(
            at=at,
            actor=actor.email,
            role=actor.role.value,
            what=act,
            operation_id=operation_id,
            reason=reason,
            detail=detail,
        )
        self.journal.put_away(operation_id, items, event=event, entry=entry)


def _found_done(item: Item, row: Row) -> Item:
    return replace(item, state=ItemState.SKIPPED, why=f"looked at again: {row.why}")
