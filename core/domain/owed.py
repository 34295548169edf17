"""Owed: a cancelled booking that spent a credit, with no movement giving it back (design, 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.credits import Catalogue, CreditType, UnknownToken
from core.domain.records import Booking, BookingId, BookingStatus, ContactId, History

#: The property whose history tells since when a booking is cancelled.
STATUS = "is_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """An undo took the booking's credit back: it is owed again, on purpose."""

    operation_id: str
    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        """For people: "taken back by ann@x.test on 4 May 2026: wrong exam (operation 1a2b)"."""
        when = f"{self.at:%-d %B %Y}"
        return f"taken back by {self.by} on {when}: {self.reason} (operation {self.operation_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One credit that a student waits for."""

    booking: Booking
    credit: CreditType
    #: When it was cancelled; when it was changed last, where HubSpot tells no more.
    since: datetime
    #: None: nobody ever took it back, so the student waits for it.
    taken_back: TakenBack | None = None

    @property
    def contact_id(self) -> ContactId | None:
        """Who is owed; None when the booking has no contact, or several: a person has to look."""
        return self.booking.contact_id


def spent(booking: Booking, catalogue: Catalogue) -> CreditType | None:
    """The credit that this booking took; None for none, and for a token that nobody knows."""
    try:
        return catalogue.by_token(booking.token).key
    except UnknownToken:
        return None


def owed(
    bookings: Iterable[Booking | None],
    moved: Collection[BookingId],
    taken_back: Mapping[BookingId, TakenBack],
    catalogue: Catalogue,
) -> list[Owed]:
    """Those of these bookings that are owed, longest first.

    ``moved``: bookings whose credit came back, or is on its way, whatever HubSpot's mark says.
    ``taken_back``: who took back what had been given, of any of them.
    """
    found = [
        Owed(
            booking=booking,
            credit=credit,
            since=booking.modified_at,
            taken_back=taken_back.get(booking.id),
        )
        for booking in bookings
        if booking is not None
        and booking.status is BookingStatus.CANCELLED
        and not booking.refunded
        and booking.id not in moved
        and (credit := spent(booking, catalogue)) is not None
    ]
    return sorted(found, key=_longest)


def waiting(found: Iterable[Owed]) -> list[Owed]:
    """Those for which students wait: without what an admin took back."""
    return [one for one in found if one.taken_back is None]


def taken(found: Iterable[Owed]) -> list[Owed]:
    """Those that an admin took back. They are refunded only when they are named."""
    return [one for one in found if one.taken_back is not None]


def _longest(one: Owed) -> tuple[datetime, str]:
    return one.since, one.booking.id


def by_credit(found: Iterable[Owed], catalogue: Catalogue) -> dict[CreditType, int]:
    """How many credits of each type, all types named."""
    counted = Counter(one.credit for one in found)
    return {credit: counted[credit] for credit in catalogue.keys}


def dated(found: Iterable[Owed], histories: Mapping[str, History | None]) -> list[Owed]:
    """The same, since their cancellation as far as it is known; longest first."""
    told = (replace(one, since=_cancelled_at(one, histories)) for one in found)
    return sorted(told, key=_longest)


def _cancelled_at(one: Owed, histories: Mapping[str, History | None]) -> datetime:
    """When the newest run of "Cancelled" began: it may have been written more than once."""
    since = one.since
    for version in (histories.get(one.booking.id) or {}).get(STATUS, ()):
        if version.value != BookingStatus.CANCELLED.value:
            break
        since = version.at
    return since
