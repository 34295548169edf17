"""From records of the core to what the admin part of the API gives."""

from __future__ import annotations

from typing import Any, TypedDict

from api.v1.admin import models
from core.app.assembly.parts import Core
from core.operations import plans
from core.operations.kinds.base import RowSubject
from core.operations.kinds.permissions import second_admin_why
from core.operations.kinds.registry import kind_of, titled
from core.operations.plans import Row
from core.operations.states import Item
from core.operations.verdicts import OperationKind
from core.students.admin_requests import Followed


def plan(of: plans.Plan, core: Core) -> models.Plan:
    """With what confirming it asks of the admin."""
    kind, count = kind_of(of.kind), len(of.will_change)
    return models.Plan(
        plan_id=of.id,
        kind=of.kind,
        selection=of.selection,
        would=kind.confirming(of) if count else "",
        effect=kind.words.effect,
        rows=len(of.rows),
        counts=of.counts,
        credits={str(key): n for key, n in of.credits.items()},
        students=of.contacts,
        caveat=of.caveat,
        include=sorted(of.include),
        to_exam_id=of.to_exam,
        second_admin=second_admin_why(core.operation_commands.second, of) if count else "",
        type_to_confirm=count if count > core.operation_commands.typed_above else None,
        made_by=of.made_by,
        made_at=of.made_at,
        expires_at=of.expires_at,
    )


def plan_row(row: Row, kind: OperationKind) -> models.PlanRow:
    """What would be done to it."""
    return models.PlanRow(**_common(row, kind), why=row.told, verdict=row.verdict)


def item(of: Item, kind: OperationKind) -> models.Item:
    """What became of it."""
    return models.Item(**_common(of, kind), why=of.outcome, state=of.state)


class _Common(TypedDict):
    record_id: str | None
    booking_id: str
    new_booking_id: str
    change: str
    contact_id: str | None
    contact_name: str
    exam_id: str | None
    exam_date: Any
    mock_type: str
    credit: str | None
    before: int | None
    after: int | None


def _common(one: Row | Item, kind: OperationKind) -> _Common:
    subject = kind_of(kind).subject
    booking = subject in {RowSubject.BOOKING, RowSubject.NEW_BOOKING}
    return {
        "record_id": one.booking_id if subject is RowSubject.BOOKING else None,
        "booking_id": one.booking_name if booking else "",
        "new_booking_id": one.new_name,
        "change": "" if booking else one.booking_name,
        "contact_id": one.contact_id,
        "contact_name": one.contact_name,
        "exam_id": one.exam_id,
        "exam_date": one.exam_date,
        "mock_type": one.mock_type,
        "credit": one.credit,
        "before": one.before,
        "after": one.after,
    }


def operation(of: Followed) -> models.AdminOperation:
    """Where it stands."""
    one, progress = of.operation, of.progress
    return models.AdminOperation(
        operation_id=one.id,
        kind=one.kind,
        title=titled(one),
        state=one.state,
        to_exam_id=one.to_exam,
        reason=one.reason,
        confirmed_by=one.confirmed_by,
        via=one.via,
        confirmed_at=one.confirmed_at,
        hold_until=one.hold_until,
        needs_approval=one.needs_approval,
        approved_by=one.approved_by,
        started_at=one.started_at,
        ended_at=one.ended_at,
        waiting_for=one.waiting_for,
        follow_ups=one.follow_ups,
        rows=progress.total,
        settled=progress.settled,
        to_change=progress.planned,
        counts=dict(progress.states),
        credits={str(key): n for key, n in progress.net.items()},
        needs_attention=progress.needing_eyes(one.state),
        retryable=progress.retryable,
        warnings=[models.Warned(about=each.about, told=each.told) for each in of.warnings],
    )
