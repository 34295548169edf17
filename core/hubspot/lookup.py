"""What the staff desk asks of HubSpot: a contact opened in few calls, exams that fall due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from core.credits.errors import OutcomeUnknown
from core.credits.records import (
    MARKER,
    Booking,
    BookingId,
    Contact,
    ContactId,
    ExamId,
    History,
    Kind,
    is_record_id,
)
from core.credits.sessions import ExamChange
from core.hubspot import reading, writing
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import Outcome
from core.hubspot.transport import Call
from core.hubspot.wire import answers, records, requests, searches
from core.hubspot.wire.requests import Body
from core.hubspot.wire.values import text
from core.work.context_pool import ContextPool


def contact_with_history(hub: Hub, id_: ContactId) -> tuple[Contact, History] | None:
    """Both in one batch read, for HubSpot gives values and histories together."""
    if not is_record_id(id_):
        return None
    portal = hub.portal
    keys = (*portal.counters(Kind.CONTACT), MARKER)
    body = {
        **requests.read_body(portal, Kind.CONTACT, [id_]),
        "propertiesWithHistory": [portal.names(Kind.CONTACT)[key] for key in keys],
    }
    call = Call(what="read contacts", path=hub.batch(Kind.CONTACT, "read"), body=body)
    told = answers.match([id_], hub.read(call))
    found = told.found.get(id_) or next(iter(told.strangers), None)
    if found is None:
        if told.gone(id_):
            return None
        raise OutcomeUnknown(f"HubSpot did not tell of contact {id_}")
    contact = cast("Contact", records.read_counted(portal, Kind.CONTACT, found))
    return contact, records.read_history(portal, Kind.CONTACT, found, keys) or {}


def bookings_of(hub: Hub, contact_id: ContactId) -> list[Booking]:
    """In order of id. One that is gone since its association was read is left out."""
    bookings, exams_type = hub.types.of(Kind.BOOKING), hub.types.of(Kind.EXAM)
    what = "associations contacts"
    ids = reading.links_now(hub, Kind.CONTACT, bookings, [contact_id], what)
    found = [BookingId(id_) for id_ in ids[contact_id]]
    if not found:
        return []
    # the two are independent: one after another would cost twice the latency
    with ContextPool(2, thread_name_prefix="lookup") as pool:
        held = pool.submit(reading.objects, hub, Kind.BOOKING, found, lambda told: told)
        exams = pool.submit(
            reading.links,
            hub,
            bookings,
            exams_type,
            found,
            "associations bookings",
        )
        told, linked = held.result(), exams.result()
    return [
        records.read_booking(hub.portal, one, [contact_id], linked[id_])
        for id_ in found
        if (one := told[id_]) is not None
    ]


def scheduled_exam_ids(hub: Hub, due_by: datetime) -> list[ExamId]:
    """In order of id, past HubSpot's cap of 10,000."""
    found: list[ExamId] = []
    above = "0"
    while True:
        body = searches.scheduled_body(hub.portal, due_by, above=above)
        call = Call(
            what="search exams", path=hub.paths.objects(hub.types.of(Kind.EXAM), "search"),
            body=body,
        )  # fmt: skip
        page = [text(one["id"]) for one in hub.read(call).get("results") or () if "id" in one]
        found += map(ExamId, page)
        if len(page) < searches.PAGE_MAX:
            return found
        above = str(max(map(int, page)))


def change_exams(hub: Hub, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
    """In batches of a hundred, each exam with its own outcome."""

    def body(some: Sequence[ExamId]) -> Body:
        return requests.exams_body(hub.portal, {id_: changes[id_] for id_ in some})

    return writing.change_records(hub, Kind.EXAM, list(changes), body)
