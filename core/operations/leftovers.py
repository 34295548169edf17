"""What an operation left undone beside its credits; no item is in doubt by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.operations.states import FollowUps, Operation

#: How what verify found begins when it could not compare a write with HubSpot's history.
UNCHECKED = "not verified"


class About(StrEnum):
    """What was left undone."""

    #: An exam's count does not say what its bookings hold.
    SEATS = "seats"
    #: A seat count was sent, and HubSpot does not tell whether it arrived. A person decides.
    SEATS_UNTOLD = "seats untold"
    #: A student's timeline has no note of it.
    NOTE = "note"
    #: A student was not told of it, or it is not known whether they were.
    TOLD = "told"
    #: Seats, notes or verification are tried again by themselves, or were given up.
    FOLLOW_UPS = "follow-ups"
    #: Another balance of the student cannot be read, and waits for somebody to correct it.
    BALANCE = "balance"
    #: Somebody else marked a booking refunded whose credit this operation gave back.
    REFUNDED_TWICE = "refunded twice"
    #: Its student was merged with another while it ran: the other one's balance went with that.
    MERGED = "merged"
    #: A booking was moved to another exam before it was cancelled: seats of both may be wrong.
    MOVED = "moved"
    #: Whether somebody else wrote a balance at the same moment could not be found out.
    CHECK = "check"
    #: A booking that was cancelled, with its credit given back, is not cancelled any more.
    STATUS = "status"
    #: A booking whose credit was given back is not marked so any more, or by somebody else.
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """One thing that was left undone."""

    about: About
    #: The exam's or contact's id; of what HubSpot does not tell, the write's; of follow-ups, the
    #: operation's.
    record: str
    #: As people read it, with the reason.
    told: str


def of_follow_ups(operation: Operation) -> list[Warned]:
    """What an operation that has ended still waits for, or waits for no more."""
    match operation.follow_ups:
        case FollowUps.DUE:
            why = f": {operation.waiting_for}" if operation.waiting_for else ""
            told = f"follow-ups are pending and tried again by themselves{why}"
        case FollowUps.GIVEN_UP:
            told = (
                "follow-ups were given up: seats, notes, the check or the telling of students "
                "may be missing"
            )
        case _:
            return []
    return [Warned(about=About.FOLLOW_UPS, record=operation.id, told=told)]
