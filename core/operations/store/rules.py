"""What the store of operations decides without a database: which moves are drawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from core.audit.store.event_port import Event
from core.credits.errors import StateConflict
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import of_subject
from core.operations.states import (
    ENDED,
    OPERATION_MOVES,
    SETTLED,
    FollowUps,
    ItemState,
    Operation,
    OperationState,
)

#: The event of bookings that a later operation did.
DEALT_WITH = "dealt with"


#: Kinds whose corrections are changes of their own: each counts as a credit given or taken. One
#: that another kind makes for a credit that was lost gives again what it had counted.
CORRECTING = of_subject(RowSubject.BALANCE)


def done_since(by: Operation) -> str:
    """Why a booking needs no look any more."""
    return f"done since by operation {by.id}"


def dealt_with_event(operation_id: str, number: int, by: Operation, at: datetime) -> Event:
    """In the history of the operation that could not do them."""
    detail = {"items": number, "by_operation": by.id}
    actor = by.confirmed_by
    return Event(at=at, actor=actor, what=DEALT_WITH, operation_id=operation_id, detail=detail)


def check_put_away(operation: Operation, asked: int, found: int) -> None:
    """Whether these bookings may be put away.

    Raises:
        StateConflict: the operation goes on, or not all of them failed or are blocked any more.
    """
    if operation.state not in ENDED - {OperationState.CALLED_OFF}:
        told = f"operation {operation.id} is {operation.state}: only of an ended one"
        raise StateConflict(f"{told} bookings are dismissed", state=operation.state)
    if found != asked:
        told = f"{asked - found:,} of these bookings no longer failed or blocked"
        raise StateConflict(f"{told}: look again", state=operation.state)


def moved(
    operation: Operation,
    to: OperationState,
    *,
    at: datetime,
    since: datetime | None,
    only_from: Collection[OperationState] = (),
) -> Operation:
    """The operation after a drawn move; ``since``: from when it has been in its state.

    Raises:
        StateConflict: no such move from where it stands, or not one of ``only_from``, or a second
            admin's word is wanting.
    """
    unsigned = to is OperationState.HELD and not operation.may_begin
    elsewhere = bool(only_from) and operation.state not in only_from
    if unsigned or elsewhere or to not in OPERATION_MOVES[operation.state]:
        told = f"operation {operation.id} is {operation.state}: it cannot become {to}"
        raise StateConflict(told, state=operation.state, at=since)
    started = operation.started_at
    return replace(
        operation,
        state=to,
        started_at=at if to is OperationState.RUNNING and started is None else started,
        ended_at=at if to in ENDED else None,
        waiting_for=operation.waiting_for if to is OperationState.STOPPING else "",
        follow_ups=FollowUps.NONE if to not in ENDED else operation.follow_ups,
    )


def ended(
    operation: Operation,
    states: Collection[ItemState],
    open_writes: int,
    *,
    left: str,
    at: datetime,
    since: datetime | None,
) -> Operation:
    """The operation after its end. ``states``: those that its items are in.

    ``left``: what its follow-ups wait for; empty: they are done.

    Raises:
        StateConflict: an item is not settled, or a write is open: somebody has to carry it on.
    """
    if unsettled := sorted(state.value for state in states if state not in SETTLED):
        told = f"operation {operation.id} has bookings that are {' and '.join(unsettled)}"
        raise StateConflict(f"{told}: it cannot end", state=operation.state, at=since)
    if open_writes:
        told = f"operation {operation.id} has {open_writes} open writes: it cannot end"
        raise StateConflict(told, state=operation.state, at=since)
    stopped = operation.state is OperationState.STOPPING and ItemState.STOPPED in states
    to = OperationState.STOPPED if stopped else OperationState.DONE
    after = moved(operation, to, at=at, since=since)
    return replace(after, follow_ups=FollowUps.DUE if left else FollowUps.DONE, waiting_for=left)


#: From where the follow-ups of an operation may go where.
_FOLLOWED = {
    FollowUps.DONE: frozenset({FollowUps.DUE}),
    FollowUps.GIVEN_UP: frozenset({FollowUps.DUE}),
    FollowUps.DUE: frozenset(FollowUps) - {FollowUps.NONE},
}


def followed(operation: Operation, to: FollowUps) -> Operation:
    """The operation whose follow-ups are done, given up, or to be tried again.

    A new epoch when a person says so: whoever carries them has lost them.

    Raises:
        StateConflict: it has not ended, or there is nothing of them to be given up or done.
    """
    here = operation.follow_ups
    if operation.state not in ENDED or here not in _FOLLOWED[to]:
        stand = here.value or "not begun"
        told = f"the follow-ups of operation {operation.id} are {stand}: they cannot become {to}"
        raise StateConflict(told, state=operation.state)
    by_a_person = to is not FollowUps.DONE
    epoch = operation.epoch + by_a_person
    waiting_for = operation.waiting_for if to is FollowUps.DUE else ""
    return replace(operation, follow_ups=to, epoch=epoch, waiting_for=waiting_for)


def check_told_again(operation: Operation) -> None:
    """Whether students of it can be told on a person's word.

    Raises:
        StateConflict: it goes on and tells them by itself, or nothing was done.
    """
    if operation.state not in ENDED - {OperationState.CALLED_OFF}:
        told = f"operation {operation.id} is {operation.state}: only of an ended one"
        raise StateConflict(f"{told} students are told again", state=operation.state)


def approved(
    operation: Operation, *, by: str, at: datetime, hold_until: datetime, since: datetime | None
) -> Operation:
    """The operation after a second admin's yes: held from now on.

    Raises:
        StateConflict: it does not await approval, or it is its own asker who says yes.
    """
    signed = replace(operation, approved_by=by, approved_at=at, hold_until=hold_until)
    return moved(signed, OperationState.HELD, at=at, since=since)


def follow_up_event(operation: Operation, *, at: datetime, actor: str) -> Event:
    """What became of them, for the operation's history."""
    what = f"follow-ups {operation.follow_ups.value}"
    return Event(at=at, actor=actor, what=what, operation_id=operation.id)


def approval_event(operation: Operation) -> Event:
    """Who said yes to whose request."""
    assert operation.approved_at is not None
    detail = {"asked_by": operation.confirmed_by, "because": operation.needs_approval}
    return Event(
        at=operation.approved_at,
        actor=operation.approved_by,
        what="approved",
        operation_id=operation.id,
        detail=detail,
    )
