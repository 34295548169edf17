"""Finding ids: by association, by name, by search. Values come from a read by id afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import partial
from typing import Literal, cast

from core.credits.records import (
    Booking,
    BookingId,
    Contact,
    ContactId,
    Counted,
    Exam,
    Kind,
    is_record_id,
)
from core.hubspot import reading
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import BookingFilter, Extent, Listed
from core.hubspot.transport import Call
from core.hubspot.wire import answers, records, requests, searches
from core.hubspot.wire.records import Json
from core.hubspot.wire.requests import Body
from core.hubspot.wire.values import text
from core.hubspot.wire.windows import Answer, Window, WindowedSearch


def booking_ids_of(hub: Hub, kind: Kind, ids: Collection[str]) -> dict[str, tuple[BookingId, ...]]:
    """Bookings associated with each of these exams or contacts, by old ids as well."""
    bookings = hub.types.of(Kind.BOOKING)
    found = reading.links_now(hub, kind, bookings, ids, f"associations {kind}")
    return {id_: tuple(map(BookingId, held)) for id_, held in found.items()}


def booking_ids_named(hub: Hub, names: Collection[str]) -> dict[str, BookingId | None]:
    """Record ids by the unique ``booking_id``."""
    property_ = hub.portal.names(Kind.BOOKING)["booking_id"]

    def ask(some: Sequence[str]) -> dict[str, BookingId | None]:
        body = requests.named_body(hub.portal, some)
        call = Call(what="read bookings", path=hub.batch(Kind.BOOKING, "read"), body=body)
        found = answers.match_named(some, hub.read(call), property_).found
        return {
            name: BookingId(text(found[name]["id"])) if name in found else None for name in some
        }

    merged: dict[str, BookingId | None] = {}
    for part in hub.each(ask, requests.batches(names)):
        merged |= part
    return merged


def contacts_with_note(hub: Hub, ids: Collection[ContactId], marker: str) -> set[ContactId]:
    """Those of these contacts that have a note with this marker."""
    portal = hub.portal
    notes_of = reading.links_now(hub, Kind.CONTACT, portal.note_type, ids, "associations notes")

    def ask(some: Sequence[str]) -> set[str]:
        path = hub.paths.objects(portal.note_type, "batch", "read")
        body = {"properties": ["hs_note_body"], "inputs": [{"id": id_} for id_ in some]}
        answer = hub.read(Call(what="read notes", path=path, body=body))
        held = answers.match(some, answer).found
        return {
            id_
            for id_, note in held.items()
            if requests.has_marker(text((note.get("properties") or {}).get("hs_note_body")), marker)
        }

    every = [note for notes in notes_of.values() for note in notes]
    ours = set[str]().union(*hub.each(ask, requests.batches(every)))
    return {ContactId(id_) for id_, notes in notes_of.items() if not ours.isdisjoint(notes)}


def search_bookings(
    hub: Hub,
    narrow: BookingFilter,
    *,
    limit: int | None = None,
    known: Collection[BookingId] = (),
) -> list[BookingId]:
    """In order of id, past HubSpot's cap of 10,000 if need be; all of them, windows in parallel.

    ``limit``: the first so many alone, page by page. ``known``: see ``Crm.search_bookings``.
    """
    if limit is not None:
        return _first_bookings(hub, narrow, limit)
    held = set(known)
    found: list[BookingId] = []
    search = WindowedSearch(sorted(int(id_) for id_ in held))
    while search.open:
        pages = hub.each(partial(_window_of_bookings, hub, narrow), search.open)
        found += [id_ for _, fitting in pages for id_ in fitting if id_ not in held]
        search.heard(answer for answer, _ in pages)
    return sorted(found, key=int)


def _window_of_bookings(
    hub: Hub, narrow: BookingFilter, window: Window
) -> tuple[Answer, list[BookingId]]:
    """Its first page, and which bookings of that page fit."""
    above, upto = str(window.above), str(window.upto)
    told = _searched(
        hub, Kind.BOOKING, searches.bookings_body(hub.portal, narrow, above=above, upto=upto)
    )
    page = _results(told)
    ids = sorted(int(text(one["id"])) for one in page)
    answer = Answer(window=window, ids=ids, total=answers.total(told))
    return answer, _fitting(hub, narrow, page)


def _first_bookings(hub: Hub, narrow: BookingFilter, limit: int) -> list[BookingId]:
    found: list[BookingId] = []
    above = "0"
    while len(found) < limit:
        page = _search(hub, Kind.BOOKING, searches.bookings_body(hub.portal, narrow, above=above))
        found += _fitting(hub, narrow, page)
        if len(page) < searches.PAGE_MAX:
            break
        above = _highest(page)
    return found[:limit]


def _fitting(hub: Hub, narrow: BookingFilter, page: Sequence[Json]) -> list[BookingId]:
    read = (records.read_booking(hub.portal, told, (), ()) for told in page)
    return [booking.id for booking in read if narrow.fits(booking)]


def search_exams(
    hub: Hub, *, words: str, since: date | None, until: date | None, limit: int
) -> list[Exam]:
    """Soonest first. The words are looked for here: HubSpot only searches an exam's name."""
    found: list[Exam] = []
    for after in range(0, searches.CAP, searches.PAGE_MAX):
        body = searches.exams_body(hub.portal, since, until, after=after)
        page = _search(hub, Kind.EXAM, body)
        exams = (records.read_counted(hub.portal, Kind.EXAM, told) for told in page)
        found += [e for e in cast("list[Exam]", list(exams)) if _has_words(e, words)]
        if len(found) >= limit or len(page) < searches.PAGE_MAX:
            break
    return sorted(found, key=lambda exam: exam.exam_date or date.max)[:limit]


def _has_words(exam: Exam, words: str) -> bool:
    day = exam.exam_date.isoformat() if exam.exam_date else ""
    held = f"{exam.name} {exam.mock_type} {exam.location} {day} {exam.id}".casefold()
    return all(word in held for word in words.casefold().split())


def search_contacts(hub: Hub, words: str, *, limit: int) -> list[Contact]:
    """Those found by a number first; each once."""
    if not words.strip():
        return []
    bodies = searches.contacts_bodies(hub.portal, words.strip(), limit=limit)
    pages = hub.each(lambda body: _search(hub, Kind.CONTACT, body), bodies)
    told = {text(one["id"]): one for page in pages for one in page}
    found = [records.read_counted(hub.portal, Kind.CONTACT, one) for one in told.values()]
    return cast("list[Contact]", found)[:limit]


def contacts_named(
    hub: Hub, by: Literal["email", "student_id"], values: Collection[str]
) -> dict[str, tuple[ContactId, ...]]:
    """By HubSpot's search, past its page of 200: several contacts may have one student id.

    Student ids are numbers; asked for text, a property of numbers would refuse the whole search.
    """
    property_ = hub.portal.names(Kind.CONTACT)[by]
    asked = [value for value in values if by == "email" or is_record_id(value)]

    def ask(some: Sequence[str]) -> list[Json]:
        found: list[Json] = []
        above = "0"
        while True:
            page = _search(hub, Kind.CONTACT, searches.named_body(property_, some, above=above))
            found += page
            if len(page) < searches.PAGE_MAX:
                return found
            above = _highest(page)

    by_value: dict[str, list[ContactId]] = {}
    for part in hub.each(ask, requests.batches(asked, searches.NAMED_MAX)):
        for told in part:
            held = text((told.get("properties") or {}).get(property_)).strip().casefold()
            by_value.setdefault(held, []).append(ContactId(text(told["id"])))
    return {
        value: tuple(dict.fromkeys(by_value.get(value.strip().casefold(), ()))) for value in values
    }


def changed_ids(hub: Hub, kind: Kind, since: datetime) -> list[str]:
    """Ids of records that search knows to have changed since; it may lag."""
    found: list[str] = []
    above = "0"
    while True:
        page = _search(hub, kind, searches.changed_body(kind, since, above=above))
        found += [text(told["id"]) for told in page]
        if len(page) < searches.PAGE_MAX:
            return found
        above = _highest(page)


def listed_ids(hub: Hub, kind: Kind, *, after: str = "") -> tuple[list[str], str]:
    """One page of the list of all records, and where the next begins ("" after the last)."""
    query = {"limit": "100", "properties": "hs_object_id", **({"after": after} if after else {})}
    path = hub.paths.objects(hub.types.of(kind))
    answer = hub.read(Call(what=f"list {kind}", path=path, method="GET", query=query))
    return [text(told["id"]) for told in _results(answer)], answers.next_page(answer)


def listed(hub: Hub, kind: Kind, *, after: str = "") -> Listed:
    """The same page with what the mirror needs; a booking without both ends is not told."""
    names = [*hub.portal.names(kind).values(), *records.MERGED]
    query = {"limit": "100", "properties": ",".join(names)}
    if kind is Kind.BOOKING:
        ends = (hub.types.of(Kind.CONTACT), hub.types.of(Kind.EXAM))
        query["associations"] = ",".join(ends)
    if after:
        query["after"] = after
    path = hub.paths.objects(hub.types.of(kind))
    answer = hub.read(Call(what=f"list {kind}", path=path, method="GET", query=query))
    held = {text(told["id"]): told for told in _results(answer)}
    made = {id_: _listed_record(hub, kind, told) for id_, told in held.items()}
    former = {id_: records.former_ids(told) for id_, told in held.items()}
    return Listed(
        ids=tuple(held),
        records={id_: record for id_, record in made.items() if record is not None},
        former={id_: before for id_, before in former.items() if before},
        after=answers.next_page(answer),
    )


def _listed_record(hub: Hub, kind: Kind, told: Json) -> Counted | Booking | None:
    if kind is not Kind.BOOKING:
        return records.read_counted(hub.portal, kind, told)
    contacts, exams = answers.listed_ends(told) or ((), ())
    if len(contacts) != 1 or len(exams) != 1:
        return None
    return records.read_booking(hub.portal, told, contacts, exams)


def extent(hub: Hub, kind: Kind) -> Extent:
    """How many records the search knows of, and the highest id."""
    path = hub.paths.objects(hub.types.of(kind), "search")
    call = Call(what=f"search {kind}", path=path, body=searches.HIGHEST)
    answer = hub.read(call)
    highest = max((int(text(told["id"])) for told in _results(answer)), default=0)
    return Extent(total=int(answer.get("total") or 0), highest=highest)


def archived_ids(hub: Hub, kind: Kind, ids: Collection[str]) -> set[str]:
    """Those of these records that are in the recycling bin."""

    def ask(some: Sequence[str]) -> set[str]:
        body = {"properties": [], "inputs": [{"id": id_} for id_ in some]}
        path = hub.batch(kind, "read")
        call = Call(what=f"read {kind}", path=path, body=body, query={"archived": "true"})
        return {text(told["id"]) for told in _results(hub.read(call))} & set(some)

    return set[str]().union(*hub.each(ask, requests.batches(filter(is_record_id, ids))))


def _search(hub: Hub, kind: Kind, body: Body) -> list[Json]:
    return _results(_searched(hub, kind, body))


def _searched(hub: Hub, kind: Kind, body: Body) -> Json:
    path = hub.paths.objects(hub.types.of(kind), "search")
    return hub.read(Call(what=f"search {kind}", path=path, body=body))


def _results(answer: Json) -> list[Json]:
    return [one for one in answer.get("results") or () if "id" in one]


def _highest(page: Sequence[Json]) -> str:
    return str(max(int(text(told["id"])) for told in page))
