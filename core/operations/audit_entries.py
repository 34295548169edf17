"""What stands in the audit of each write to a booking: told from how its item stood and stands.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.audit.entries import Entry, Subject, What
from core.credits.records import Booking, BookingStatus
from core.operations.states import Item, ItemState, Operation, OperationState


@dataclass(frozen=True, slots=True)
class Change:
    """What a write makes of a booking, by property, in words."""

    what: What
    before: Mapping[str, str]
    after: Mapping[str, str]


_CANCEL = Change(
    What.CANCELLED,
    {"status": BookingStatus.ACTIVE.value},
    {"status": BookingStatus.CANCELLED.value},
)
#: What is written to a booking once its credit has landed: by a refund, and by its undo. And what
#: is written once its cancel has, when its credit is kept.
MARK = Change(What.MARKED, {"refunded": "no"}, {"refunded": "yes"})
UNMARK = Change(What.UNMARKED, {"refunded": "yes"}, {"refunded": "no"})
FORFEIT = Change(What.FORFEITED, {}, {"credit": "kept"})


def entries(
    operation: Operation,
    changed: Iterable[tuple[Item, Item]],
    at: datetime,
    *,
    mark: Change | None,
    found: bool = False,
) -> list[Entry]:
    """Of each write that is known to have landed, or to have been refused.

    ``mark``: what operations of its kind write to a booking whose credit has landed, or is kept.
    ``changed``: each item as it stood and as it stands now. ``found``: by reading the bookings,
    for the answer was lost.
    """
    return [
        _entry(operation, new, change, at, landed=landed, found=found)
        for old, new in changed
        for change, landed in _changes(mark, old, new)
    ]


def _changes(mark: Change | None, old: Item, new: Item) -> Iterator[tuple[Change, bool]]:
    """Each with whether it landed."""
    refused = new.state is ItemState.FAILED
    if new.cancelled and not old.cancelled:
        yield _CANCEL, True
    elif old.cancel_sent and refused and not new.cancelled:
        yield _CANCEL, False
    if mark and old.state is ItemState.GIVEN_BACK and (refused or new.state is ItemState.DONE):
        yield mark, not refused


def _entry(
    operation: Operation, item: Item, change: Change, at: datetime, *, landed: bool, found: bool
) -> Entry:
    more = {"found": "when it was read again"} if found else {}
    why = {} if landed else {"why": item.why}
    return Entry(
        at=at,
        actor=operation.confirmed_by,
        what=change.what if landed else What.NOT_WRITTEN,
        operation_id=operation.id,
        subject=Subject.BOOKING,
        subject_id=item.booking_id,
        reason=operation.reason,
        before=change.before,
        after=change.after,
        detail={"contact": item.contact_id} | _exam(item) | more | why,
    )


def _exam(item: Item) -> dict[str, str]:
    """Where its seat is: other apps find their own records by exam and day."""
    day = {"exam_date": item.exam_date.isoformat()} if item.exam_date else {}
    return ({"exam": item.exam_id} if item.exam_id else {}) | day


def created(operation: Operation, item: Item, booking: Booking, at: datetime) -> Entry:
    """A booking that is there now, by the id that HubSpot gave it."""
    return Entry(
        at=at,
        actor=operation.confirmed_by,
        what=What.BOOKED,
        operation_id=operation.id,
        subject=Subject.BOOKING,
        subject_id=booking.id,
        reason=operation.reason,
        after={"status": booking.raw_status or booking.status.value, "token": booking.token},
        detail={"contact": item.contact_id} | _exam(item),
    )


def not_created(operation: Operation, item: Item, why: str, at: datetime) -> Entry:
    """HubSpot refused it, so that it has no id: told of the student who was to have it."""
    return Entry(
        at=at,
        actor=operation.confirmed_by,
        what=What.NOT_WRITTEN,
        operation_id=operation.id,
        subject=Subject.CONTACT,
        subject_id=item.contact_id or "",
        reason=operation.reason,
        after={"booking": BookingStatus.ACTIVE.value},
        detail={"exam": item.exam_id, "why": why},
    )


def moved(operation: Operation, item: Item, booking: Booking, at: datetime) -> Entry:
    """A booking that is at another exam now, and the one that it left."""
    there = replace(item, exam_id=operation.to_exam, exam_date=booking.exam_date)
    left = {"exam_date": item.exam_date.isoformat()} if item.exam_date else {}
    return Entry(
        at=at,
        actor=operation.confirmed_by,
        what=What.BOOKING_MOVED,
        operation_id=operation.id,
        subject=Subject.BOOKING,
        subject_id=item.booking_id,
        reason=operation.reason,
        before={"exam_id": item.exam_id} | left,
        after={"exam_id": operation.to_exam},
        detail={"contact": item.contact_id} | _exam(there),
    )


#: What a move of an operation is called, by where it led.
MOVED: Mapping[OperationState, What] = {
    OperationState.AWAITING: What.CONFIRMED,
    OperationState.HELD: What.APPROVED,
    OperationState.RUNNING: What.BEGAN,
    OperationState.STOPPING: What.STOP_ASKED,
    OperationState.DONE: What.ENDED,
    OperationState.STOPPED: What.ENDED,
    OperationState.CALLED_OFF: What.CALLED_OFF,
}

assert MOVED.keys() == set(OperationState), "every move of an operation has its word"
