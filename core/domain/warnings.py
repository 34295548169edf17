"""Warnings: what an operation left undone beside its credits. No item is in doubt by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    #: Another balance of the student cannot be read, and waits for somebody to correct it.
    BALANCE = "balance"
    #: Somebody else marked a booking refunded whose credit this operation gave back.
    REFUNDED_TWICE = "refunded twice"
    #: Its student was merged with another while it ran: the other one's balance went with that.
    MERGED = "merged"
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
    #: The exam's or contact's id; of what HubSpot does not tell, the write's.
    record: str
    #: As people read it, with the reason.
    told: str
