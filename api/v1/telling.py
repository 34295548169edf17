"""From records of the core to what the API gives."""

from __future__ import annotations

from collections.abc import Mapping

from api.v1 import models
from api.v1.problems import told_of
from core.credits.catalogue import Catalogue, CreditType, UnknownToken
from core.credits.records import Booking, Contact
from core.operations.booking_rules import ASKS, Ask, seats_left
from core.operations.kinds.registry import UnknownKind, kind_of, makes_bookings
from core.operations.states import ItemState
from core.students.api_requests import Fault, Outcome
from core.students.eligibility import Checked, Offer

_ASKS: Mapping[Ask, models.Asked] = {
    Ask.DOMINANT_HAND: "dominant_hand",
    Ask.ATTENDING_LOCATION: "attending_location",
}


def student(contact: Contact) -> models.Student:
    """Who it is; what they hold is asked for by the id."""
    return models.Student(
        contact_id=contact.id,
        student_id=contact.student_id,
        email=contact.email,
        firstname=contact.firstname,
        lastname=contact.lastname,
    )


def balances(contact: Contact, catalogue: Catalogue) -> list[models.Balance]:
    """All credit types, in the order in which people see them."""
    return [
        models.Balance(
            credit=credit.key, label=credit.label, balance=contact.balances.get(credit.key)
        )
        for credit in catalogue.credits
    ]


def check(checked: Checked, exam_id: str | None, catalogue: Catalogue) -> models.CreditCheck:
    """With everything that is against it."""
    faults = [Fault(why=seat.why, detail=seat.detail) for seat in checked.against]
    credit = checked.spends.credit
    return models.CreditCheck(
        contact_id=checked.contact.id,
        exam_id=exam_id,
        mock_type=checked.mock_type,
        may_book=not faults,
        spends=None if credit is None else spending(checked.contact, credit, catalogue),
        faults=[models.Fault(**told_of(fault)) for fault in faults],
    )


def spending(contact: Contact, credit: CreditType, catalogue: Catalogue) -> models.Spending:
    """One credit of this type, before and after."""
    before = contact.balances[credit]
    label = catalogue.by_key(credit).label
    return models.Spending(credit=credit, label=label, before=before, after=before - 1)


def session(offer: Offer, contact: Contact, catalogue: Catalogue) -> models.Session:
    """A session that may be booked."""
    exam = offer.exam
    ask = ASKS.get(exam.mock_type)
    return models.Session(
        exam_id=exam.id,
        name=exam.name,
        mock_type=exam.mock_type,
        exam_date=exam.exam_date,
        start_time=exam.start_time,
        end_time=exam.end_time,
        location=exam.location,
        seats_left=seats_left(exam),
        asks=None if ask is None else _ASKS[ask],
        spends=spending(contact, offer.credit, catalogue),
    )


def booking(held: Booking, catalogue: Catalogue) -> models.Booking:
    """As HubSpot states it."""
    return models.Booking(
        record_id=held.id,
        booking_id=held.booking_id,
        exam_id=held.exam_id,
        status=held.status.value,
        mock_type=held.mock_type,
        exam_date=held.exam_date,
        start_time=held.start_time,
        end_time=held.end_time,
        location=held.location,
        attending_location=held.attending_location,
        dominant_hand=held.dominant_hand,
        credit=_spent(held, catalogue),
        refunded=None if held.mark_unclear else held.refunded,
    )


def _spent(held: Booking, catalogue: Catalogue) -> CreditType | None:
    try:
        return catalogue.by_token(held.token).key
    except UnknownToken:
        return None


def operation(outcome: Outcome) -> models.Operation:
    """Where it stands.

    Raises:
        UnknownKind: clients make none of this kind.
    """
    of = outcome.operation
    kind = kind_of(of.kind)
    if kind.client_word is None:
        raise UnknownKind(f"a {of.kind.value} is no operation of an API client")
    booking = makes_bookings(of.kind)
    return models.Operation(
        operation_id=of.id,
        kind=kind.client_word,
        state=outcome.end,
        bookings=[
            models.OperationBooking(
                record_id=outcome.made if booking else item.booking_id,
                booking_id=item.booking_name,
                exam_id=item.exam_id,
                state=item.state.value.replace(" ", "_"),
                why="" if item.state is ItemState.DONE else item.why,
                credit=item.credit,
                before=item.before,
                after=item.after,
            )
            for item in outcome.items
        ],
        confirmed_at=of.confirmed_at,
        ended_at=of.ended_at,
        waiting_for=of.waiting_for,
    )
