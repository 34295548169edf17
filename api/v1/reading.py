"""What a client may look up: balances, credit checks, open sessions, bookings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request

from api.v1 import models, telling
from api.v1.described import SECURITY, problems
from api.v1.door import ask, needing
from api.v1.problems import Problem
from core.access.api_key_rules import ApiKey, Scope
from core.app.assembly.parts import Core
from core.credits.records import BookingId, ContactId, ExamId
from core.operations.booking_rules import Wish

T = TypeVar("T")

#: Text of one line that is not empty.
TEXT = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"

ContactPath = Annotated[
    str, Path(pattern=r"^[0-9]{1,20}$", description="HubSpot's id of the contact")
]
BookingPath = Annotated[
    str, Path(pattern=r"^[0-9]{1,20}$", description="HubSpot's id of the booking")
]
ExamQuery = Annotated[str | None, Query(pattern=r"^[0-9]{1,20}$", description="One exam")]
TypeQuery = Annotated[
    str | None, Query(max_length=100, description="Exams of this type, such as Clinical Skills")
]
StudentQuery = Annotated[
    str, Query(min_length=1, max_length=100, pattern=TEXT, description="The school's student id")
]
EmailQuery = Annotated[
    str, Query(min_length=3, max_length=254, pattern=TEXT, description="In any case")
]

router = APIRouter(
    tags=["look up"],
    route_class=needing(Scope.READ),
    dependencies=[SECURITY],
    responses=problems(),
)


@router.get("/students")
async def student(request: Request, student_id: StudentQuery, email: EmailQuery) -> models.Student:
    """The student with this student id **and** this e-mail, as the student app signs people in.

    The e-mail in any case; both must be one contact's.
    """

    def look(core: Core, key: ApiKey) -> models.Student:
        found = core.eligibility.student(student_id.strip(), email.strip(), key.actor)
        if not found:
            raise Problem("student-not-found")
        if len(found) > 1:
            ids = ", ".join(contact.id for contact in found[:5])
            raise Problem("student-ambiguous", f"Contacts {ids} have both: merge them in HubSpot.")
        return telling.student(found[0])

    return await ask(request, look)


@router.get("/contacts/{contact_id}/balances")
async def balances(request: Request, contact_id: ContactPath) -> models.Balances:
    """The contact's credits, read from HubSpot now."""

    def look(core: Core, key: ApiKey) -> models.Balances:
        contact = _found(core.eligibility.contact(ContactId(contact_id), key.actor))
        return models.Balances(
            contact_id=contact.id,
            balances=telling.balances(contact, core.catalogue),
            read_at=core.eligibility.now(),
        )

    return await ask(request, look)


@router.get("/contacts/{contact_id}/credit-check")
async def credit_check(
    request: Request,
    contact_id: ContactPath,
    exam_id: ExamQuery = None,
    mock_type: TypeQuery = None,
) -> models.CreditCheck:
    """May this contact book this exam, or exams of this type; and what would it spend?

    Give either `exam_id` or `mock_type`. A "no" is an answer, not a problem: `may_book` is false
    and `faults` tell everything against it.
    """
    if (exam_id is None) == (mock_type is None):
        raise Problem("invalid-request", "Give either exam_id or mock_type.")

    def look(core: Core, key: ApiKey) -> models.CreditCheck:
        of = ContactId(contact_id)
        if exam_id is None:
            checked = core.eligibility.mock_type(of, mock_type or "", key.actor)
        else:
            # what the exam asks is answered when it is booked: a check is about the rest
            wish = Wish(
                contact_id=of,
                exam_id=ExamId(exam_id),
                dominant_hand="Right",
                attending_location="-",
            )
            checked = core.eligibility.exam(wish, key.actor)
        return telling.check(_found(checked), exam_id, core.catalogue)

    return await ask(request, look)


@router.get("/contacts/{contact_id}/sessions")
async def sessions(
    request: Request,
    contact_id: ContactPath,
    mock_type: TypeQuery = None,
    until: Annotated[date | None, Query(description="The last day")] = None,
) -> models.Sessions:
    """Sessions that this contact may book: open, with seats, a credit, no booking that day."""

    def look(core: Core, key: ApiKey) -> models.Sessions:
        found = _found(
            core.eligibility.open_sessions(
                ContactId(contact_id), key.actor, until=until, mock_type=mock_type or ""
            )
        )
        told = [telling.session(each, found.contact, core.catalogue) for each in found.offers]
        return models.Sessions(contact_id=found.contact.id, sessions=told)

    return await ask(request, look)


@router.get("/contacts/{contact_id}/bookings")
async def bookings(request: Request, contact_id: ContactPath) -> models.Bookings:
    """All bookings of this contact, the latest day first."""

    def look(core: Core, key: ApiKey) -> models.Bookings:
        held = _found(core.eligibility.bookings(ContactId(contact_id), key.actor))
        told = [telling.booking(each, core.catalogue) for each in held]
        return models.Bookings(contact_id=contact_id, bookings=told)

    return await ask(request, look)


@router.get("/contacts/{contact_id}/bookings/{record_id}")
async def booking(
    request: Request, contact_id: ContactPath, record_id: BookingPath
) -> models.Booking:
    """One booking of this contact."""

    def look(core: Core, key: ApiKey) -> models.Booking:
        of = ContactId(contact_id)
        held = core.eligibility.booking(of, BookingId(record_id), key.actor)
        if held is None:
            raise Problem("booking-not-found", "This contact has no such booking.")
        return telling.booking(held, core.catalogue)

    return await ask(request, look)


def _found(answer: T | None) -> T:
    if answer is None:
        raise Problem("contact-not-found")
    return answer
