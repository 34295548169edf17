"""What an admin app asks over HTTP, in the name of the admin whom each request names.

The same services as for the pages, so nobody may do more here. What a page need not know is that a
request may be sent again: a preview is made under the id that its request was kept with, a
confirmation is one by its plan, and a stop or a retry is looked for in the operation's history.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.access.api_key_rules import ApiKey, ApiRequest, key_in
from core.access.people import Access
from core.audit.entries import Entry, Subject, What
from core.audit.store.event_port import Event
from core.credits.errors import UnknownId
from core.credits.records import ExamId
from core.credits.roles import Act, Actor
from core.operations.choosing.adjust import AdjustmentPlanner
from core.operations.choosing.adjustment_lists import Asked
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.select import Selection
from core.operations.commands import OperationCommands
from core.operations.kept_plans import KeptPlans
from core.operations.kinds.permissions import act_for
from core.operations.leftovers import Warned
from core.operations.plans import Plan, Row
from core.operations.states import FollowUps, Item, ItemState, Operation, OperationState, Progress
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict
from core.students.store.port import StudentStore

#: What the history of an operation says of a stop, and of a retry.
STOPPED = frozenset(
    {OperationState.STOPPING, OperationState.CALLED_OFF, f"follow-ups {FollowUps.GIVEN_UP}"}
)
RETRIED = frozenset({f"{OperationState.RUNNING} retry", f"follow-ups {FollowUps.DUE}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Bookings of which one kind of operation is to be previewed."""

    kind: OperationKind
    selection: Selection
    include: frozenset[Inclusion]
    #: Left out, by record id or ``booking_id``.
    without: Sequence[str]
    #: Of a move: the exam that they go to.
    to: ExamId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An operation, with how far it is and what it left undone."""

    operation: Operation
    progress: Progress
    warnings: Sequence[Warned]


@dataclass(frozen=True, slots=True)
class AdminRequests:
    """``actor`` is always the admin whom ``Access.admin_through`` found."""

    journal: StudentStore
    access: Access
    planning: OperationPlanner
    adjusting: AdjustmentPlanner
    operation_commands: OperationCommands
    #: What is only shown is read from here.
    plans: KeptPlans
    now: Callable[[], datetime]

    def admin(self, key: ApiKey, email: str) -> Actor:
        """The admin whom a request names.

        Raises:
            NotAllowed: the key is not made for it, or the address is not an admin's.
            JournalError: the roles cannot be read.
        """
        return self.access.admin_through(key, email)

    def preview(self, request: ApiRequest, asked: Chosen | Sequence[Asked], actor: Actor) -> Plan:
        """The plan of these bookings, or of these changes of balances; the one of this request.

        Raises:
            NotAllowed, BadList, NotReady, GatewayError, JournalError: nothing was stored but that
                it was asked; see ``OperationPlanner.preview`` and ``AdjustmentPlanner.preview``.
        """
        actor.require(Act.RUN_BATCHES)
        id_ = request.operation_id
        try:
            return self.journal.plan(id_)
        except UnknownId:
            self._record(request, actor, "preview", id_)
        if isinstance(asked, Chosen):
            self._plan(asked, actor, id_)
        else:
            self.adjusting.preview(asked, actor, plan_id=id_)
        return self.journal.plan(id_)  # of two at once, the first that was saved counts

    def confirm(
        self,
        request: ApiRequest,
        plan_id: str,
        actor: Actor,
        *,
        reason: str,
        typed: int | None,
        tell: str | None = None,
    ) -> Operation:
        """Confirm a preview: held, or awaiting a second admin, as from the pages.

        ``typed``: how many rows change, as the admin typed it; None: nothing was typed. ``tell``:
        the reason that its students are told; None: they are told nothing.

        Raises:
            NotAllowed, UnknownId, NotConfirmed, JournalError: as ``OperationCommands.confirm``.
        """
        actor.require(Act.RUN_BATCHES)
        self._record(request, actor, "confirm", plan_id)
        return self.operation_commands.confirm(
            plan_id, actor, reason=reason, typed=typed or 0, tell=tell
        )

    def stop(
        self, request: ApiRequest, operation_id: str, actor: Actor, *, reason: str
    ) -> Operation:
        """Finish what was begun, and begin nothing else. Before it began: withdraw it.

        Raises:
            NotAllowed, UnknownId, StateConflict, JournalError: as ``OperationCommands.stop``.
        """
        actor.require(Act.RUN_BATCHES)
        if not self._done(request, operation_id, actor, STOPPED):
            self._record(request, actor, "stop", operation_id)
            self.operation_commands.stop(operation_id, actor, reason=reason)
        return self.journal.operation(operation_id)

    def retry(self, request: ApiRequest, operation_id: str, actor: Actor) -> Operation:
        """Carry on what failed, was blocked while it ran, or was stopped.

        Raises:
            NotAllowed, UnknownId, StateConflict, AnotherDesk, JournalError: as
                ``OperationCommands.retry``.
        """
        actor.require(Act.RUN_BATCHES)
        if not self._done(request, operation_id, actor, RETRIED):
            self._record(request, actor, "retry", operation_id)
            self.operation_commands.retry(operation_id, actor)
        return self.journal.operation(operation_id)

    def plan(self, plan_id: str, actor: Actor) -> Plan:
        """A preview. Raises ``NotAllowed``, ``UnknownId``."""
        actor.require(Act.RUN_BATCHES)
        return self.plans.plan(plan_id, actor)

    def rows(
        self, plan_id: str, actor: Actor, *, verdicts: Collection[Verdict], limit: int, offset: int
    ) -> tuple[OperationKind, list[Row]]:
        """A page of a preview, in its order, with its kind. Raises as ``plan``."""
        plan = self.plan(plan_id, actor)
        rows = self.journal.plan_rows(plan_id, verdicts=verdicts, limit=limit, offset=offset)
        return plan.kind, rows

    def followed(self, operation_id: str, actor: Actor) -> Followed:
        """Where an operation stands, whoever asked for it. Raises ``NotAllowed``, ``UnknownId``."""
        actor.require(Act.RUN_BATCHES)
        return Followed(
            operation=self.journal.operation(operation_id),
            progress=self.journal.progress(operation_id),
            warnings=self.journal.warnings(operation_id),
        )

    def items(
        self,
        operation_id: str,
        actor: Actor,
        *,
        states: Collection[ItemState],
        limit: int,
        offset: int,
    ) -> tuple[OperationKind, list[Item]]:
        """A page of its rows, in their order, with its kind. Raises as ``followed``."""
        actor.require(Act.RUN_BATCHES)
        kind = self.journal.operation(operation_id).kind
        found = self.journal.items(operation_id, states=states, limit=limit, offset=offset)
        return kind, found

    def _plan(self, asked: Chosen, actor: Actor, id_: str) -> None:
        plan = self.planning.judged(
            asked.kind,
            asked.selection,
            actor,
            plan_id=id_,
            to=asked.to,
            include=asked.include,
            without=asked.without,
        )
        actor.require(act_for(plan))
        self.journal.save_plan(plan)

    def _done(
        self, request: ApiRequest, operation_id: str, actor: Actor, what: Collection[str]
    ) -> bool:
        """Whether this admin has done so since the request first came, whose answer was lost."""
        return any(
            _said(event) in what and event.actor == actor.email and event.at >= request.at
            for event in self.journal.events(operation_id=operation_id)
        )

    def _record(self, request: ApiRequest, actor: Actor, act: str, id_: str) -> None:
        """Person and key together, before it is done; once for each request."""
        self.journal.record(
            Entry(
                at=self.now(),
                actor=actor.email,
                role=actor.role.value,
                what=What.THROUGH_APP,
                operation_id=id_,
                subject=Subject.KEY,
                subject_id=key_in(actor.via),
                detail={"app": request.client, "act": act},
                once=f"through app {request.operation_id}",
            )
        )


def _said(event: Event) -> str:
    """What happened; an operation begins to run for the first time, or by a retry."""
    again = event.what == OperationState.RUNNING and event.detail.get("detail") == "retry"
    return f"{event.what} retry" if again else event.what
