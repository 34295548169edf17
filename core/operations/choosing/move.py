"""What is read before bookings move to another exam: their students, and names that are free."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.credits.moves import Student
from core.credits.records import Booking, BookingId, Contact, ContactId, Exam, Kind
from core.hubspot.ports.crm import Crm
from core.operations.booking_rules import NAMES_MAX, names_for


def students_of(
    crm: Crm,
    bookings: Collection[Booking],
    contacts: Mapping[ContactId, Contact | None],
) -> dict[ContactId, Student]:
    """The students of these bookings, each with all of their bookings, by the bookings' ids.

    ``contacts``: as they were read just now.

    Raises:
        GatewayError: HubSpot did not answer.
    """
    ids = {booking.contact_id for booking in bookings if booking.contact_id}
    held = crm.booking_ids_of(Kind.CONTACT, ids)
    read = crm.bookings({id_ for each in held.values() for id_ in each})
    return {
        id_: Student(
            contact=contacts.get(id_),
            bookings=tuple(one for b in held.get(id_, ()) if (one := read[b]) is not None),
        )
        for id_ in ids
    }


def free_names(
    crm: Crm, to: Exam, bookings: Collection[Booking], students: Mapping[ContactId, Student]
) -> dict[BookingId, str]:
    """What each of these is called at that exam: the first name that no other booking has.

    HubSpot is asked for one name of each at a time: nearly always the first is free.

    Raises:
        GatewayError: HubSpot did not answer.
    """
    may: dict[BookingId, list[str]] = {}
    for booking in bookings:
        student = students.get(booking.contact_id or ContactId(""))
        if student is not None and student.contact is not None and to.exam_date is not None:
            names = names_for(to.mock_type, student.contact.student_id, to.exam_date)
            may[booking.id] = names
    found: dict[BookingId, str] = {}
    given: set[str] = set()
    for n in range(NAMES_MAX):
        still = {id_: names[n] for id_, names in may.items() if id_ not in found}
        if not still:
            break
        held = crm.booking_ids_named(set(still.values()))
        for id_, name in still.items():
            free = held[name] in {None, id_} and name not in given
            if free or n == NAMES_MAX - 1:
                found[id_] = name
                given.add(name)
    return found
