"""The demo data as HubSpot holds it: objects with their history, and associations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sandbox.demo import school
from sandbox.demo.balances import Contact
from sandbox.demo.exams import Exam
from sandbox.demo.seats import Seat
from sandbox.hubspot.portal import BOOKINGS, CONTACTS, EXAMS
from sandbox.hubspot.seed import SeedLink, SeedObject, SeedVersion
from sandbox.hubspot.values import to_ms


def contact_object(contact: Contact) -> SeedObject:
    who = contact.person
    properties: dict[str, str | None] = {
        "student_id": who.student_id,
        "email": who.email,
        "firstname": who.firstname or None,
        "lastname": who.lastname or None,
        "ndecc_exam_date": contact.ndecc.isoformat() if contact.ndecc else None,
    }
    for credit, versions in contact.history.items():
        properties[credit] = versions[-1].value
    return SeedObject(
        CONTACTS,
        str(contact.id),
        properties,
        contact.created,
        contact.updated,
        {credit: tuple(versions) for credit, versions in contact.history.items()},
        contact.archived,
    )


def exam_object(exam: Exam, now: datetime) -> SeedObject:
    properties: dict[str, str | None] = {
        "mock_exam_name": exam.name,
        "mock_type": exam.mock_type,
        "exam_date": exam.date.isoformat(),
        "start_time": exam.start,
        "end_time": exam.end,
        "location": exam.location,
        "capacity": str(exam.capacity),
        "total_bookings": str(exam.taken),
        "is_active": exam.state(now),
        "scheduled_activation_datetime": _moment(exam.activation),
    }
    return SeedObject(EXAMS, str(exam.id), properties, exam.created, exam.updated)


def booking_object(seat: Seat, contacts: Sequence[Contact]) -> SeedObject:
    who = contacts[seat.student].person
    properties: dict[str, str | None] = {
        "booking_id": booking_id(seat, contacts),
        "is_active": seat.status,
        "token_used": seat.token or None,
        "token_refunded": "true" if seat.refunded else None,
        "token_refunded_at": str(to_ms(seat.refunded)) if seat.refunded else None,
        "token_refund_admin": seat.refunder,
        "attendance": seat.attendance,
        "attending_location": seat.exam.location,
        "dominant_hand": "Left" if seat.student % 9 == 0 else "Right",
        "idempotency_key": f"demo-{seat.id}",
        "associated_contact_id": None if seat.hint is None else str(contacts[seat.hint].id),
        "student_id": who.student_id,
        "student_name": f"{who.firstname} {who.lastname}".strip() or None,
        "student_email": who.email,
        "mock_type": seat.exam.mock_type,
        "exam_date": seat.exam.date.isoformat(),
        "location": seat.exam.location,
        "start_time": seat.exam.start,
        "end_time": seat.exam.end,
    }
    return SeedObject(
        BOOKINGS, str(seat.id), properties, seat.created, seat.updated, _history(seat)
    )


def booking_id(seat: Seat, contacts: Sequence[Contact]) -> str:
    """Unique: a second seat of one student in one session says so."""
    plain = f"{seat.exam.mock_type}-{contacts[seat.student].person.student_id}-{seat.exam.day}"
    return plain if seat.copy == 1 else f"{plain} ({seat.copy})"


def links(seats: Sequence[Seat], contacts: Sequence[Contact]) -> Iterator[SeedLink]:
    for seat in seats:
        yield SeedLink(BOOKINGS, str(seat.id), EXAMS, str(seat.exam.id))
        if seat.contact is not None:
            yield SeedLink(BOOKINGS, str(seat.id), CONTACTS, str(contacts[seat.contact].id))


def _history(seat: Seat) -> dict[str, tuple[SeedVersion, ...]]:
    if seat.cancelled is None:
        return {}
    versions = (
        SeedVersion("Active", seat.created, *school.STUDENT_APP),
        SeedVersion("Cancelled", seat.cancelled, *school.STAFF, school.STAFF_USER),
    )
    return {"is_active": versions}


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
