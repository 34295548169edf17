"""Owed: a cancelled booking that spent a credit which nobody gave back.

Without a refund mark alone nothing is owed: other apps give credits back without marking, and some
are forfeited on purpose. What speaks against it is told with each booking.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.credits.catalogue import Catalogue, CreditType, UnknownToken
from core.credits.records import Booking, BookingId, BookingStatus, ContactId
from core.operations.owed.settled import OwedDecision
from core.operations.plans import TOKEN, Judge, Judgement, attended, blocked, spent_nothing
from core.operations.terms import Terms
from core.operations.verdicts import Verdict, Why

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


class NotOwed(StrEnum):
    """Why nothing is owed for a cancelled booking without a refund mark, as people read it."""

    SETTLED = "settled at adoption"
    DECIDED = "not owed"
    GIVEN_BACK = "already given back"
    FORFEITED = "forfeited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One credit that a student may wait for."""

    booking: Booking
    #: None: the booking's token is not one that we know, and ``unclear`` says so.
    credit: CreditType | None
    #: When it was cancelled; when it was changed last, where HubSpot tells no more.
    since: datetime
    #: Who cancelled it and when, as far as HubSpot tells.
    cancelled_by: str = ""
    #: None: nobody ever took it back, so the student waits for it.
    taken_back: TakenBack | None = None
    #: Who kept its credit on purpose, when and why; empty: nobody did.
    forfeited: str = ""
    #: What makes it unclear whether anything is owed, with the values. Such a one is listed, and
    #: neither counted nor refunded before somebody has corrected it in HubSpot.
    unclear: str = ""
    #: What somebody else gave that may have been its credit. A person decides; until then it is
    #: neither counted nor refunded.
    doubt: str = ""
    #: None: nothing says that it is not owed.
    not_owed: NotOwed | None = None
    #: Who says so, when, and why or by which values.
    told: str = ""
    #: What a person has decided of it, either way.
    decision: OwedDecision | None = None

    @property
    def against(self) -> str:
        """Why nothing is owed, as people read it; empty: something is."""
        if self.not_owed is None or self.told.startswith(self.not_owed):
            return self.told
        return f"{self.not_owed}: {self.told}"

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
    return longest_first(found)


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
    """Those for which students wait: nothing speaks against any of them."""
    return [one for one in _not_settled(found) if one.taken_back is None and not one.doubt]


def taken(found: Iterable[Owed]) -> list[Owed]:
    """Those that an admin took back. They are refunded only when they are named."""
    return [one for one in _not_settled(found) if one.taken_back is not None and not one.doubt]


def unclear(found: Iterable[Owed]) -> list[Owed]:
    """Those of which it is unclear whether anything is owed: a person corrects them in HubSpot."""
    return [one for one in found if one.unclear and one.not_owed is None]


def doubtful(found: Iterable[Owed]) -> list[Owed]:
    """Those whose credit somebody else may have given back: a person decides."""
    return [one for one in _not_settled(found) if one.doubt]


def settled(found: Iterable[Owed]) -> list[Owed]:
    """Those for which nothing is owed, with who says so and why."""
    return [one for one in found if one.not_owed is not None]


def _not_settled(found: Iterable[Owed]) -> list[Owed]:
    return [one for one in found if one.not_owed is None and not one.unclear]


def longest_first(found: Iterable[Owed]) -> list[Owed]:
    """By when they were cancelled."""
    return sorted(found, key=longest)


def longest(one: Owed) -> tuple[datetime, str]:
    """What puts the longest owed first."""
    return one.since, one.booking.id


def by_credit(found: Iterable[Owed], catalogue: Catalogue) -> dict[CreditType, int]:
    """How many credits of each type, all types named."""
    counted = Counter(one.credit for one in found)
    return {credit: counted[credit] for credit in catalogue.keys}


#: Why nothing is owed, as the reason of a verdict.
_WHY = {
    NotOwed.SETTLED: Why.SETTLED,
    NotOwed.DECIDED: Why.NOT_OWED,
    NotOwed.GIVEN_BACK: Why.GIVEN_BACK,
    NotOwed.FORFEITED: Why.FORFEITED,
}

assert _WHY.keys() == set(NotOwed), "every reason has its verdict"


def heeding(judge: Judge, found: Mapping[BookingId, Owed]) -> Judge:
    """The judge of a refund, that heeds what speaks against these bookings."""

    def heed(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        one = found.get(booking.id)
        against = None if one is None else verdict_against(one)
        return against or judge(booking, catalogue, terms)

    return heed


def verdict_of(one: Owed) -> str:
    """In words, for lists: why it is not to be given back, "unclear", or "owed"."""
    against = verdict_against(one)
    if against is not None:
        return str(against.why)
    return "unclear" if one.unclear else "owed"


def verdict_against(one: Owed) -> Judgement | None:
    """Why its credit is not to be given back; None: nothing speaks against it."""
    if one.not_owed is NotOwed.FORFEITED:
        return blocked(Why.FORFEITED, one.told)
    if one.not_owed is not None:
        return Judgement(verdict=Verdict.SKIP, why=_WHY[one.not_owed], detail=one.told)
    return blocked(Why.MAY_BE_GIVEN_BACK, one.doubt) if one.doubt else None
