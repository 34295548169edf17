"""Refunds by a desk that was taken over from: which of them may be one that we are about to give.

That desk gives a credit and then marks the booking. One that ended in between leaves a credit that
no booking shows, however long ago (docs/exactly-once.md, A second desk).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from core.domain.credits import CreditType
from core.domain.double_refunds import MERGED, BalanceChange, changes_by_others
from core.domain.records import MARKER, Booking, BookingId, History


def gives_credits(
    history: History,
    credit: CreditType,
    *,
    cancelled: datetime,
    until: datetime,
    created_at: datetime | None,
    ours: Collection[str],
) -> list[BalanceChange]:
    """What raised this balance from the booking's cancel to the takeover, newest first.

    Empty where no other desk raised it. A rise without a marker is told too: each of them may be
    what a refund mark on another booking stands for.

    Raises:
        UnreadableValue: a balance of that time cannot be read.
    """
    changes = changes_by_others(history, credit, since=cancelled, created_at=created_at, ours=ours)
    rises = [change for change in changes if change.by > 0 and change.version.at <= until]
    return rises if any(change.marker for change in rises) else []


def hides_writes(
    history: History,
    credit: CreditType,
    *,
    cancelled: datetime,
    until: datetime,
    ours: Collection[str],
) -> bool:
    """Whether another desk wrote, and a merge since hides what it did to this balance."""
    merged = any(
        version.source.startswith(MERGED) and version.at >= cancelled
        for version in history.get(credit, ())
    )
    return merged and any(
        cancelled <= version.at <= until and version.value not in ours
        for version in history.get(MARKER, ())
    )


def is_explained(
    rises: Sequence[BalanceChange],
    bookings: Sequence[Booking],
    *,
    cancelled: datetime,
    until: datetime,
    ours: Collection[BookingId],
) -> bool:
    """Whether each of these credits has a booking that was marked for it.

    ``bookings``: those of the student that spent this credit. ``ours``: the bookings that this
    desk has refunded, whose marks stand for its own credits.
    """
    marked = [
        booking
        for booking in bookings
        if booking.refunded and booking.id not in ours
        if booking.refunded_at is not None and cancelled <= booking.refunded_at <= until
    ]
    return sum(rise.by for rise in rises) <= len(marked)
