"""Creating a booking: once for each name, tied to its contact and exam from the first moment."""

from __future__ import annotations

from datetime import timedelta

from core.credits.records import Booking, BookingStatus, ContactId, ExamId, NewBooking
from core.hubspot.ports.crm import Fate
from tests.contract.hubspot.world import World, fresh_id, utc_now


def new(world: World, **changes: str) -> NewBooking:
    contact = changes.get("contact") or world.contact(student_id=fresh_id())
    exam = changes.get("exam") or world.exam(
        mock_type="Clinical Skills", exam_date="2027-06-01", location="Calgary"
    )
    return NewBooking(
        name=changes.get("name") or f"Clinical Skills-{fresh_id()}-June 1, 2027",
        contact_id=ContactId(contact),
        exam_id=ExamId(exam),
        token="Clinical Skills Token",
        idempotency_key=changes.get("key") or f"operation-{fresh_id()}",
        dominant_hand="Left",
    )


def held(world: World, name: str) -> Booking | None:
    id_ = world.crm.booking_ids_named([name])[name]
    return None if id_ is None else world.crm.bookings([id_])[id_]


def test_a_created_booking_is_found_by_its_name_with_its_ends(world: World) -> None:
    wish = new(world)

    outcome = world.crm.create_booking(wish, sent_at=utc_now())
    booking = held(world, wish.name)

    assert Fate.LANDED is outcome.fate
    assert outcome.modified_at is not None
    assert booking is not None
    assert (BookingStatus.ACTIVE, "Clinical Skills Token", "Left", "") == (
        booking.status,
        booking.token,
        booking.dominant_hand,
        booking.attending_location,
    )
    assert ((wish.contact_id,), (wish.exam_id,)) == (booking.contact_ids, booking.exam_ids)
    assert (wish.idempotency_key, wish.contact_id) == (
        booking.idempotency_key,
        booking.contact_hint,
    )


def test_what_describes_the_session_comes_from_the_exam(world: World) -> None:
    wish = new(world)

    world.crm.create_booking(wish, sent_at=utc_now())
    booking = held(world, wish.name)

    assert booking is not None
    assert ("Clinical Skills", "2027-06-01", "Calgary") == (
        booking.mock_type,
        str(booking.exam_date),
        booking.location,
    )


def test_a_name_exists_once_whoever_asks_for_it_again(world: World) -> None:
    first = new(world)
    second = new(world, name=first.name.upper())
    world.crm.create_booking(first, sent_at=utc_now())

    outcome = world.crm.create_booking(second, sent_at=utc_now())
    booking = held(world, first.name)

    assert Fate.REFUSED is outcome.fate
    assert outcome.reason
    assert booking is not None
    assert first.idempotency_key == booking.idempotency_key


def test_a_contact_or_exam_that_is_gone_is_refused_and_nothing_is_left(world: World) -> None:
    for wish in (new(world, contact=fresh_id()), new(world, exam=fresh_id())):
        outcome = world.crm.create_booking(wish, sent_at=utc_now())

        assert Fate.REFUSED is outcome.fate, outcome
        assert held(world, wish.name) is None


def test_a_lost_answer_is_unknown_and_the_booking_is_there(world: World) -> None:
    wish = new(world)
    world.fault("lose_answer")

    outcome = world.crm.create_booking(wish, sent_at=utc_now())

    assert Fate.UNKNOWN is outcome.fate
    assert held(world, wish.name) is not None


def test_a_lost_request_is_unknown_and_the_booking_is_not_there(world: World) -> None:
    wish = new(world)
    world.fault("lose_request")

    outcome = world.crm.create_booking(wish, sent_at=utc_now())

    assert Fate.UNKNOWN is outcome.fate
    assert held(world, wish.name) is None


def test_one_that_hubspot_did_not_take_may_be_sent_again(world: World) -> None:
    wish = new(world)
    world.fault("not_sent")

    outcome = world.crm.create_booking(wish, sent_at=utc_now() - timedelta(seconds=9))
    assert Fate.NOT_SENT is outcome.fate  # asking for it would wait the minute that HubSpot asks


def test_one_that_a_refused_token_keeps_from_being_sent_waits(world: World) -> None:
    wish = new(world)
    world.fault("barred")

    outcome = world.crm.create_booking(wish, sent_at=utc_now())

    assert Fate.NOT_SENT is outcome.fate
    assert "HubSpot refuses the token" in outcome.barred


def test_one_that_comes_too_late_is_not_sent(world: World) -> None:
    wish = new(world)

    outcome = world.crm.create_booking(wish, sent_at=utc_now() - timedelta(seconds=11))

    assert Fate.NOT_SENT is outcome.fate
    assert held(world, wish.name) is None
