"""What others made of bookings that an operation cancelled or marked, in words for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.credits.exam_times import absolute
from core.credits.records import Booking, BookingStatus, History, Version
from core.operations.foreign.changes import SAME_UPDATE
from core.operations.foreign.words import source_words
from core.operations.leftovers import About, Warned
from core.operations.owed.double_refunds import (
    MARK,
    MARKED_AT,
    MARKED_BY,
    BalanceChange,
    by_whom,
    is_our_time,
    to_the_second,
)
from core.operations.owed.rules import STATUS
from core.operations.states import Item, Operation

#: A mark that follows its credit within this time leaves others no moment to give it too.
AT_ONCE = timedelta(seconds=2)


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
        given = f" ({item.before} → {item.after})" if item.after is not None else ""
        said = f"{held}, and its credit was given back by this operation{given}"
        changed = _change(versions.get(MARKED_BY if booking.refunded else MARK, ()))
        if booking.refunded:  # in another name than ours
            changed += ": its credit may have been given twice"
    return Warned(about=about, record=booking.id, told=f"booking {name} {said}{changed}")


def overwritten_mark(operation: Operation, item: Item, history: History) -> Warned | None:
    """Another's refund mark that stood there when ours was set; None: there was none.

    HubSpot keeps no new version of a value that is set again. So a mark that is older than the
    time that we set with it, or a name or a time before ours, is somebody else's.
    """
    marks, times, names = (history.get(key, ()) for key in (MARK, MARKED_AT, MARKED_BY))
    if not times or not is_our_time(operation, absolute(times[0].value.strip())):
        return None
    ours = times[0].at
    older = [v for v in marks[:1] if v.value.strip() and v.at < ours - SAME_UPDATE]
    before = [v for v in (*names[1:2], *times[1:2]) if v.value.strip() and v.at < ours]
    if not older and not before:
        return None
    theirs = (older or before)[0]
    name = next((v.value for v in names if v.at < ours), "")
    by = name or source_words(theirs)
    return Warned(
        about=About.REFUNDED_TWICE,
        record=item.booking_id,
        told=f"booking {item.booking_name or item.booking_id} was marked refunded by {by} at "
        f"{to_the_second(theirs.at)}, just before this operation marked it "
        f"({item.before} → {item.after}): its credit may have been given twice",
    )


def marked_late(
    operation: Operation, history: History | None, landed: datetime | None
) -> datetime | None:
    """When HubSpot got our mark of a booking whose credit landed then; None: at once, or not ours.

    Until it is marked, others see a booking whose credit is still owed. Where nobody knows when it
    landed, any mark may be late.
    """
    times = (history or {}).get(MARKED_AT, ())
    if not times or not is_our_time(operation, absolute(times[0].value.strip())):
        return None
    return times[0].at if landed is None or times[0].at > landed + AT_ONCE else None


def given_before_mark(
    item: Item, changes: Sequence[BalanceChange], landed: datetime, marked: datetime
) -> Warned | None:
    """Credits that others gave after ours and before our mark; None: there were none."""
    seen = [one for one in changes if one.by > 0 and landed < one.version.at <= marked]
    if not seen:
        return None
    return Warned(
        about=About.REFUNDED_TWICE,
        record=item.booking_id,
        told=f"booking {item.booking_name or item.booking_id} was refunded by this operation "
        f"({item.before} → {item.after}) at {to_the_second(landed)}, and marked at "
        f"{to_the_second(marked)}; between, the balance went "
        f"{'; '.join(map(str, reversed(seen)))}: its credit may have been given twice",
    )


def _change(versions: tuple[Version, ...]) -> str:
    """From its newest version: HubSpot has them newest first."""
    if not versions:
        return "; HubSpot does not tell who changed it"
    newest = versions[0]
    before = versions[1].value if len(versions) > 1 else ""
    return f"; {before or 'empty'} → {newest.value or 'empty'} by {by_whom(newest)}"
