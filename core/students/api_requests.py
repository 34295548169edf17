"""What API clients ask to change: each request once, however often it is sent.

A request is kept with the id of its operation before anything is judged. Whoever comes with the
same key finds that id: the plan that was saved under it, the operation that was confirmed, the
answer that was given. So two at once, or a repetition after a crash at any step, are one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.access.api_key_rules import ApiKey, ApiRequest, Scope, client_in
from core.access.rationing import Rationing
from core.credits.errors import GatewayError, UnknownId
from core.credits.records import BookingId, ContactId
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.booking_rules import Wish
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.select import ByIds
from core.operations.commands import OperationCommands
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.registry import makes_bookings
from core.operations.plans import Plan
from core.operations.states import ENDED, Item, ItemState, Operation
from core.operations.verdicts import Verdict, Why
from core.students.book import BookingPreview
from core.students.eligibility import Eligibility
from core.students.store.port import StudentStore

#: How long a request is known; after that its key is as good as new.
KEPT = timedelta(days=30)
#: How long its answer is, which names a booking; after that the operation tells it afresh.
ANSWER_KEPT = timedelta(days=1)


class KeyReused(ValueError):
    """Another request came under this key before. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing against a request."""

    why: Why
    detail: str = ""
    #: The booking meant, by record id; "" when it is about the whole request.
    booking: str = ""


class NotServed(Exception):
    """Refused before anything was changed; ``faults`` are all the reasons."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """``faults``: at least one."""
        super().__init__("; ".join(fault.why for fault in faults))
        self.faults = tuple(faults)


class End(StrEnum):
    """How an operation of a client stands."""

    UNDER_WAY = "under_way"
    DONE = "done"
    PARTLY_DONE = "partly_done"
    NOT_DONE = "not_done"
    #: HubSpot does not tell what became of a change: a person decides.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where an operation stands, and each of its bookings."""

    operation: Operation
    end: End
    items: tuple[Item, ...]
    #: The record id of a booking that was made; None as long as HubSpot has not told it.
    made: BookingId | None = None


@dataclass(frozen=True, slots=True)
class IdempotentRequests:
    """Plan, confirm and engine as for people; ``Actor`` is the client within its key."""

    crm: CrmLookUp
    journal: StudentStore
    booking: BookingPreview
    planning: OperationPlanner
    operation_commands: OperationCommands
    checking: Eligibility
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    rationing: Rationing

    def begin(self, key: ApiKey, request_key: str, fingerprint: str) -> ApiRequest:
        """The request as it was first kept: with its operation's id, and its answer if given.

        Raises:
            KeyReused: the client used this key for another request.
            JournalError: it cannot be kept, so nothing is begun.
        """
        at = self.now()
        asked = ApiRequest(
            client=key.client,
            key=request_key,
            fingerprint=fingerprint,
            operation_id=self.new_id(),
            at=at,
        )
        kept = self.journal.begin_request(asked)
        if kept.fingerprint != fingerprint:
            raise KeyReused
        if kept is asked:
            self.journal.forget_requests(before=at - KEPT)
            self.journal.forget_answers(before=at - ANSWER_KEPT)
        return kept

    def keep(self, request: ApiRequest, status: int, answer: dict[str, object]) -> None:
        """Keep the final answer: the same request gets it again."""
        self.journal.answer_request(request.client, request.key, status=status, answer=answer)

    def book(self, request: ApiRequest, wish: Wish, key: ApiKey, reason: str) -> Operation:
        """Book, or go on with what was begun under this request.

        Raises:
            NotServed: it is refused; nothing was changed.
            TooMany: the key has used up what it may in a day; nothing was changed.
            NotConfirmed: its preview was made too long ago.
            NotAllowed, GatewayError, JournalError: as the services say; nothing was changed.
        """
        key.require(Scope.BOOK)
        if begun := self._begun(request, key, reason):
            return begun
        self.booking.preview(wish, key.actor, plan_id=request.operation_id)
        (row,) = self.journal.plan(request.operation_id).rows  # the first that was saved counts
        if row.verdict is not Verdict.WILL_CHANGE:
            raise NotServed(self.against(wish, key) or [Fault(why=row.why, detail=row.detail)])
        return self._confirm(request, key, reason, wish.contact_id)

    def cancel(
        self,
        request: ApiRequest,
        contact_id: ContactId,
        bookings: Sequence[BookingId],
        key: ApiKey,
        reason: str,
    ) -> Operation:
        """Cancel all of these bookings of one contact, or none when one is refused.

        Raises:
            NotServed, TooMany, NotConfirmed, NotAllowed, GatewayError, JournalError: as ``book``.
        """
        key.require(Scope.CANCEL)
        if begun := self._begun(request, key, reason):
            return begun
        chosen = ByIds(ids=tuple(bookings), words=f"bookings of contact {contact_id}")
        planned = self.planning.judged(CANCEL.key, chosen, key.actor, plan_id=request.operation_id)
        self.journal.save_plan(planned)
        plan = self.journal.plan(request.operation_id)  # the first that was saved counts
        if faults := self._not_to_cancel(plan, contact_id):
            raise NotServed(faults)
        return self._confirm(request, key, reason, contact_id)

    def against(self, wish: Wish, key: ApiKey) -> list[Fault]:
        """Everything that speaks against this booking just now."""
        checked = self.checking.exam(wish, key.actor)
        if checked is None:
            return [Fault(why=Why.CONTACT_GONE)]
        return [Fault(why=seat.why, detail=seat.detail) for seat in checked.against]

    def outcome(self, operation_id: str, key: ApiKey) -> Outcome:
        """Where an operation of this client stands.

        Raises:
            UnknownId: this client has no such operation.
        """
        operation = self.journal.operation(operation_id)
        if client_in(operation.confirmed_by) != key.client:
            raise UnknownId(f"there is no operation {operation_id}")
        items = tuple(self.journal.items(operation_id))
        end = end_of(operation, items)
        made = None
        if makes_bookings(operation.kind) and end is End.DONE:
            made = self._record_id(items[0])
        return Outcome(operation=operation, end=end, items=items, made=made)

    def ended(self, operation_id: str) -> bool:
        """Whether it has. One read of the journal."""
        return self.journal.operation(operation_id).state in ENDED

    def _begun(self, request: ApiRequest, key: ApiKey, reason: str) -> Operation | None:
        """What was confirmed before, by whoever may have died before the engine heard of it."""
        try:
            operation = self.journal.operation(request.operation_id)
        except UnknownId:
            return None
        return operation if operation.state in ENDED else self._engaged(request, key, reason)

    def _confirm(
        self, request: ApiRequest, key: ApiKey, reason: str, contact_id: ContactId
    ) -> Operation:
        self.rationing.acted(key, contact_id, request.operation_id)
        return self._engaged(request, key, reason)

    def _engaged(self, request: ApiRequest, key: ApiKey, reason: str) -> Operation:
        return self.operation_commands.confirm(
            request.operation_id, key.actor, reason=reason, at_once=True
        )

    def _not_to_cancel(self, plan: Plan, asked: ContactId) -> list[Fault]:
        """One fault for each booking that cannot be cancelled for this contact."""
        known = {str(asked)}
        if any(row.contact_id not in known for row in plan.rows):
            contact = self.crm.contacts([asked])[asked]
            if contact is None:
                return [Fault(why=Why.CONTACT_GONE)]
            known.add(contact.id)  # asked for by an id from before a merge
        faults = []
        for row in plan.rows:
            if row.contact_id is not None and row.contact_id not in known:
                faults.append(Fault(why=Why.OTHERS, booking=row.booking_id))
            elif row.verdict is not Verdict.WILL_CHANGE:
                faults.append(Fault(why=row.why, detail=row.detail, booking=row.booking_id))
        return faults

    def _record_id(self, item: Item) -> BookingId | None:
        """By its unique name; the operation does not depend on it."""
        try:
            return self.crm.booking_ids_named([item.booking_name])[item.booking_name]
        except GatewayError:
            return None


def end_of(operation: Operation, items: Sequence[Item]) -> End:
    """How an operation stands, in one word. "Not done": nothing of it is left."""
    if operation.state not in ENDED:
        return End.UNDER_WAY
    states = {item.state for item in items}
    booking = makes_bookings(operation.kind)
    kept = booking and any(i.state is ItemState.FAILED and i.after is not None for i in items)
    if ItemState.UNDECIDED in states or kept:
        return End.UNDECIDED  # a credit was taken and could not go back: a person has to see to it
    if states == {ItemState.DONE}:
        return End.DONE
    partly = ItemState.DONE in states or any(item.cancelled for item in items)
    return End.PARTLY_DONE if partly else End.NOT_DONE
