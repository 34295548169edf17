"""Approving: a second admin's yes or no to a plan that waits for it, on fresh reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from core.access.people import Access
from core.audit.entries import Entry, What
from core.audit.store.event_port import Event
from core.credits.errors import StateConflict
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.operations.approval_rules import Difference, differences
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.hold import Holding
from core.operations.kinds.base import Planners
from core.operations.kinds.registry import kind_of
from core.operations.plans import Plan, Row
from core.operations.states import Operation, OperationState
from core.operations.store.port import OperationStore
from core.work.engine_port import Engine

#: Judges the rows of a plan anew, on fresh reads.
Afresh = Callable[[Plan], tuple[Row, ...]]
#: What changed since the request is told in full up to so many rows.
TOLD_MAX = 10
#: The audit names so many of the bookings that differ; the event all.
AUDITED_MAX = 200
CHANGED = "it would no longer do what was asked for"


class NotApproved(ValueError):
    """The approval was refused; ``faults`` are all the reasons. Nothing was changed."""

    def __init__(self, faults: list[str]) -> None:
        """``faults``: sentences for people."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A plan that waits, and the same bookings as they stand now."""

    #: The frozen plan with its rows as they were judged just now.
    plan: Plan
    #: What would no longer be done as it was asked for; empty: it can be approved.
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """``OperationCommands.confirm`` makes the request; the engine begins what was approved."""

    journal: OperationStore
    engine: Engine
    access: Access
    #: What judges the rows of a plan anew; its kind says which.
    planners: Planners[Afresh]
    holding: Holding
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: What speaks against beginning anything: another desk is at work.
    objections: Callable[[], list[str]] = list

    def whom_to_ask(self, operation: Operation) -> list[str]:
        """The addresses of those who may approve it."""
        return self.access.seconds(operation.confirmed_by, operation.confirmed_at)

    def person_faults(self, operation: Operation, email: str) -> list[str]:
        """Why this admin is no second person to who asked; empty: they are one."""
        by, at = operation.confirmed_by, operation.confirmed_at
        faults = self.access.second_faults(by, at, email)
        asked = " or ".join(self.whom_to_ask(operation)) or "nobody; make another admin first"
        return [f"{fault}: {asked}" for fault in faults]

    def read(self, operation_id: str, actor: Actor) -> Reread:
        """The plan judged again on fresh reads. Changes nothing.

        Raises:
            NotAllowed: this person may not run batches.
            UnknownId: there is no such operation.
            StateConflict: it is of a kind that nobody approves.
            NotReady, GatewayError: HubSpot cannot be read, or lacks what the writes would need.
        """
        actor.require(Act.RUN_BATCHES)
        plan = self.journal.plan(operation_id)
        afresh = kind_of(plan.kind).afresh(self.planners)
        if afresh is None:
            raise StateConflict(f"no second admin approves a {plan.kind}", state=plan.kind)
        rows = afresh(plan)
        return Reread(
            plan=replace(plan, rows=rows, made_at=self.now()),
            differences=tuple(differences(plan.rows, rows)),
        )

    def approve(self, operation_id: str, actor: Actor) -> Operation:
        """Say yes, as another admin than who asked: its hold begins. Twice is harmless.

        Raises:
            NotAllowed: this person is no admin at this moment.
            NotApproved: they asked for it themselves, it is too late, another desk is at work, or
                the plan no longer matches the world: what differs is named, and kept in the
                history.
            StateConflict: somebody approved it, or called it off.
            NotReady, GatewayError: HubSpot could not be read; it still waits.
        """
        if self._said_yes(self.journal.operation(operation_id), actor):
            return self.journal.operation(operation_id)
        self._check(operation_id, actor)
        found = self.read(operation_id, actor)
        if found.differences:
            self._refuse(operation_id, actor, found.differences)
        self._check(operation_id, actor)  # reading took its time
        now = self.now()
        try:
            approved = self.journal.approve(
                operation_id,
                by=actor.email,
                at=now,
                hold_until=self.holding.until(now, undoes=found.plan.undoes),
            )
        except StateConflict:
            self._check(operation_id, actor)  # says who was quicker
            raise
        self.engine.submit(operation_id)
        return approved

    def refuse(self, operation_id: str, actor: Actor, reason: str) -> Operation:
        """Call it off while it waits; the reason is kept for who asked.

        Raises:
            NotAllowed: this person is no admin at this moment.
            NotApproved: no reason was given.
            StateConflict: somebody approved it, or called it off.
        """
        self._require(actor)
        missing = "say why: it is kept for the person who asked"
        if faults := reason_faults(reason, missing=missing):
            raise NotApproved(faults)
        self._waits(self.journal.operation(operation_id))
        to, why = OperationState.CALLED_OFF, f"refused: {reason.strip()}"
        return self.journal.move(operation_id, to, at=self.now(), actor=actor.email, detail=why)

    def renew(self, operation_id: str, actor: Actor) -> Plan:
        """A fresh preview of the same bookings; a request that still waits is called off for it.

        Whoever confirms the preview asks anew, and another admin approves.

        Raises:
            NotAllowed: this person is no admin at this moment.
            StateConflict: the operation has been approved, or needed nobody.
            NotReady, GatewayError: HubSpot could not be read; nothing was changed.
        """
        self._require(actor)
        self._renewable(operation_id)
        made_at = self.now()
        plan = replace(
            self.read(operation_id, actor).plan,
            id=self.new_id(),
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
        )
        self._renewable(operation_id)  # reading took its time
        self.journal.save_plan(plan)
        to, why = OperationState.CALLED_OFF, f"previewed anew as {plan.id}"
        self.journal.move(operation_id, to, at=self.now(), actor=actor.email, detail=why)
        return plan

    def _renewable(self, operation_id: str) -> None:
        operation = self.journal.operation(operation_id)
        if not kind_of(operation.kind).renewable:
            told = f"a {operation.kind} is previewed where it was made"
            raise StateConflict(told, state=operation.state)
        if operation.state is not OperationState.CALLED_OFF:
            self._waits(operation)

    def _check(self, operation_id: str, actor: Actor) -> None:
        """Whether this person may approve this operation, as of this very moment."""
        self._require(actor)
        operation = self.journal.operation(operation_id)
        self._waits(operation)
        if faults := self._faults(operation, actor):
            raise NotApproved(faults)

    def _require(self, actor: Actor) -> None:
        """By the role of this moment: the one the caller read may be a page's."""
        self.access.actor(actor.email).require(Act.RUN_BATCHES)

    def _waits(self, operation: Operation) -> None:
        if operation.state is OperationState.AWAITING:
            return
        told = f"operation {operation.id} is {operation.state}"
        if operation.approved:
            told += f": {operation.approved_by} approved it"
        elif operation.state is OperationState.CALLED_OFF:
            told += ": there is nothing to approve, and nothing was changed"
        else:
            told += ": it needed no second admin"
        raise StateConflict(told, state=operation.state, at=operation.approved_at)

    def _faults(self, operation: Operation, actor: Actor) -> list[str]:
        faults = self.person_faults(operation, actor.email)
        if self.now() >= operation.hold_until:
            faults.append("nobody approved it in time: preview it again")
        if not self._still_admin(operation.confirmed_by):
            faults.append(f"{operation.confirmed_by}, who asked, may no longer do this")
        if operation.via and not self.access.acts_for_admins(operation.via):
            faults.append(f"the key of {operation.via}, which asked, was revoked or is over")
        return faults + self.objections()

    def _still_admin(self, email: str) -> bool:
        return self.access.may(email, Act.RUN_BATCHES)

    def _said_yes(self, operation: Operation, actor: Actor) -> bool:
        return operation.approved_by.casefold() == actor.email.strip().casefold()

    def _refuse(self, operation_id: str, actor: Actor, found: tuple[Difference, ...]) -> None:
        """It goes on waiting; whoever looks at it sees that, and why."""
        at, who, ids = self.now(), actor.email, [each.then.booking_id for each in found]
        entry = Entry(
            at=at,
            actor=who,
            what=What.NOT_APPROVED,
            operation_id=operation_id,
            detail={"why": CHANGED, "differ": len(ids), "bookings": ids[:AUDITED_MAX]},
        )
        event = Event(
            at=at,
            actor=who,
            what=What.NOT_APPROVED.value,
            operation_id=operation_id,
            detail={"changed": ids},
        )
        self.journal.record(event, entry)
        told = [str(each) for each in found[:TOLD_MAX]]
        if len(found) > TOLD_MAX:
            told.append(f"and {len(found) - TOLD_MAX:,} more")
        raise NotApproved([f"{CHANGED}: preview it again", *told])
