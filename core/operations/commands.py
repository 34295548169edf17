"""Confirms a plan; withdraws, stops, retries and shows the operation that it became."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit.store.event_port import Event
from core.credits.catalogue import SCHOOL, Catalogue
from core.credits.errors import BadList, StateConflict, UnknownId
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.channels import NO_TELLING, Channel, TellBy
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.hold import Holding
from core.operations.kept_plans import KeptPlans
from core.operations.kinds.permissions import act_for, second_admin_why
from core.operations.kinds.registry import kind_of
from core.operations.kinds.telling import faults as untold
from core.operations.leftovers import About
from core.operations.plans import Plan
from core.operations.states import (
    ENDED,
    RETRYABLE,
    UNBEGUN,
    FollowUps,
    Operation,
    OperationState,
    Progress,
)
from core.operations.store.port import OperationStore
from core.work.engine_port import Engine
from core.work.work import Work, key_of

#: Of a plan that would change nothing.
REASONS_TOLD = 3


class NotConfirmed(ValueError):
    """The confirmation was refused; ``faults`` are all the reasons. Nothing was changed."""

    def __init__(self, faults: list[str]) -> None:
        """``faults``: sentences for people."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class OperationCommands:
    """What people do to operations. The carrying itself is the engine's."""

    journal: OperationStore
    plans: KeptPlans
    engine: Engine
    holding: Holding
    now: Callable[[], datetime]
    #: Admins beside this person, by address.
    other_admins: Callable[[str], list[str]]
    #: Above this many bookings the admin types the number to confirm (design, section 9).
    typed_above: int = 20
    second: SecondAdmin = NO_SECOND
    #: What speaks against confirming anything: another desk is at work.
    objections: Callable[[], list[str]] = list
    #: Raises ``AnotherDesk`` for the same, where nothing is confirmed.
    alone: Callable[[], None] = lambda: None
    #: How students can be told.
    tell_by: TellBy = NO_TELLING
    catalogue: Catalogue = SCHOOL

    @property
    def hold(self) -> timedelta:
        """For so long one can be called off, at least."""
        return self.holding.hold

    def confirm(
        self,
        plan_id: str,
        actor: Actor,
        *,
        reason: str,
        typed: int | None = None,
        at_once: bool = False,
        tell: str | None = None,
        needs_approval: str = "",
    ) -> Operation:
        """Make the plan an operation, held for a while. Confirming again returns the same one.

        One that is large enough to need a second admin awaits approval first (``Approvals``).

        ``typed``: the number of bookings as the admin typed it; needed above ``typed_above``.
        None means that a script confirms, which named its bookings itself. ``at_once``: without
        the hold, for one student who waits on the phone; a booking has none anyway. ``tell``: the
        reason that its students are told; None: they are told nothing.
        ``needs_approval``: why it needs a second admin, though its own size may ask for none: it is
        a part of something larger.

        Raises:
            NotAllowed, UnknownId, NotConfirmed: nothing was changed.
        """
        actor.require(Act.BOOK_ONE)
        plan = self.plans.frozen(plan_id)  # a page has it in hand: a second one would cost as much
        actor.require(act_for(plan))
        one = act_for(plan) is not Act.RUN_BATCHES
        without = not kind_of(plan.kind).held or (at_once and one)
        now = self.now()
        held = self.holding.until(now, undoes=plan.undoes, at_once=without)
        why = second_admin_why(self.second, plan) or needs_approval
        faults = self._faults(plan, reason, typed, now) + self._nobody(why, actor)
        if tell is not None:
            faults += self.against_telling(plan, tell)
        if actor.only is None:  # an app's student cannot see to it; its writes are guarded as all
            faults += self.objections()
        if faults and not self._confirmed_before(plan_id):
            raise NotConfirmed(faults)
        operation = Operation(
            id=plan.id,
            kind=plan.kind,
            state=OperationState.AWAITING if why else OperationState.HELD,
            selection=plan.selection,
            reason=reason.strip(),
            confirmed_by=actor.email,
            confirmed_at=now,
            hold_until=now + self.second.within if why else held,
            needs_approval=why,
            undoes=plan.undoes,
            to_exam=plan.to_exam,
            include=plan.include,
            tell=Channel.OFF if tell is None else self.tell_by.channel,
            reason_for_students=(tell or "").strip(),
            via=actor.via,
        )
        self.journal.confirm_plan(operation, plan, _confirmed(operation, plan))
        self.plans.let_go(plan.id)
        self.engine.submit(plan.id)
        return self.journal.operation(plan.id)

    def against_telling(self, plan: Plan, reason: str) -> list[str]:
        """What speaks against telling its students with this reason, for people."""
        return untold(plan, reason, self.tell_by, self.catalogue)

    def call_off(self, operation_id: str, actor: Actor, *, reason: str = "") -> Operation:
        """End one that awaits approval or is held.

        Raises:
            StateConflict: it has begun.
            BadList: the reason cannot be kept.
        """
        self._require(operation_id, actor)
        _require_keepable(reason)
        to, why = OperationState.CALLED_OFF, reason.strip()
        return self.journal.move(operation_id, to, at=self.now(), actor=actor.email, detail=why)

    def called_off(self, operation_id: str) -> Event | None:
        """Who called it off and why (``detail``), None when nobody did."""
        events = self.journal.events(operation_id=operation_id)
        return next((e for e in events if e.what == OperationState.CALLED_OFF), None)

    def stop(self, operation_id: str, actor: Actor, *, reason: str = "") -> Operation:
        """Finish what was begun and begin nothing else. What is done stays done.

        Of one that has ended, the follow-ups that are still tried are given up.

        Raises:
            BadList: the reason cannot be kept.
        """
        self._require(operation_id, actor)
        _require_keepable(reason)
        operation = self.journal.operation(operation_id)
        if operation.state in UNBEGUN:
            return self.call_off(operation_id, actor, reason=reason)
        if operation.follow_ups is FollowUps.DUE:
            return self.journal.move_follow_ups(
                operation_id, FollowUps.GIVEN_UP, at=self.now(), actor=actor.email
            )
        to, why = OperationState.STOPPING, reason.strip()
        return self.journal.move(operation_id, to, at=self.now(), actor=actor.email, detail=why)

    def retry(self, operation_id: str, actor: Actor) -> Operation:
        """Carry on what failed, was blocked or was stopped, and nothing else.

        Where no booking is to be retried: follow-ups that are left, at once.

        Raises:
            StateConflict: it has not ended, or nothing of it can be retried.
            AnotherDesk: another desk is at work on this account.
        """
        actor.require(Act.RUN_BATCHES)
        self.alone()
        operation = self.journal.operation(operation_id)
        if not_retried := kind_of(operation.kind).words.not_retried:
            if self._follow_again(operation, actor):
                return self.journal.operation(operation_id)
            raise StateConflict(not_retried, state=operation.state)
        if operation.state not in ENDED - {OperationState.CALLED_OFF}:
            raise StateConflict(
                f"the operation is {operation.state}; only an ended one can be retried",
                state=operation.state,
            )
        self.journal.reopen(operation_id, RETRYABLE, at=self.now(), actor=actor.email)
        again = self.journal.operation(operation_id)
        if again.state not in ENDED:
            self.engine.submit(operation_id)
            return again
        if self._follow_again(again, actor):
            return self.journal.operation(operation_id)
        told = _nothing_failed(self.journal.progress(operation_id))
        raise StateConflict(told, state="done")

    def _follow_again(self, operation: Operation, actor: Actor) -> bool:
        """Whether it had follow-ups to try again."""
        if operation.state not in ENDED:
            return False
        left = {one.about for one in self.journal.warnings(operation.id)}
        if not left & {About.FOLLOW_UPS, About.NOTE, About.SEATS}:
            return False
        if operation.follow_ups is not FollowUps.DUE:
            self.journal.move_follow_ups(
                operation.id, FollowUps.DUE, at=self.now(), actor=actor.email
            )
        self.engine.submit(key_of(Work.FOLLOW_UPS, operation.id))
        return True

    def history(self, operation_id: str, actor: Actor) -> list[Event]:
        """What happened to it, newest first.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        return self.journal.events(operation_id=operation_id)

    def _require(self, operation_id: str, actor: Actor) -> None:
        """Whoever may confirm such an operation may end it."""
        if not actor.may(Act.RUN_BATCHES):
            actor.require(act_for(self.journal.plan(operation_id)))

    def _nobody(self, why: str, actor: Actor) -> list[str]:
        """A request that nobody could grant would only wait."""
        if not why or self.other_admins(actor.email):
            return []
        return [f"{why}: a second admin must approve it, and there is none. Make another one first"]

    def _confirmed_before(self, plan_id: str) -> bool:
        try:
            self.journal.operation(plan_id)
        except UnknownId:
            return False
        return True

    def _faults(self, plan: Plan, reason: str, typed: int | None, now: datetime) -> list[str]:
        count = len(plan.will_change)
        faults = []
        if not count:
            faults.append(f"nothing in this plan would change{_why_nothing(plan)}")
        faults += reason_faults(
            reason, missing="give a reason: it is kept with the operation and in the notes"
        )
        if now > plan.expires_at:
            faults.append("this preview is more than an hour old: make it again")
        if typed is not None and count > self.typed_above and typed != count:
            faults.append(f"type {count} to confirm: {typed} was typed")
        return faults


def _why_nothing(plan: Plan) -> str:
    """The commonest reasons of its rows; empty where it has none."""
    reasons = Counter(str(row.why) for row in plan.rows).most_common(REASONS_TOLD)
    told = ", ".join(f"{why} ({n:,})" for why, n in reasons)
    return f": {told}" if told else ""


def _confirmed(operation: Operation, plan: Plan) -> Event:
    """What its history says of it first."""
    number = len(plan.will_change)
    detail: dict[str, object] = {"reason": operation.reason, "bookings": number}
    if len(plan.rows) > number:
        detail["asked"] = len(plan.rows)
    if operation.needs_approval:
        detail["needs_approval"] = operation.needs_approval
    if operation.tell is not Channel.OFF:
        detail["tell"] = operation.tell.value
        detail["reason_for_students"] = operation.reason_for_students
    if operation.include:
        detail["include"] = sorted(operation.include)
    return Event(
        at=operation.confirmed_at,
        actor=operation.confirmed_by,
        what="confirmed",
        operation_id=operation.id,
        detail=detail,
    )


def _require_keepable(reason: str) -> None:
    if faults := reason_faults(reason):
        raise BadList(faults)


def _nothing_failed(progress: Progress) -> str:
    told = "nothing of it failed, so nothing is retried"
    if number := progress.blocked_at_preview:
        what = "1 booking was" if number == 1 else f"{number:,} bookings were"
        told += (
            f"; {what} blocked at its preview and needs a new one: "
            "correct what blocks it, then preview the blocked bookings again"
        )
    return told
