"""Owed: a cancelled booking that spent a credit, with no movement giving it back (design, 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.credits import Catalogue, CreditType, UnknownToken
from core.domain.records import Booking, BookingId, BookingStatus, ContactId, History

#: The property whose history tells since when a booking is cancelled.
STATUS = "is_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One credit that a student waits for."""

    booking: Booking
    credit: CreditType
    #: When it was cancelled; when it was changed last, where HubSpot tells no more.
    since: datetime

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
    bookings: Iterable[Booking | None], moved: Collection[BookingId], catalogue: Catalogue
) -> list[Owed]:
    """Those of these bookings that are owed, longest first.

    ``moved``: bookings whose credit came back, or is on its way, whatever HubSpot's mark says.
    """
    found = [
        Owed(booking=booking, credit=credit, since=booking.modified_at)
        for booking in bookings
        if booking is not None
        and booking.status is BookingStatus.CANCELLED
        and not booking.refunded
        and booking.id not in moved
        and (credit := spent(booking, catalogue)) is not None
    ]
    return sorted(found, key=_longest)


def _longest(one: Owed) -> tuple[datetime, str]:
    return one.since, one.booking.id


def by_credit(found: Iterable[Owed], catalogue: Catalogue) -> dict[CreditType, int]:
    """How many credits of each type, all types named."""
    counted = Counter(one.credit for one in found)
    return {credit: counted[credit] for credit in catalogue.keys}


def dated(found: Iterable[Owed], histories: Mapping[str, History | None]) -> list[Owed]:
    """The same, since their cancellation as far as it is known; longest first."""
    told = (
        Owed(booking=one.booking, credit=one.credit, since=_cancelled_at(one, histories))
        for one in found
    )
    return sorted(told, key=_longest)


def _cancelled_at(one: Owed, histories: Mapping[str, History | None]) -> datetime:
    """When the newest run of "Cancelled" began: it may have been written more than once."""
    since = one.since
    for version in (histories.get(one.booking.id) or {}).get(STATUS, ()):
        if version.value != BookingStatus.CANCELLED.value:
            break
        since = version.at
    return since
