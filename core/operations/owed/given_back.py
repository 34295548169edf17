"""Given back: whether an app or a person gave the credit of a cancelled booking back, unmarked.

Told from the history of the student's balance near the cancellation: each credit that others gave
explains one booking at most. What the history allows in more than one way is left to a person.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.credits.records import BookingId
from core.operations.foreign.changes import THINKING
from core.operations.owed.double_refunds import BalanceChange

#: Who cancels a booking gives its credit back within this time, before or after: apps do both in
#: one go, and one that cancels many takes a while to come to the last credit.
NEAR = 2 * THINKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A cancelled booking of one student that spent one kind of credit, without a refund mark."""

    booking_id: BookingId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceEvidence:
    """What the history of the balance says of one of them; neither: nobody gave it back."""

    #: Who gave its credit back, when, with the values.
    given: str = ""
    #: What somebody else gave that may have been its credit.
    doubt: str = ""


@dataclass(slots=True)
class _Rise:
    """Credits that somebody else gave at once, and what they explain."""

    change: BalanceChange
    #: Credits of it that explain nothing yet.
    left: int
    explains: list[BookingId] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.change.version.at

    def is_near(self, at: datetime) -> bool:
        return abs(self.at - at) <= NEAR


def given_back(
    cancelled: Iterable[Cancelled],
    changes: Sequence[BalanceChange],
    marked: Iterable[datetime],
    label: str,
) -> dict[BookingId, BalanceEvidence]:
    """What became of the credit of each of these bookings of one student.

    ``changes``: of the balance by others, newest first, since ``NEAR`` before the first cancel.
    ``marked``: when others marked other bookings of this credit and student as refunded, or
    cancelled those of them that a person has settled.
    ``label``: what the credit is called.
    """
    rises = [_Rise(change, change.by) for change in reversed(changes) if change.by > 0]
    bookings = sorted(cancelled, key=lambda one: (one.at, one.booking_id))
    explained = {one.booking_id: rise for one in bookings if (rise := _explained(one, rises))}
    contested = [rise for at in sorted(marked) if (rise := _of_mark(at, rises)) is not None]
    return {
        one.booking_id: _found(one, explained.get(one.booking_id), rises, contested, label)
        for one in bookings
    }


def _explained(one: Cancelled, rises: Sequence[_Rise]) -> _Rise | None:
    """The earliest credit near its cancel that explains no earlier one.

    Times near are equally long for all, so that no other order would explain more bookings.
    """
    for rise in rises:
        if rise.left and rise.is_near(one.at):
            rise.left -= 1
            rise.explains.append(one.booking_id)
            return rise
    return None


def _of_mark(at: datetime, rises: Sequence[_Rise]) -> _Rise | None:
    """Take the credit that this mark stands for; the one it would share with a cancelled booking.

    None: it stands for a credit of its own, or for none that the history shows.
    """
    near = [rise for rise in rises if rise.is_near(at)]
    for rise in near:
        if rise.left:
            rise.left -= 1
            return None
    return next((rise for rise in near if rise.explains), None)


def _found(
    one: Cancelled,
    rise: _Rise | None,
    rises: Sequence[_Rise],
    contested: Sequence[_Rise],
    label: str,
) -> BalanceEvidence:
    if rise is not None:
        seen = f"{label} went {rise.change}"
        if any(rise is each for each in contested):
            told = (
                f"{seen}; that may have been the credit of another booking, marked or settled then"
            )
            return BalanceEvidence(doubt=told)
        if rise.left:
            return BalanceEvidence(doubt=f"{seen}; its credit may be among these")
        return BalanceEvidence(given=seen)
    later = [each for each in rises if each.left and each.at >= one.at - NEAR]
    if not later:
        return BalanceEvidence()
    seen = "; ".join(str(each.change) for each in later[:_TOLD])
    more = f"; and {len(later) - _TOLD} more times" if len(later) > _TOLD else ""
    return BalanceEvidence(doubt=f"{label} went {seen}{more} since; that may have been its credit")


#: Changes named in one sentence.
_TOLD = 3
