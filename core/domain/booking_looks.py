"""What others made of bookings that an operation cancelled or marked, in words for people."""

from __future__ import annotations

from core.domain.foreign_words import source_words
from core.domain.operations import Item, Operation
from core.domain.records import Booking, BookingStatus, History, Version
from core.domain.warnings import About, Warned

STATUS, MARK, MARKED_BY = "is_active", "token_refunded", "token_refund_admin"


def disturbed(operation: Operation, booking: Booking, *, ours: bool) -> frozenset[About]:
    """What of it is not any more as the operation left it.

    ``ours``: its refund was not taken back since. Its credit is out, so it should be marked.
    """
    found = set()
    if booking.status is not BookingStatus.CANCELLED:
        found.add(About.STATUS)
    if ours and (not booking.refunded or booking.refund_admin != operation.confirmed_by):
        found.add(About.MARK)
    return frozenset(found)


def told(about: About, item: Item, booking: Booking, history: History | None) -> Warned:
    """Who changed it, when, from what to what; as far as HubSpot tells."""
    versions = history or {}
    name = item.booking_name or booking.booking_id or booking.id
    if about is About.STATUS:
        said = f"is {booking.raw_status or 'empty'} again, and its credit was given back"
        changed = _change(versions.get(STATUS, ()))
    else:
        by = f"by {booking.refund_admin}" if booking.refund_admin else "by nobody named"
        held = f"is marked refunded {by}" if booking.refunded else "is not marked refunded any more"
        said = f"{held}, and its credit was given back by this operation"
        changed = _change(versions.get(MARKED_BY if booking.refunded else MARK, ()))
    return Warned(about=about, record=booking.id, told=f"booking {name} {said}{changed}")


def _change(versions: tuple[Version, ...]) -> str:
    """From its newest version: HubSpot has them newest first."""
    if not versions:
        return "; HubSpot does not tell who changed it"
    newest = versions[0]
    before = versions[1].value if len(versions) > 1 else ""
    who = source_words(newest.source, newest.user_id or newest.source_id)
    return (
        f"; {before or 'empty'} → {newest.value or 'empty'} by {who} "
        f"at {newest.at:%Y-%m-%d %H:%M:%S} UTC"
    )
