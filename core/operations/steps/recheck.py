"""Judging again at the run: the plan's verdict against what HubSpot says now (section 6, step 1).

What changed since the preview is told, not applied.

Pure.
"""

from __future__ import annotations

from dataclasses import replace

from core.credits.catalogue import Catalogue
from core.credits.records import Booking, Contact
from core.operations.plans import Judge, Judgement, Row, blocked, judge_contact, merged_away
from core.operations.states import Item, ItemState
from core.operations.terms import Terms
from core.operations.verdicts import Verdict, Why

CHANGED = "changed since the preview"


def judge_again(
    judge: Judge,
    item: Item,
    booking: Booking | None,
    contact: Contact | None,
    catalogue: Catalogue,
    terms: Terms,
    *,
    cancels: bool,
) -> Item:
    """The item as it goes on, or as it ends here with the reason.

    ``judge``: of an item that was cancelled here, by what is still to be done of it. ``contact``
    is the plan's contact read afresh, None when it is gone or was not read. ``cancels``: of which
    exam it is matters, for it is still to be cancelled.
    """
    is_cancelled = item.state is ItemState.CANCELLED
    if is_cancelled and item.credit is None:
        return item  # it ends by whose cancel it was, and nothing else
    if booking is not None and booking.id != item.booking_id:
        return ends_here(item, merged_away(booking.id))
    judgement = judge(booking, catalogue, terms) if booking else blocked(Why.NOT_FOUND)
    if is_cancelled and judgement.why in _TOLD_LATER:
        return item
    if judgement.verdict is Verdict.WILL_CHANGE:
        judgement = judge_contact(judgement, contact)
    if judgement.why is Why.NO_CONTACT and contact is None:
        judgement = replace(judgement, why=Why.CONTACT_GONE)  # its associations went with it
    if judgement.verdict is not Verdict.WILL_CHANGE:
        return ends_here(item, judgement)
    if judgement.credit != item.credit:
        changed = f"{CHANGED}: its token is now {booking.token if booking else ''!r}"
        return replace(item, state=ItemState.SKIPPED, why=changed)
    if not is_cancelled and not _same_contact(item, booking, contact):
        changed = f"{CHANGED}: it now belongs to contact {booking.contact_id if booking else ''}"
        return replace(item, state=ItemState.SKIPPED, why=changed)
    if cancels and not is_cancelled and not _same_exam(item, booking):
        changed = f"{CHANGED}: it was moved to exam {booking.exam_id if booking else ''}"
        return replace(item, state=ItemState.SKIPPED, why=changed)
    return item


#: Of a booking that is cancelled: its history tells who changed it and when.
_TOLD_LATER = frozenset({Why.ALREADY_REFUNDED, Why.NOT_CANCELLED, Why.REFUND_UNCLEAR})
_STATES = {Verdict.SKIP: ItemState.SKIPPED, Verdict.BLOCKED: ItemState.BLOCKED}


def ends_here(item: Item, found: Judgement | Row) -> Item:
    """The item that is not carried on, by what was found afresh of its booking."""
    told = f"{found.why}: {found.detail}" if found.detail else str(found.why)
    before = "cancelled, but its credit is still owed" if item.cancelled else CHANGED
    return replace(item, state=_STATES[found.verdict], why=f"{before}: {told}")


def _same_exam(item: Item, booking: Booking | None) -> bool:
    return booking is not None and booking.exam_id == item.exam_id


def _same_contact(item: Item, booking: Booking | None, contact: Contact | None) -> bool:
    """The plan's contact, or the one it was merged into."""
    if booking is None or booking.contact_id is None:
        return False
    return booking.contact_id in {item.contact_id, contact.id if contact else None}
