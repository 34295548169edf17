"""What the audit says of plans and operations. Ids alone: names may be of students."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from core.audit.entries import Entry, Subject, What
from core.credits.records import CancelledExam
from core.hubspot.ports.channels import Channel
from core.operations.audit_entries import MOVED
from core.operations.plans import Plan
from core.operations.states import ENDED, UNCHANGED, Item, ItemState, Operation, OperationState


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
    left = Counter(item.state for item in items if not item.planned)
    return _confirmed(operation, [item.contact_id for item in items if item.planned], left)


def plan_confirmed(operation: Operation, plan: Plan) -> Entry:
    """The same of an operation that begins with all rows of its plan."""
    left = {UNCHANGED[verdict]: plan.counts[verdict] for verdict in UNCHANGED}
    return _confirmed(operation, [row.contact_id for row in plan.will_change], left)


def _confirmed(
    operation: Operation, contacts: Sequence[str | None], left: Mapping[ItemState, int]
) -> Entry:
    """``contacts``: of what it changes; ``left``: what it does not, by state."""
    needs: dict[str, object] = {}
    if operation.needs_approval:
        needs["needs_approval"] = operation.needs_approval
    stays = {state.value: number for state, number in left.items() if number}
    needs |= {"left_as_they_are": stays} if stays else {}
    subject, subject_id = _about(contacts)
    return Entry(
        at=operation.confirmed_at,
        actor=operation.confirmed_by,
        what=What.CONFIRMED,
        operation_id=operation.id,
        reason=operation.reason,
        detail={"kind": operation.kind.value, "bookings": len(contacts)}
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
