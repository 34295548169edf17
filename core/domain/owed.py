"""Owed: a cancelled booking that spent a credit, with no movement giving it back (design, 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.credits import Catalogue, CreditType, UnknownToken
from core.domain.plans import TOKEN, Why, attended, spent_nothing
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
    #: None: the booking's token is not one that we know, and ``unclear`` says so.
    credit: CreditType | None
    #: When it was cancelled; when it was changed last, where HubSpot tells no more.
    since: datetime
    #: None: nobody ever took it back, so the student waits for it.
    taken_back: TakenBack | None = None
    #: What makes it unclear whether anything is owed, with the values. Such a one is listed, and
    #: neither counted nor refunded before somebody has corrected it in HubSpot.
    unclear: str = ""

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
            unclear=_unclear(booking, credit),
        )
        for booking in bookings
        if booking is not None
        and booking.status is BookingStatus.CANCELLED
        and not booking.refunded
        and booking.id not in moved
        and ((credit := spent(booking, catalogue)) is not None or _token_unclear(booking))
    ]
    return sorted(found, key=_longest)


def _token_unclear(booking: Booking) -> bool:
    return TOKEN in booking.unclear or not spent_nothing(booking)


def _unclear(booking: Booking, credit: CreditType | None) -> str:
    """In the words of the verdict that a refund would give it."""
    if booking.mark_unclear:
        return f"{Why.REFUND_UNCLEAR}: {booking.mark_unclear}"
    if credit is None:
        found = booking.unclear.get(TOKEN)
        return (
            f"{Why.TOKEN_UNREADABLE}: {found}"
            if found
            else f"{Why.UNKNOWN_TOKEN}: token_used is {booking.token!r}"
        )
    if attended(booking) is not False:
        why = Why.ATTENDED if attended(booking) else Why.ATTENDANCE_UNCLEAR
        return f"{why}: attendance is {booking.attendance!r}"
    return ""


def waiting(found: Iterable[Owed]) -> list[Owed]:
    """Those for which students wait: neither taken back by an admin nor unclear."""
    return [one for one in found if one.taken_back is None and not one.unclear]


def taken(found: Iterable[Owed]) -> list[Owed]:
    """Those that an admin took back. They are refunded only when they are named."""
    return [one for one in found if one.taken_back is not None and not one.unclear]


def unclear(found: Iterable[Owed]) -> list[Owed]:
    """Those of which it is unclear whether anything is owed: a person corrects them in HubSpot."""
    return [one for one in found if one.unclear]


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
