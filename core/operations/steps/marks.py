"""What a booking is read for right before it is marked, or its mark cleared. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from core.credits.records import Booking, BookingId
from core.operations.kinds.registry import booking_of
from core.operations.owed.double_refunds import marked_by_another
from core.operations.states import Item, ItemState, Operation
from core.operations.verdicts import OperationKind


def ids_now(
    kind: OperationKind, items: Sequence[Item], bookings: Mapping[BookingId, Booking | None]
) -> list[BookingId]:
    """The id that the booking of each item has now: HubSpot may refuse one from before a merge."""
    ids = [booking_of(item, kind) for item in items]
    return [one.id if (one := bookings.get(id_)) is not None else id_ for id_ in ids]


def marked_by_others(
    kind: OperationKind,
    items: Sequence[Item],
    bookings: Mapping[BookingId, Booking | None],
    refund: Operation,
) -> list[tuple[Item, str]]:
    """Items whose booking somebody else than this operation has marked refunded, with who."""
    return [
        (item, by)
        for item in items
        if (booking := bookings.get(booking_of(item, kind))) is not None
        and (by := marked_by_another(refund, booking))
    ]


def unmarked(left: Sequence[tuple[Item, str]]) -> list[Item]:
    """They are done, each for its reason, and their mark is left as it is."""
    return [replace(item, state=ItemState.DONE, why=why, sent_at=None) for item, why in left]


def but(items: Sequence[Item], left: Collection[tuple[Item, str]]) -> list[Item]:
    """The rest."""
    theirs = {item.booking_id for item, _ in left}
    return [item for item in items if item.booking_id not in theirs]
