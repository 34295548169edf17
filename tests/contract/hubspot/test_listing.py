"""HubSpot's list with the values of its records: the same as a read by id, and from any id on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.credits.records import Booking, BookingId, Counted, Kind
from core.hubspot.ports.crm import Listed
from tests.contract.hubspot.world import World


def whole(world: World, kind: Kind, above: str = "") -> list[Listed]:
    pages = [world.crm.listed(kind, after=above)]
    while pages[-1].after:
        pages.append(world.crm.listed(kind, after=pages[-1].after))
    return pages


def listed(world: World, kind: Kind) -> dict[str, Counted | Booking]:
    return {id_: held for page in whole(world, kind) for id_, held in page.records.items()}


def test_a_listed_contact_or_exam_is_what_a_read_by_id_tells(world: World) -> None:
    contact = world.contact(cs_credits="3", sj_credits="abc", email="a@example.test")
    exam = world.exam(total_bookings="4", capacity="9", mock_exam_name="Mock")
    kinds: dict[Kind, tuple[str, Callable[[], Counted | None]]] = {
        Kind.CONTACT: (contact, lambda: world.crm.counted(Kind.CONTACT, [contact])[contact]),
        Kind.EXAM: (exam, lambda: world.crm.counted(Kind.EXAM, [exam])[exam]),
    }
    for kind, (id_, read) in kinds.items():
        assert read() == listed(world, kind)[id_]


def test_a_listed_booking_has_its_contact_and_its_exam(world: World) -> None:
    contact, exam = world.contact(), world.exam(mock_type="Clinical Skills")
    booking = world.booking(contact=contact, exam=exam, token_used="Clinical Skills Token")

    found = listed(world, Kind.BOOKING)[booking]

    assert world.crm.bookings([BookingId(booking)])[BookingId(booking)] == found
    assert isinstance(found, Booking)
    assert (contact, exam) == (found.contact_id, found.exam_id)


def test_a_booking_without_exactly_one_of_each_is_listed_by_its_id_alone(world: World) -> None:
    contact, other, exam = world.contact(), world.contact(), world.exam()
    alone = world.booking()
    of_nobody = world.booking(exam=exam)
    of_two = world.booking(contact=contact, exam=exam)
    world.link(of_two, Kind.CONTACT, other)

    pages = whole(world, Kind.BOOKING)

    odd = {alone, of_nobody, of_two}
    assert odd <= {id_ for page in pages for id_ in page.ids}
    assert odd.isdisjoint(id_ for page in pages for id_ in page.records)


def test_a_list_tells_the_ids_from_before_a_merge(world: World) -> None:
    primary, other, plain = world.contact(), world.contact(), world.contact()
    world.merge(Kind.CONTACT, primary, other)
    answers = world.crm.counted(Kind.CONTACT, [other])[other]
    assert answers is not None

    former = {id_: ids for page in whole(world, Kind.CONTACT) for id_, ids in page.former.items()}

    assert {primary, other} - {answers.id} <= set(former[answers.id])
    assert plain not in former


def test_a_list_goes_on_from_any_id_and_the_search_knows_the_last_one(world: World) -> None:
    world.options(search_lag_ms=0)
    ids = sorted((world.exam() for _ in range(130)), key=int)
    extent = world.crm.extent(Kind.EXAM)

    every = [id_ for page in whole(world, Kind.EXAM) for id_ in page.ids]
    upper = [id_ for page in whole(world, Kind.EXAM, ids[70]) for id_ in page.ids]

    assert extent.total == len(every)
    assert extent.highest == max(map(int, every))
    assert sorted(every, key=int) == every
    assert [id_ for id_ in every if int(id_) > int(ids[70])] == upper


def test_a_listed_record_is_no_older_than_its_time_says(world: World) -> None:
    contact = world.contact(cs_credits="3")
    before = listed(world, Kind.CONTACT)[contact]
    world.foreign_write(Kind.CONTACT, contact, {"cs_credits": "4"})

    after = listed(world, Kind.CONTACT)[contact]

    assert isinstance(before, Counted)
    assert isinstance(after, Counted)
    assert before.modified_at < after.modified_at
    assert replace(before, balances=after.balances, modified_at=after.modified_at) == after
