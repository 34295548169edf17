"""Whether a refund's credits can be taken back, one by one, by what is still true. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.credits.records import Booking, BookingId, BookingStatus, Contact, ContactId, ItemKey
from core.operations.kinds.registry import booking_of
from core.operations.plans import Judgement, Row, Running, excluded, judge_contact
from core.operations.states import Item, Operation
from core.operations.steps.recheck import ends_here
from core.operations.verdicts import Verdict, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is read afresh to judge by: both stores, and who holds which claim."""

    bookings: Mapping[BookingId, Booking | None]
    #: By the id asked for; after a merge the contact's own differs from it.
    contacts: Mapping[ContactId, Contact | None]
    #: Which operation gave a booking's credit back, and which takes it.
    refunded_by: Mapping[BookingId, str]
    undone_by: Mapping[BookingId, str]


def last_sent(refund: Operation, at: datetime) -> datetime:
    """When the refund can have sent its last mark, for an undo confirmed ``at`` this moment.

    The undo begins a quiet period later. A mark that is still on its way would arrive after we
    cleared it: a credit that is neither there nor owed. What was done when the refund ended was
    sent before; when it was taken up again since, what is undone was done before ``at`` all the
    same.
    """
    return at if refund.ended_at is None else min(refund.ended_at, at)


def plan_rows(
    refund: Operation,
    items: Sequence[Item],
    facts: Facts,
    without: Collection[ItemKey] = (),
    running: Running | None = None,
) -> tuple[Row, ...]:
    """A row for each item, in order; balances run on from row to row of a contact.

    ``without``: those left out. They keep their rows, and nothing is done to them.
    ``running``: from the rows before these, and on to those after them.
    """
    running = {} if running is None else running
    return tuple(
        excluded(_row(refund, item, facts, {}))
        if item.booking_id in without
        else _row(refund, item, facts, running)
        for item in items
    )


def judge_again(
    undo: Operation, refund: Operation, items: Sequence[Item], facts: Facts
) -> list[Item]:
    """The undo's own items as they go on, or as they end here with the reason."""
    others = {id_: by for id_, by in facts.undone_by.items() if by != undo.id}
    rows = plan_rows(refund, items, replace(facts, undone_by=others))
    return [
        item if row.verdict is Verdict.WILL_CHANGE else ends_here(item, row)
        for item, row in zip(items, rows, strict=True)
    ]


def _row(refund: Operation, item: Item, facts: Facts, running: Running) -> Row:
    asked = item.contact_id or ContactId("")
    contact = facts.contacts.get(asked)
    id_ = booking_of(item, refund.kind)
    booking = facts.bookings.get(id_)
    judgement = _judge_booking(refund, item, booking, facts)
    if booking is not None and judgement.verdict is Verdict.WILL_CHANGE:
        judgement = _judge_contact(judgement, booking, contact, asked)
    before = after = None
    if judgement.verdict is Verdict.WILL_CHANGE and contact and item.credit is not None:
        key = (contact.id, item.credit)
        before = running.get(key, contact.balances[item.credit])
        if before < 1:
            judgement = _no(Verdict.BLOCKED, Why.SPENT, f"{before} left")
            before = None
        else:
            after = running[key] = before - 1
    return Row(
        booking_id=item.booking_id,
        verdict=judgement.verdict,
        why=judgement.why,
        detail=judgement.detail,
        credit=item.credit,
        contact_id=ContactId(contact.id) if contact else item.contact_id,
        exam_id=item.exam_id,
        booking_name=booking.booking_id if booking else item.booking_name,
        contact_name=contact.name if contact else item.contact_name,
        contact_email=contact.email if contact else item.contact_email,
        exam_date=item.exam_date,
        mock_type=item.mock_type,
        before=before,
        after=after,
    )


def _judge_booking(
    refund: Operation, item: Item, booking: Booking | None, facts: Facts
) -> Judgement:
    id_ = booking_of(item, refund.kind)
    if facts.refunded_by.get(id_) != refund.id:
        return _no(Verdict.SKIP, Why.TAKEN_BACK)
    if by := facts.undone_by.get(id_):
        return _no(Verdict.SKIP, Why.BEING_TAKEN_BACK, by)
    if booking is None:
        return _no(Verdict.BLOCKED, Why.NOT_FOUND)
    if booking.status is BookingStatus.UNKNOWN:
        return _no(Verdict.BLOCKED, Why.STATUS_UNKNOWN, f"is_active is {booking.raw_status!r}")
    if booking.status is not BookingStatus.CANCELLED:
        return _no(Verdict.SKIP, Why.ACTIVE_AGAIN)
    if booking.mark_unclear:
        return _no(Verdict.BLOCKED, Why.REFUND_UNCLEAR, booking.mark_unclear)
    if not booking.refunded:
        return _no(Verdict.SKIP, Why.NOT_MARKED)
    if not _marked_by(refund, booking):
        return _no(Verdict.BLOCKED, Why.MARKED_BY_OTHERS, _by(booking))
    return Judgement(verdict=Verdict.WILL_CHANGE, why=Why.TAKE_BACK, credit=item.credit)


def _marked_by(refund: Operation, booking: Booking) -> bool:
    """HubSpot keeps milliseconds of the refund's own moment."""
    at = booking.refunded_at
    return (
        at is not None
        and abs(at - refund.confirmed_at) < timedelta(milliseconds=1)
        and refund.is_by(booking.refund_admin)
    )


def _by(booking: Booking) -> str:
    at = f" at {booking.refunded_at.isoformat()}" if booking.refunded_at else ""
    return f"{booking.refund_admin or 'nobody named'}{at}"


def _judge_contact(
    judgement: Judgement, booking: Booking, contact: Contact | None, asked: ContactId
) -> Judgement:
    """The credit is taken from who got it; once it is, it is owed to whom the booking names."""
    judgement = judge_contact(judgement, contact)
    if judgement.verdict is not Verdict.WILL_CHANGE:
        return judgement
    if len(booking.contact_ids) != 1:
        several = Why.SEVERAL_CONTACTS if booking.contact_ids else Why.NO_CONTACT
        return _no(Verdict.BLOCKED, several)
    if booking.contact_id not in {asked, contact.id if contact else asked}:
        return _no(Verdict.BLOCKED, Why.OF_ANOTHER, str(booking.contact_id))
    return judgement


def _no(verdict: Verdict, why: Why, detail: str = "") -> Judgement:
    return Judgement(verdict=verdict, why=why, detail=detail)
