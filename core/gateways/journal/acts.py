"""What stands in the audit of each act that the journal saves: shared by every store.

Ids alone: a plan's words and an item's names may name students.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.adjustments import named, replaces
from core.domain.audit import MOVED, SUBJECTS, Entry, Subject, What
from core.domain.chain import timestamp
from core.domain.channels import Channel
from core.domain.clients import ApiKey
from core.domain.credits import Balances
from core.domain.desks import Takeover
from core.domain.exam_acts import ExamAct
from core.domain.operations import ENDED, Item, Operation, OperationState
from core.domain.plans import Plan
from core.domain.records import CancelledExam, Kind
from core.domain.repairs import Repair, RepairRow
from core.domain.roles import Role
from core.domain.settled import Baseline, OwedDecision
from core.domain.sweeps import Sweep
from core.domain.writes import MovementKind
from core.gateways.ports.journal import Event, Settlement, WriteState

FOUND = {
    WriteState.OPEN: What.UNDECIDED,
    WriteState.LANDED: What.WRITTEN,
    WriteState.VOID: What.NOT_WRITTEN,
    WriteState.UNDECIDED: What.UNDECIDED,
}

assert FOUND.keys() == set(WriteState)


def made(plan: Plan) -> Entry:
    """A preview, counted."""
    subject, subject_id = _about(row.contact_id for row in plan.rows)
    verdicts = {verdict.value: n for verdict, n in plan.counts.items()}
    return Entry(
        at=plan.made_at,
        actor=plan.made_by,
        what=What.PLANNED,
        operation_id=plan.id,
        detail={"kind": plan.kind.value, "rows": verdicts, "credits": dict(plan.credits)}
        | _undoes(plan)
        | _moves_to(plan)
        | _includes(plan),
        subject=subject,
        subject_id=subject_id,
    )


def confirmed(operation: Operation, items: Sequence[Item]) -> Entry:
    """Who gave the word, why, and for how much; why it needs a second one, if it does."""
    needs: dict[str, object] = {}
    if operation.needs_approval:
        needs["needs_approval"] = operation.needs_approval
    planned = [item for item in items if item.planned]
    left = Counter(item.state.value for item in items if not item.planned)
    needs |= {"left_as_they_are": dict(left)} if left else {}
    subject, subject_id = _about(item.contact_id for item in planned)
    return Entry(
        at=operation.confirmed_at,
        actor=operation.confirmed_by,
        what=What.CONFIRMED,
        operation_id=operation.id,
        reason=operation.reason,
        detail={"kind": operation.kind.value, "bookings": len(planned)}
        | needs
        | _undoes(operation)
        | _moves_to(operation)
        | _includes(operation),
        subject=subject,
        subject_id=subject_id,
    )


def telling(operation: Operation) -> list[Entry]:
    """The reason that its students are told, apart from the internal one; nothing: none is told."""
    if operation.tell is Channel.OFF:
        return []
    entry = Entry(
        at=operation.confirmed_at,
        actor=operation.confirmed_by,
        what=What.TELL,
        operation_id=operation.id,
        reason=operation.reason_for_students,
        detail={"by": operation.tell.value},
    )
    return [entry]


def told_again(operation: Operation, number: int, *, at: datetime, actor: str) -> Entry:
    """Students of it who were not told, or perhaps not, are told on a person's word."""
    return Entry(
        at=at,
        actor=actor,
        what=What.TELL,
        operation_id=operation.id,
        detail={"by": operation.tell.value, "again": number},
    )


def _undoes(one: Plan | Operation) -> dict[str, str]:
    return {"undoes": one.undoes} if one.undoes else {}


def _moves_to(one: Plan | Operation) -> dict[str, str]:
    """The exam that bookings are moved to."""
    return {"to_exam": one.to_exam} if one.to_exam else {}


def _includes(one: Plan | Operation) -> dict[str, list[str]]:
    """What an admin included on purpose: attended bookings, past exams."""
    return {"include": sorted(word.value for word in one.include)} if one.include else {}


def _about(contacts: Iterable[str | None]) -> tuple[str, str]:
    """The one contact, when there is one alone."""
    ids = set(contacts)
    id_ = ids.pop() if len(ids) == 1 else None
    return (Subject.CONTACT, id_) if id_ else ("", "")


def approved(operation: Operation, *, at: datetime) -> Entry:
    """Who gave the second word, and whose the first was."""
    return Entry(
        at=at,
        actor=operation.approved_by,
        what=What.APPROVED,
        operation_id=operation.id,
        reason=operation.reason,
        before={"state": OperationState.AWAITING.value},
        after={"state": operation.state.value},
        detail={"asked_by": operation.confirmed_by, "because": operation.needs_approval},
    )


def moved(before: Operation, to: OperationState, *, at: datetime, actor: str, why: str) -> Entry:
    """An operation began, ended, was called off, stopped or taken up again."""
    again = before.state in ENDED and to is OperationState.RUNNING
    return Entry(
        at=at,
        actor=actor,
        what=What.TAKEN_UP if again else MOVED[to],
        operation_id=before.id,
        reason=why,
        before={"state": before.state.value},
        after={"state": to.value},
    )


def followed(operation: Operation, *, at: datetime, actor: str) -> Entry:
    """A person gave its follow-ups up, or has them tried again."""
    return Entry(
        at=at,
        actor=actor,
        what=What.FOLLOW_UPS,
        operation_id=operation.id,
        after={"follow_ups": operation.follow_ups.value},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """On whose word, why and when writes were made: of whoever confirmed their operation."""

    operation_id: str
    by: str
    reason: str
    at: datetime


class Counters(Protocol):
    """What is kept of a write, whole or as a row of its table."""

    @property
    def kind(self) -> Kind:
        """Of the target."""
        ...

    @property
    def target_id(self) -> str:
        """A contact or an exam."""
        ...

    @property
    def before(self) -> Balances:
        """As they were read."""
        ...

    @property
    def after(self) -> Balances:
        """As they were set."""
        ...


def settled(
    word: Word, outcome: Settlement, of: Counters, moves: Iterable[tuple[MovementKind, str]]
) -> Entry:
    """What became of a write, with each counter as it was read and as it was set.

    Of one that could not be read the text that stood there.

    ``moves``: the kind and the booking of each of its movements.
    """
    bookings: dict[str, list[str]] = {}
    for kind, booking in moves:
        bookings.setdefault(kind.value, []).append(booking)
    why = {"why": outcome.reason} if outcome.reason else {}
    return Entry(
        at=word.at,
        actor=word.by,
        what=FOUND[outcome.state],
        operation_id=word.operation_id,
        subject=SUBJECTS[of.kind],
        subject_id=of.target_id,
        reason=word.reason,
        before={str(credit): n for credit, n in of.before.items()} | _replaced(bookings),
        after={str(credit): n for credit, n in of.after.items()},
        detail={"write": outcome.write_id, "bookings": bookings} | why,
    )


def _replaced(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What stood, letter by letter, in counters that could not be read and were written over."""
    adjusted = names.get(MovementKind.ADJUSTMENT.value, ())
    return {str(named(n).credit): text for n in adjusted if (text := replaces(n)) is not None}


def role_changed(
    email: str, before: Role | None, after: Role | None, *, by: str, at: datetime
) -> Entry:
    """Of somebody who changes their own, the role by which they did."""
    own = before.value if before and by.casefold() == email else ""
    return Entry(
        at=at,
        actor=by,
        role=own,
        what=What.ROLE_GIVEN if after else What.ROLE_WITHDRAWN,
        subject=Subject.PERSON,
        subject_id=email,
        before={"role": before and before.value},
        after={"role": after and after.value},
    )


def key_changed(key: ApiKey, *, by: str, at: datetime) -> Entry:
    """A key was made, or withdrawn; never the key, nor its digest."""
    return Entry(
        at=at,
        actor=by,
        what=What.KEY_MADE if key.withdrawn_at is None else What.KEY_WITHDRAWN,
        subject=Subject.KEY,
        subject_id=key.id,
        detail={"client": key.client, "scopes": sorted(scope.value for scope in key.scopes)},
    )


def forgot_reasons(number: int, *, before: datetime, by: str, at: datetime) -> Entry:
    """Before when; a chain that lacks later ones was changed."""
    return Entry(
        at=at,
        actor=by,
        what=What.FORGOT,
        detail={"before": timestamp(before), "reasons": number},
    )


def forgot(plan_id: str, rows: int, *, by: str, at: datetime) -> Entry:
    """Students' names left a plan and its operation; ids and movements stay."""
    return Entry(
        at=at, actor=by, what=What.FORGOT_STUDENTS, operation_id=plan_id, detail={"rows": rows}
    )


def erased(contact_id: str, rows: int, *, row_deleted: bool, at: datetime) -> Entry:
    """HubSpot deleted a contact for privacy: nothing of the desk names that student any more."""
    return Entry(
        at=at,
        actor="HubSpot",
        what=What.ERASED,
        subject=Subject.CONTACT,
        subject_id=contact_id,
        detail={"rows": rows, "supabase": "row deleted" if row_deleted else "no row"},
    )


def by_a_person(actor: str) -> bool:
    """And not by the schedule."""
    return "@" in actor


def swept(sweep: Sweep) -> list[Entry]:
    """Only if a person asked for it: the schedule asks every two hours."""
    if not by_a_person(sweep.asked_by):
        return []
    entry = Entry(
        at=sweep.started_at,
        actor=sweep.asked_by,
        what=What.SWEEP,
        subject=Subject.SWEEP,
        subject_id=sweep.id,
        detail={"mode": sweep.mode.value},
    )
    return [entry]


def repaired(repair: Repair, rows: Sequence[RepairRow]) -> Entry:
    """Which rows of the mirror are to be as the truth has them: one by its id, many counted."""
    causes = Counter(row.drift.cause.value for row in rows)
    one = {(SUBJECTS[row.drift.kind].value, row.drift.record_id) for row in rows}
    subject, subject_id = one.pop() if len(one) == 1 else (Subject.REPAIR.value, repair.id)
    return Entry(
        at=repair.asked_at,
        actor=repair.asked_by,
        what=What.REPAIR,
        subject=subject,
        subject_id=subject_id,
        reason=repair.reason,
        detail={"repair": repair.id, "records": len(rows), "causes": dict(causes)},
    )


def revived(event: Event) -> Entry:
    """Copies that were given up and are due again."""
    return Entry(at=event.at, actor=event.actor, what=What.DEAD_LETTERS, detail=event.detail)


def taken_over(takeover: Takeover, rename: str) -> Entry:
    """Writes of other desks until then count as known."""
    detail = {"new_name": rename} if rename else {}
    return Entry(
        at=takeover.at,
        actor=takeover.by,
        what=What.TAKEN_OVER,
        reason=takeover.reason,
        detail=detail,
    )


def baseline_set(baseline: Baseline) -> Entry:
    """What was cancelled before then is settled."""
    return Entry(
        at=baseline.at,
        actor=baseline.by,
        what=What.BASELINE_SET,
        reason=baseline.reason,
        after={"cancelled_before": timestamp(baseline.before)},
    )


def baseline_withdrawn(before: Baseline, *, by: str, at: datetime, reason: str) -> Entry:
    """It is in effect no longer."""
    return Entry(
        at=at,
        actor=by,
        what=What.BASELINE_WITHDRAWN,
        reason=reason,
        before={"cancelled_before": timestamp(before.before)},
    )


def owed_decided(decision: OwedDecision, before: OwedDecision | None) -> Entry:
    """A person's word on the credit of one booking."""
    return Entry(
        at=decision.at,
        actor=decision.by,
        what=What.OWED_DECIDED,
        subject=Subject.BOOKING,
        subject_id=decision.booking_id,
        reason=decision.reason,
        before={"owed": before.owed} if before else {},
        after={"owed": decision.owed},
    )


def decision_withdrawn(decision: OwedDecision, *, by: str, at: datetime, reason: str) -> Entry:
    """Nobody's word stands on this credit any more."""
    return Entry(
        at=at,
        actor=by,
        what=What.OWED_WITHDRAWN,
        subject=Subject.BOOKING,
        subject_id=decision.booking_id,
        reason=reason,
        before={"owed": decision.owed},
    )


def exam_cancelled(exam: CancelledExam) -> Entry:
    """From now on nobody is booked on it."""
    return Entry(
        at=exam.at,
        actor=exam.by,
        what=What.EXAM_CANCELLED,
        subject=Subject.EXAM,
        subject_id=exam.exam_id,
        reason=exam.reason,
    )


def exam_act_asked(act: ExamAct) -> Entry:
    """Who cancels which exam with all its bookings, why, and where those who fit go."""
    return Entry(
        at=act.asked_at,
        actor=act.asked_by,
        what=What.EXAM_ACT_ASKED,
        subject=Subject.EXAM,
        subject_id=act.exam_id,
        reason=act.reason,
        detail={"act": act.id, "to_exam": act.to_exam, "keeps_credits": act.keeps},
    )


def exam_act_ended(act: ExamAct) -> Entry:
    """How it ended, and by which operations."""
    assert act.ended_at is not None
    return Entry(
        at=act.ended_at,
        actor=act.stopped_by or act.asked_by,
        what=What.EXAM_ACT_ENDED,
        subject=Subject.EXAM,
        subject_id=act.exam_id,
        detail={"act": act.id, "state": act.state.value, "operations": list(act.operations)}
        | ({"why": act.fault} if act.fault else {}),
    )


def exam_reopened(before: CancelledExam, *, by: str, at: datetime, reason: str) -> Entry:
    """It may be opened for booking again; who had cancelled it, and why."""
    return Entry(
        at=at,
        actor=by,
        what=What.EXAM_REOPENED,
        subject=Subject.EXAM,
        subject_id=before.exam_id,
        reason=reason,
        before={"cancelled_by": before.by, "reason": before.reason},
    )


def events_revived(number: int, *, at: datetime, by: str) -> Entry:
    """Events for other apps that were given up and are due again."""
    return Entry(at=at, actor=by, what=What.EVENTS_RETRIED, detail={"events": number})
