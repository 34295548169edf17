"""Cancelling an exam as one act: it is closed, those who fit are moved, the others cancelled.

The act is kept in the journal. Each of its steps is an act that may be repeated: the closing sets
an absolute value, and an operation has an id that is saved before it is made, so that whoever takes
the act up after a crash finds the same one (docs/decisions/0036-cancelled-exams.md).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from core.credits.errors import BadList, GatewayError, NotReady, StateConflict, UnknownId
from core.credits.records import BookingStatus, Exam, ExamId, ItemKey, Kind
from core.credits.roles import Act, Actor, NotAllowed
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.crm import Fate
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.approval_rules import credits_moved
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.select import ByIds, exam_words
from core.operations.commands import NotConfirmed, OperationCommands
from core.operations.kinds.move import MOVE
from core.operations.kinds.registry import cancelling
from core.operations.plans import Plan, Row
from core.operations.states import (
    ENDED,
    NEEDS_EYES,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
)
from core.operations.telling.rules import TellingState
from core.operations.verdicts import OperationKind
from core.students.exam_acts import ExamAct, ExamActState
from core.students.exam_closing import NO_REASON, ExamCancellation
from core.students.store.port import StudentStore
from core.work.backoff import pause
from core.work.engine_port import Engine
from core.work.work import Work, key_of

log = logging.getLogger(__name__)

#: While an operation of the act goes on.
LOOK_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamActPreview:
    """What the act would do now. Neither plan is stored."""

    exam: Exam
    #: None: nobody is moved.
    move: Plan | None
    #: Of all active bookings; None: there are none.
    cancel: Plan | None

    @property
    def a_plan(self) -> Plan | None:
        """One that changes bookings, from which to show what a student would be told."""
        plans = (plan for plan in (self.cancel, self.move) if plan is not None)
        return next((plan for plan in plans if plan.will_change), None)

    @property
    def moving(self) -> frozenset[ItemKey]:
        """Bookings that fit at the other exam."""
        return frozenset(row.booking_id for row in (self.move.will_change if self.move else ()))

    @property
    def cancelling(self) -> tuple[ItemKey, ...]:
        """Bookings that are cancelled, those that move left out."""
        rows = self.cancel.will_change if self.cancel else ()
        return tuple(row.booking_id for row in rows if row.booking_id not in self.moving)

    @property
    def left(self) -> tuple[Row, ...]:
        """Rows that neither moves nor cancels, each with the reason."""
        rows = self.cancel.rows if self.cancel else ()
        changed = self.moving | set(self.cancelling)
        return tuple(row for row in rows if row.booking_id not in changed)

    @property
    def number(self) -> int:
        """How many bookings it changes."""
        return len(self.moving) + len(self.cancelling)

    @property
    def credits_(self) -> int:
        """How many credits it gives back or keeps."""
        if self.cancel is None:
            return 0
        rest = set(self.cancelling)
        rows = tuple(row for row in self.cancel.rows if row.booking_id in rest)
        return credits_moved(replace(self.cancel, rows=rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One operation of the act, and what of it needs somebody's eyes."""

    operation: Operation
    progress: Progress
    left: tuple[Item, ...]
    #: How many of its students were told of it, or not yet; empty: nobody is told.
    told: Mapping[TellingState, int]

    @property
    def done(self) -> int:
        """How many bookings it changed."""
        return self.progress.states.get(ItemState.DONE, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamActReport:
    """All that was asked for, and what became of it."""

    act: ExamAct
    #: Whether the desk books nobody there.
    closed: bool
    move: Part | None
    cancel: Part | None

    @property
    def told(self) -> tuple[int, int]:
        """Students who were told, and those who were not, or not yet."""
        counts = Counter[TellingState]()
        for part in (self.move, self.cancel):
            counts.update(part.told if part else {})
        return counts[TellingState.TOLD], counts.total() - counts[TellingState.TOLD]

    @property
    def not_done(self) -> tuple[Item, ...]:
        """Bookings that were neither moved nor cancelled, each with the reason."""
        if self.cancel is not None:
            return self.cancel.left
        return self.move.left if self.move and self.act.ended else ()


@dataclass(frozen=True, slots=True)
class WholeExamCancellation:
    """What an admin asks for, and the one method for the engine."""

    crm: CrmLookUp
    journal: StudentStore
    engine: Engine
    cancellation: ExamCancellation
    planning: OperationPlanner
    operation_commands: OperationCommands
    #: By their address, with the role of this moment. Raises ``NotAllowed``.
    actor_of: Callable[[str], Actor]
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def preview(
        self, exam_id: ExamId, actor: Actor, *, to: ExamId | None, keeps: bool
    ) -> ExamActPreview:
        """What would become of each active booking. Stores and changes nothing.

        Raises:
            NotAllowed: this person may not.
            BadList: HubSpot has no such exam, or it is the one to move to.
            NotReady: HubSpot lacks what the writes would need.
            GatewayError: HubSpot could not be read.
        """
        exam = self.cancellation.preview(exam_id, actor)
        if to == exam.id:
            raise BadList(["choose another exam to move to than the one that is cancelled"])
        chosen = self._active(ExamId(exam.id), exam_words(exam))
        if chosen is None:
            return ExamActPreview(exam=exam, move=None, cancel=None)
        return ExamActPreview(
            exam=exam,
            move=self.planning.judged(MOVE.key, chosen, actor, to=to) if to else None,
            cancel=self.planning.judged(cancelling(keeps=keeps), chosen, actor),
        )

    def ask(
        self,
        exam_id: ExamId,
        actor: Actor,
        *,
        to: ExamId | None,
        keeps: bool,
        reason: str,
        typed: int | None = None,
        tell: str | None = None,
    ) -> ExamAct:
        """Confirm it. While one of the exam goes on, asking again is the same one.

        ``typed``: the number of bookings as the admin typed it; None: a script asks. ``tell``: the
        reason that the students are told; None: they are not told.

        Raises:
            NotConfirmed: all that is against it.
            NotAllowed, BadList, NotReady, GatewayError: as ``preview``. Nothing was changed.
        """
        found = self.preview(exam_id, actor, to=to, keeps=keeps)
        above = self.operation_commands.second.exceeded(
            bookings=found.number, credits_=found.credits_
        )
        faults = reason_faults(reason, missing=NO_REASON)
        if typed is not None and found.number > self.operation_commands.typed_above:
            faults += [] if typed == found.number else [f"type {found.number} to confirm"]
        if above and not self.operation_commands.other_admins(actor.email):
            faults.append(f"{above}: a second admin must approve it, and there is none")
        if tell is not None:
            plans = [plan for plan in (found.move, found.cancel) if plan is not None]
            against = [self.operation_commands.against_telling(plan, tell) for plan in plans]
            faults += dict.fromkeys(fault for each in against for fault in each)
        if faults := faults + self.operation_commands.objections():
            raise NotConfirmed(faults)
        act = self.journal.ask_exam_act(
            ExamAct(
                id=self.new_id(),
                exam_id=ExamId(found.exam.id),
                exam_name=exam_words(found.exam),
                to_exam=to,
                keeps=keeps,
                reason=reason.strip(),
                tell=None if tell is None else tell.strip(),
                asked_by=actor.email,
                asked_at=self.now(),
                needs_approval=above,
            )
        )
        self.engine.submit(key_of(Work.EXAM, act.id))
        return act

    def stop(self, act_id: str, actor: Actor) -> ExamAct:
        """Begin no further step, and stop the operation in hand. The exam stays closed.

        Raises:
            NotAllowed: this person may not.
            StateConflict: it has ended.
            Superseded: it went on in this moment; ask again.
        """
        actor.require(Act.RUN_BATCHES)
        act = self.journal.take_exam_act(act_id)
        if act.ended:
            raise StateConflict(f"the act is {act.state}", state=act.state)
        self.journal.save_exam_act(replace(act, stopped_by=actor.email))
        self.engine.submit(key_of(Work.EXAM, act_id))
        return self.journal.exam_act(act_id)

    def report(self, exam_id: ExamId, actor: Actor) -> ExamActReport | None:
        """Of the newest act of this exam; None: it has none.

        Raises:
            NotAllowed: this person may not look exams up.
        """
        actor.require(Act.LOOK_UP)
        act = self.journal.last_exam_act(exam_id)
        if act is None:
            return None
        return ExamActReport(
            act=act,
            closed=exam_id in self.journal.cancelled_exams([exam_id]),
            move=self._part(act.move_id),
            cancel=self._part(act.cancel_id),
        )

    def carry_out(self, act_id: str) -> datetime | None:
        """For the engine. None: it has ended. A time: look again then.

        Raises:
            Superseded: another process has it, or somebody asked it to stop.
        """
        act = self.journal.take_exam_act(act_id)
        if act.ended:
            return None
        try:
            return self._carry(act)
        except NotAllowed as error:
            return self._end(self._held(act), ExamActState.STOPPED, str(error))
        except (NotReady, NotConfirmed, GatewayError) as error:
            log.warning("exam act %s waits: %s", act_id, error)
            waits = replace(self._held(act), waiting_for=str(error), failures=act.failures + 1)
            self.journal.save_exam_act(waits)
            return self.now() + pause(error, act.failures)

    def _held(self, act: ExamAct) -> ExamAct:
        """As it was saved last; of this epoch, so that one that was superseded is not saved."""
        return replace(self.journal.exam_act(act.id), epoch=act.epoch)

    def _carry(self, act: ExamAct) -> datetime | None:
        if act.stopped_by:
            return self._stopped(act)
        if act.state is ExamActState.CLOSING:
            closing = self.cancellation.cancel(
                act.exam_id, self.actor_of(act.asked_by), reason=act.reason
            ).outcome
            if closing.fate is Fate.REFUSED:
                why = f"HubSpot refused to close it, so no booking was changed: {closing.reason}"
                return self._end(act, ExamActState.STOPPED, why)
            if closing.fate is not Fate.LANDED:
                return self._waits(act, "HubSpot did not say whether it closed the exam")
            act = self._save(act, state=ExamActState.MOVING)
        if act.state is ExamActState.MOVING:
            if act.to_exam is not None:
                act, again = self._step(act, MOVE.key, "move_id", act.to_exam)
                if again or act.ended:
                    return again
            act = self._save(act, state=ExamActState.CANCELLING)
        act, again = self._step(act, cancelling(keeps=act.keeps), "cancel_id", None)
        return again if again or act.ended else self._end(act, ExamActState.DONE, act.fault)

    def _step(
        self, act: ExamAct, kind: OperationKind, name: str, to: ExamId | None
    ) -> tuple[ExamAct, datetime | None]:
        """The operation of this step, begun or found; a time while it goes on."""
        operation = self._operation(getattr(act, name))
        if operation is None:
            act, again = self._begin(act, kind, name, to)
            return act, again
        if operation.state not in ENDED:
            return act, self._waits(act, f"operation {operation.id}: {operation.state}")
        if operation.state is not OperationState.DONE:
            why = f"operation {operation.id} was {_ENDED_EARLY[operation.state]}"
            self._end(act, ExamActState.STOPPED, why)
            return self.journal.exam_act(act.id), None
        return act, None

    def _begin(
        self, act: ExamAct, kind: OperationKind, name: str, to: ExamId | None
    ) -> tuple[ExamAct, datetime | None]:
        """Make the operation, if there is anything to do. Its id is saved before it is made.

        Raises:
            NotAllowed, NotReady, NotConfirmed, GatewayError: it is not made.
        """
        actor = self.actor_of(act.asked_by)
        actor.require(Act.RUN_BATCHES)
        chosen = self._active(act.exam_id, act.exam_name)
        if chosen is None:
            return self._save(act, **{name: ""}), None
        act = self._save(act, **{name: self._fresh(getattr(act, name))})
        plan = self.planning.judged(kind, chosen, actor, plan_id=getattr(act, name), to=to)
        if not plan.will_change:
            return self._save(act, **{name: "", "fault": _none_of(plan)}), None
        self.journal.save_plan(plan)
        self.operation_commands.confirm(
            plan.id, actor, reason=act.reason, needs_approval=act.needs_approval, tell=act.tell
        )
        return act, self._waits(act, f"operation {plan.id} is confirmed and has not begun")

    def _fresh(self, id_: str) -> str:
        """The id that was saved, unless its plan is too old to be confirmed."""
        try:
            old = bool(id_) and self.journal.plan(id_).expires_at <= self.now()
        except UnknownId:
            old = False
        return self.new_id() if old or not id_ else id_

    def _stopped(self, act: ExamAct) -> datetime | None:
        for id_ in act.operations:
            operation = self._operation(id_)
            if operation is None or operation.state in ENDED:
                continue
            if operation.state is not OperationState.STOPPING:
                actor = self.actor_of(act.stopped_by)
                self.operation_commands.stop(id_, actor, reason="the act was stopped")
            return self._waits(act, f"operation {id_} is stopping")
        return self._end(act, ExamActState.STOPPED, f"stopped by {act.stopped_by}")

    def _waits(self, act: ExamAct, what: str) -> datetime:
        if what != act.waiting_for:
            self._save(act, waiting_for=what)
        return self.now() + LOOK_AGAIN

    def _save(self, act: ExamAct, **changes: Any) -> ExamAct:
        saved = replace(act, **{"waiting_for": "", "failures": 0, **changes})
        self.journal.save_exam_act(saved)
        return saved

    def _end(self, act: ExamAct, state: ExamActState, fault: str) -> datetime | None:
        """Saved; the engine need not look again."""
        self._save(act, state=state, fault=fault, ended_at=self.now())
        return None

    def _active(self, exam_id: ExamId, words: str) -> ByIds | None:
        """Bookings that hold a seat there now, or may; None: there are none."""
        ids = self.crm.booking_ids_of(Kind.EXAM, [exam_id]).get(exam_id, ())
        read = self.crm.bookings(ids).values() if ids else ()
        active = [one.id for one in read if one and one.status not in _OVER]
        return ByIds(ids=tuple(active), words=f"exam {words}") if active else None

    def _operation(self, id_: str) -> Operation | None:
        try:
            return self.journal.operation(id_) if id_ else None
        except UnknownId:
            return None

    def _part(self, id_: str) -> Part | None:
        operation = self._operation(id_)
        if operation is None:
            return None
        left = self.journal.items(id_, states=NEEDS_EYES)
        return Part(
            operation=operation,
            progress=self.journal.progress(id_),
            left=tuple(left),
            told=self.journal.telling_counts(id_),
        )


#: Of these nothing is left to cancel. One whose status cannot be read is listed, and stays.
_OVER = frozenset({BookingStatus.CANCELLED, BookingStatus.COMPLETED})
_ENDED_EARLY = {
    OperationState.CALLED_OFF: "withdrawn",
    OperationState.STOPPED: "stopped",
}


def _none_of(plan: Plan) -> str:
    """Why nothing of it is changed: the first reason, and of how many."""
    first = plan.rows[0]
    return f"none of {len(plan.rows)} bookings can be changed; the first: {first.told}"
