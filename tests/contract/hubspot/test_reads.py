"""Reads by id: what any Crm has to tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.credits.catalogue import CreditType
from core.credits.records import (
    MARKER,
    TOTAL_BOOKINGS,
    BookingId,
    BookingStatus,
    ContactId,
    ExamId,
    Kind,
)
from core.work.call_count import counting_calls
from tests.contract.hubspot.world import World, contact_ids, fresh_id

CS, SJ = CreditType("cs_credits"), CreditType("sj_credits")


def test_a_contact_is_read_with_all_its_credits(world: World) -> None:
    id_ = world.contact(
        firstname="Ann",
        lastname="Lee",
        email="ann@school.test",
        phone="+39 1",
        student_id=fresh_id(),
        ndecc_exam_date="2026-06-01",
        cs_credits="3",
    )

    contact = world.crm.contacts(contact_ids(id_))[ContactId(id_)]

    assert contact is not None
    assert (id_, "Ann Lee", "ann@school.test") == (contact.id, contact.name, contact.email)
    assert date(2026, 6, 1) == contact.ndecc_exam_date
    assert 3 == contact.balances[CS]
    assert 5 == len(contact.balances)
    assert UTC == contact.modified_at.tzinfo


@pytest.mark.parametrize(("raw", "balance"), [(None, 0), ("", 0), ("3", 3), ("3.0", 3)])
def test_a_balance_may_be_written_in_several_ways(
    world: World, raw: str | None, balance: int
) -> None:
    id_ = world.contact(cs_credits=raw)

    contact = world.crm.contacts(contact_ids(id_))[ContactId(id_)]

    assert contact is not None
    assert balance == contact.balances[CS]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("abc", "holds 'abc', which is not a number"),
        ("-1", "holds '-1', which is negative"),
        ("1.5", "holds '1.5', which is not a whole number"),
    ],
)
def test_a_balance_that_cannot_be_read_is_told_and_not_guessed(
    world: World, raw: str, said: str
) -> None:
    id_ = world.contact(cs_credits=raw, sj_credits="2")

    contact = world.crm.contacts(contact_ids(id_))[ContactId(id_)]

    assert contact is not None
    assert {CS: said} == contact.unreadable
    assert CS not in contact.balances
    assert 2 == contact.balances[SJ]


def test_who_is_archived_or_never_was_is_gone(world: World) -> None:
    here, archived, never = world.contact(), world.contact(), fresh_id()
    world.archive(Kind.CONTACT, archived)

    read = world.crm.contacts(contact_ids(here, archived, never))

    assert {here: False, archived: True, never: True} == {k: v is None for k, v in read.items()}


def test_any_number_of_ids_and_the_same_one_twice(world: World) -> None:
    ids = [world.contact(cs_credits=str(n)) for n in range(120)]

    read = world.crm.contacts(contact_ids(*ids, *ids[:3]))

    assert list(range(120)) == [c.balances[CS] for id_ in ids if (c := read[ContactId(id_)])]
    assert {} == world.crm.contacts([])


def test_a_merged_contact_answers_to_both_old_ids_under_a_new_one(world: World) -> None:
    primary, other = world.contact(cs_credits="3"), world.contact(cs_credits="4")
    merged = world.merge(Kind.CONTACT, primary, other)

    read = world.crm.contacts(contact_ids(primary, other, merged))

    assert {merged} == {contact.id for contact in read.values() if contact}
    assert {3} == {contact.balances[CS] for contact in read.values() if contact}
    assert {primary, other, merged} == set(read)


def test_a_contact_merged_twice_answers_to_every_id_it_had(world: World) -> None:
    a, b, c = (world.contact(cs_credits=n) for n in "123")
    merged = world.merge(Kind.CONTACT, world.merge(Kind.CONTACT, a, b), c)

    read = world.crm.counted(Kind.CONTACT, [a, b, c])

    assert [merged] * 3 == [target.id for target in read.values() if target]


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_merged_exam_answers_to_both_old_ids(world: World, mode: str) -> None:
    primary, other = world.exam(total_bookings="3"), world.exam(total_bookings="4")
    merged = world.merge(Kind.EXAM, primary, other, mode)

    read = world.crm.exams([ExamId(primary), ExamId(other)])

    assert (mode == "all") is (merged not in {primary, other})
    assert [merged, merged] == [exam.id for exam in read.values() if exam]


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_merged_booking_answers_with_contact_and_exam_by_both_old_ids(
    world: World, mode: str
) -> None:
    contact, exam = world.contact(), world.exam()
    one, other = (world.booking(contact=contact, exam=exam) for _ in range(2))
    merged = world.merge(Kind.BOOKING, one, other, mode)

    read = world.crm.bookings([BookingId(one), BookingId(other)])

    assert 2 == len(read)
    for booking in read.values():
        assert booking is not None
        assert (merged, contact, exam) == (booking.id, booking.contact_id, booking.exam_id)


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_merged_record_tells_every_id_that_it_answers_to(
    world: World, kind: Kind, mode: str
) -> None:
    make = {Kind.CONTACT: world.contact, Kind.EXAM: world.exam, Kind.BOOKING: world.booking}[kind]
    first, second, third = (make() for _ in range(3))
    merged = world.merge(kind, world.merge(kind, first, second, mode), third, mode)
    ids = {merged, first, second, third}

    read: Mapping[Any, Any] = (
        world.crm.bookings_alone([BookingId(second)])
        if kind is Kind.BOOKING
        else world.crm.counted(kind, [second])
    )
    told = world.crm.named_histories(kind, [second], [])[second]

    assert ids <= {read[second].id, *read[second].former_ids}
    assert merged not in read[second].former_ids
    assert told is not None
    assert (merged, *read[second].former_ids) == told.ids


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_merged_contact_answers_in_each_way_of_merging(world: World, mode: str) -> None:
    primary, other = world.contact(cs_credits="3"), world.contact(cs_credits="4")
    merged = world.merge(Kind.CONTACT, primary, other, mode)

    read = world.crm.contacts(contact_ids(primary, other))

    assert (mode != "kept") is (merged not in {primary, other})
    assert [merged, merged] == [contact.id for contact in read.values() if contact]
    assert {3} == {contact.balances[CS] for contact in read.values() if contact}


def test_an_exam_is_read_with_its_counter(world: World) -> None:
    id_ = world.exam(
        mock_exam_name="CS in May",
        mock_type="Clinical Skills",
        exam_date="2026-05-04",
        start_time="09:00",
        end_time="12:00",
        location="Rome",
        capacity="30",
        total_bookings="12",
        is_active="scheduled",
        scheduled_activation_datetime="2026-04-01T10:00:00Z",
    )

    exam = world.crm.exams([ExamId(id_)])[ExamId(id_)]

    assert exam is not None
    assert {TOTAL_BOOKINGS: 12} == exam.balances
    assert ("CS in May", "Rome", 30) == (exam.name, exam.location, exam.capacity)
    assert (date(2026, 5, 4), "scheduled") == (exam.exam_date, exam.is_active)
    assert datetime(2026, 4, 1, 10, tzinfo=UTC) == exam.scheduled_activation_at


def test_a_booking_takes_contact_and_exam_from_its_associations(world: World) -> None:
    contact, exam = world.contact(), world.exam(mock_type="Clinical Skills", location="Rome")
    id_ = world.booking(
        contact=contact,
        exam=exam,
        token_used="Clinical Skills Token",
        associated_contact_id="77",
        token_refunded="true",
        token_refunded_at="1777888800000",
        token_refund_admin="ann@school.test",
    )

    booking = world.crm.bookings([BookingId(id_)])[BookingId(id_)]

    assert booking is not None
    assert (contact, exam, "77") == (booking.contact_id, booking.exam_id, booking.contact_hint)
    assert (BookingStatus.ACTIVE, "Clinical Skills Token") == (booking.status, booking.token)
    assert (True, "ann@school.test") == (booking.refunded, booking.refund_admin)
    assert datetime(2026, 5, 4, 10, tzinfo=UTC) == booking.refunded_at
    assert ("Clinical Skills", "Rome") == (booking.mock_type, booking.location)


def test_a_booking_is_read_without_what_it_is_associated_with_when_that_is_enough(
    world: World,
) -> None:
    id_ = world.booking(
        contact=world.contact(), exam=world.exam(), token_refunded="true", token_refund_admin="ann"
    )

    read = world.crm.bookings_alone([BookingId(id_), BookingId("5")])

    booking = read[BookingId(id_)]
    assert read[BookingId("5")] is None
    assert booking is not None
    assert (True, "ann") == (booking.refunded, booking.refund_admin)
    assert ((), ()) == (booking.contact_ids, booking.exam_ids)


def test_contacts_and_exams_of_bookings_are_read_without_the_bookings(world: World) -> None:
    contact, exam = world.contact(), world.exam()
    id_, alone = world.booking(contact=contact, exam=exam), world.booking()
    asked = [BookingId(id_), BookingId(alone)]

    assert {id_: (contact,), alone: ()} == dict(world.crm.contacts_of(asked))
    assert {id_: (exam,), alone: ()} == dict(world.crm.exams_of(asked))


def test_reads_at_once_are_each_answered_and_counted_for_who_asked(world: World) -> None:
    contact = world.contact()
    id_ = BookingId(world.booking(contact=contact))

    with counting_calls() as count, world.crm.reads_at_once() as reads:
        booking = reads.submit(world.crm.bookings_alone, [id_])
        of = reads.submit(world.crm.contacts_of, [id_])

    assert booking.result()[id_] is not None
    assert {id_: (contact,)} == dict(of.result())
    assert 2 == count.made


def test_a_booking_may_have_no_contact_or_several_and_none_is_chosen(world: World) -> None:
    one, two = world.contact(), world.contact()
    alone, shared = world.booking(), world.booking(contact=one)
    world.link(shared, Kind.CONTACT, two)

    read = world.crm.bookings([BookingId(alone), BookingId(shared), BookingId("5")])

    assert read[BookingId("5")] is None
    assert [(), (one, two)] == [
        tuple(sorted(booking.contact_ids)) for booking in read.values() if booking
    ]
    assert [None, None] == [booking.contact_id for booking in read.values() if booking]


def test_a_booking_follows_its_contact_through_a_merge(world: World) -> None:
    primary, other = world.contact(), world.contact()
    id_ = world.booking(contact=other)
    merged = world.merge(Kind.CONTACT, primary, other)

    booking = world.crm.bookings([BookingId(id_)])[BookingId(id_)]

    assert booking is not None
    assert merged == booking.contact_id


def test_a_status_that_nobody_knows_is_not_guessed(world: World) -> None:
    id_ = world.booking()
    world.foreign_write(Kind.BOOKING, id_, {"is_active": "Maybe"})

    booking = world.crm.bookings([BookingId(id_)])[BookingId(id_)]

    assert booking is not None
    assert (BookingStatus.UNKNOWN, "Maybe") == (booking.status, booking.raw_status)


def test_a_history_is_told_newest_first_with_who_did_it(world: World) -> None:
    id_ = world.contact(cs_credits="3")
    world.foreign_write(Kind.CONTACT, id_, {"cs_credits": "5"})

    history = world.crm.histories(Kind.CONTACT, [id_], [CS])[id_]

    assert history is not None
    assert ["5", "3"] == [version.value for version in history[CS]]
    assert ("CRM_UI", True) == (history[CS][0].source, bool(history[CS][0].user_id))
    assert history[CS][0].at >= history[CS][1].at
    assert () == history[MARKER]


def test_a_record_that_is_gone_has_no_history(world: World) -> None:
    never = fresh_id()

    assert {never: None} == world.crm.histories(Kind.CONTACT, [never], [CS])


def test_a_merge_leaves_the_other_balance_in_the_history(world: World) -> None:
    primary, other = world.contact(cs_credits="3"), world.contact(cs_credits="4")
    world.merge(Kind.CONTACT, primary, other)

    histories = world.crm.histories(Kind.CONTACT, [primary, other], [CS])

    assert histories[primary] == histories[other]
    assert {"3", "4"} == {version.value for version in (histories[primary] or {})[CS]}
    assert "3" == (histories[primary] or {})[CS][0].value
