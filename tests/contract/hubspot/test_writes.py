"""Writes, and what the caller knows after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import CreditType
from core.credits.records import (
    MARKER,
    TOTAL_BOOKINGS,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Kind,
    WriteId,
)
from core.credits.writes import Write
from core.hubspot.ports.crm import Fate, Note, Outcome
from tests.contract.hubspot.world import World, contact_ids, fresh_id, utc_now

CS, SJ = CreditType("cs_credits"), CreditType("sj_credits")


def write(
    target: str, *, to: int, kind: Kind = Kind.CONTACT, credit: CreditType = CS, age_s: float = 0
) -> Write:
    return Write(
        id=WriteId(f"write-{fresh_id()}"),
        operation_id="operation",
        kind=kind,
        target_id=target,
        movements=(),
        before={credit: to - 1},
        after={credit: to},
        marker_before="",
        sent_at=utc_now() - timedelta(seconds=age_s),
    )


def read(world: World, id_: str) -> Contact:
    contact = world.crm.contacts(contact_ids(id_))[ContactId(id_)]
    assert contact is not None
    return contact


def test_a_write_sets_its_balances_and_the_marker_and_nothing_else(world: World) -> None:
    id_ = world.contact(cs_credits="3", sj_credits="7", email=f"{fresh_id()}@school.test")
    one = write(id_, to=4)

    outcome = world.crm.write_counts([one])[one.id]
    contact = read(world, id_)

    assert (Fate.LANDED, contact.modified_at) == (outcome.fate, outcome.modified_at)
    assert (4, 7, one.id) == (contact.balances[CS], contact.balances[SJ], contact.marker)


def test_balances_and_marker_share_one_moment_of_history(world: World) -> None:
    world.options(number_text="kept")
    id_ = world.contact(cs_credits="3")
    one = write(id_, to=4)
    world.crm.write_counts([one])

    history = world.crm.histories(Kind.CONTACT, [id_], [CS])[id_]

    assert history is not None
    newest, marker = history[CS][0], history[MARKER][0]
    assert ("4", one.id) == (newest.value, marker.value)
    assert (newest.at, newest.source, newest.source_id) == (
        marker.at,
        marker.source,
        marker.source_id,
    )


def test_contacts_and_exams_are_written_in_one_go(world: World) -> None:
    contact, exam = world.contact(cs_credits="3"), world.exam(total_bookings="9")
    writes = [write(contact, to=4), write(exam, to=8, kind=Kind.EXAM, credit=TOTAL_BOOKINGS)]

    outcomes = world.crm.write_counts(writes)
    seats = world.crm.counted(Kind.EXAM, [exam])[exam]

    assert [Fate.LANDED] * 2 == [outcomes[w.id].fate for w in writes]
    assert seats is not None
    assert (8, writes[1].id) == (seats.balances[TOTAL_BOOKINGS], seats.marker)


def test_each_of_many_writes_has_its_own_fate(world: World) -> None:
    ids = [world.contact(cs_credits="1") for _ in range(120)]
    world.archive(Kind.CONTACT, ids[7])
    writes = [write(id_, to=2) for id_ in ids]

    outcomes = world.crm.write_counts(writes)

    assert {Fate.REFUSED} == {outcomes[writes[7].id].fate}
    assert "" != outcomes[writes[7].id].reason
    assert {Fate.LANDED} == {outcomes[w.id].fate for w in writes if w is not writes[7]}
    assert {} == world.crm.write_counts([])


def test_of_two_writes_of_one_record_only_the_first_is_sent(world: World) -> None:
    id_ = world.contact(cs_credits="1")
    first, second = write(id_, to=2), write(id_, to=3)

    outcomes = world.crm.write_counts([first, second])

    assert (Fate.LANDED, Fate.REFUSED) == (outcomes[first.id].fate, outcomes[second.id].fate)
    assert 2 == read(world, id_).balances[CS]


def test_a_write_that_waited_too_long_is_not_sent_at_all(world: World) -> None:
    ids = [world.contact(cs_credits="1") for _ in range(2)]
    late, fresh = write(ids[0], to=2, age_s=11), write(ids[1], to=2)

    outcomes = world.crm.write_counts([late, fresh])

    assert (Fate.NOT_SENT, Fate.LANDED) == (outcomes[late.id].fate, outcomes[fresh.id].fate)
    assert (1, "") == (read(world, ids[0]).balances[CS], read(world, ids[0]).marker)


def test_a_write_to_an_id_from_before_a_merge_is_known_by_its_marker(world: World) -> None:
    world.options(write_through_merge=True)  # else it is refused: test_faults.py
    primary, other = world.contact(cs_credits="3"), world.contact(cs_credits="4")
    merged = world.merge(Kind.CONTACT, primary, other)
    one = write(other, to=5)

    outcome = world.crm.write_counts([one])[one.id]

    assert Fate.LANDED is outcome.fate
    assert (merged, 5, one.id) == (
        read(world, other).id,
        read(world, other).balances[CS],
        read(world, other).marker,
    )


@pytest.mark.parametrize(
    ("fault", "fate", "balance"),
    [
        ("lose_request", Fate.UNKNOWN, 1),
        ("lose_answer", Fate.UNKNOWN, 2),
        ("late", Fate.UNKNOWN, 1),
        ("not_sent", Fate.NOT_SENT, 1),
    ],
)
def test_a_lost_write_has_the_fate_that_the_caller_can_know(
    world: World, fault: str, fate: Fate, balance: int
) -> None:
    world.options(number_text="kept")
    id_ = world.contact(cs_credits="1")
    one = write(id_, to=2)
    world.fault(fault)

    outcome = world.crm.write_counts([one])[one.id]

    assert fate is outcome.fate
    assert outcome.reason
    assert str(balance) == world.balance(id_, CS)


def test_a_booking_is_cancelled_once_or_twice_alike(world: World) -> None:
    world.options(touch_always=False)
    id_ = BookingId(world.booking(token_used="Clinical Skills Token"))
    gone = BookingId(fresh_id())

    first = world.crm.cancel_bookings([id_, gone], marker="op-1", sent_at=utc_now())
    second = world.crm.cancel_bookings([id_], marker="op-1", sent_at=utc_now())
    booking = world.crm.bookings([id_])[id_]

    assert (Fate.LANDED, Fate.REFUSED) == (first[id_].fate, first[gone].fate)
    assert Fate.LANDED is second[id_].fate
    assert first[id_].modified_at == second[id_].modified_at
    assert booking is not None
    assert (BookingStatus.CANCELLED, "Clinical Skills Token") == (booking.status, booking.token)


def test_a_booking_is_marked_refunded_with_when_and_by_whom(world: World) -> None:
    id_ = BookingId(world.booking())
    at = datetime(2026, 5, 4, 10, 30, 0, 123000, tzinfo=UTC)

    outcome = mark(world, id_, at)
    booking = world.crm.bookings([id_])[id_]

    assert Fate.LANDED is outcome.fate
    assert booking is not None
    assert (True, at, "ann@school.test") == (
        booking.refunded,
        booking.refunded_at,
        booking.refund_admin,
    )


def test_a_mark_is_cleared_of_all_it_said_and_of_nothing_else(world: World) -> None:
    world.options(touch_always=False)
    id_, gone = BookingId(world.booking(token_used="Clinical Skills Token")), BookingId(fresh_id())
    world.crm.cancel_bookings([id_], marker="op-1", sent_at=utc_now())
    before = world.crm.bookings([id_])[id_]
    mark(world, id_, utc_now())

    first = world.crm.unmark_refunded([id_, gone], sent_at=utc_now())
    again = world.crm.unmark_refunded([id_], sent_at=utc_now())
    after = world.crm.bookings([id_])[id_]

    assert (Fate.LANDED, Fate.REFUSED) == (first[id_].fate, first[gone].fate)
    assert Fate.LANDED is again[id_].fate
    assert before is not None
    assert after is not None
    assert (False, None, "") == (after.refunded, after.refunded_at, after.refund_admin)
    assert before == replace(after, modified_at=before.modified_at)
    assert first[id_].modified_at == after.modified_at > before.modified_at
    assert {} == world.crm.unmark_refunded([], sent_at=utc_now())


def test_a_cleared_booking_is_found_as_not_refunded_and_can_be_marked_again(world: World) -> None:
    id_ = BookingId(world.booking())
    mark(world, id_, utc_now())
    world.crm.unmark_refunded([id_], sent_at=utc_now())
    at = datetime(2026, 5, 5, 10, 30, tzinfo=UTC)

    mark(world, id_, at)
    booking = world.crm.bookings([id_])[id_]

    assert booking is not None
    assert (True, at) == (booking.refunded, booking.refunded_at)


def test_a_mark_that_waited_too_long_is_neither_set_nor_cleared(world: World) -> None:
    id_, late = BookingId(world.booking()), utc_now() - timedelta(seconds=11)

    unset = mark(world, id_, utc_now(), sent_at=late)
    first = world.crm.bookings([id_])[id_]
    mark(world, id_, utc_now())
    uncleared = world.crm.unmark_refunded([id_], sent_at=late)[id_]
    second = world.crm.bookings([id_])[id_]

    assert (Fate.NOT_SENT, Fate.NOT_SENT) == (unset.fate, uncleared.fate)
    assert first is not None
    assert second is not None
    assert (False, True) == (first.refunded, second.refunded)


@pytest.mark.parametrize(
    ("fault", "fate", "cleared"),
    [
        ("lose_request", Fate.UNKNOWN, False),
        ("lose_answer", Fate.UNKNOWN, True),
        ("not_sent", Fate.NOT_SENT, False),
    ],
)
def test_a_clearing_that_is_lost_has_the_fate_that_the_caller_can_know(
    world: World, fault: str, fate: Fate, *, cleared: bool
) -> None:
    id_ = BookingId(world.booking())
    mark(world, id_, utc_now())
    world.fault(fault)

    outcome = world.crm.unmark_refunded([id_], sent_at=utc_now())[id_]

    assert fate is outcome.fate
    assert world.mark(id_) == ("" if cleared else "true")


def test_a_kept_credit_is_told_on_its_booking_and_cleared_with_the_mark_of_a_refund(
    world: World,
) -> None:
    id_, other = BookingId(world.booking()), BookingId(world.booking())
    told = "forfeited by ann@school.test on 4 May 2026: no-show, <b>again</b>"
    late = utc_now() - timedelta(seconds=11)

    unset = world.crm.mark_forfeited([id_], told="late", sent_at=late)[id_]
    kept = world.crm.mark_forfeited([id_, other], told=told, sent_at=utc_now())
    first = world.crm.bookings([id_, other])
    back = world.crm.mark_refunded(
        [id_, other], at=utc_now(), admin="ann", sent_at=utc_now(), forfeited=[id_]
    )
    second = world.crm.bookings([id_, other])

    assert Fate.NOT_SENT is unset.fate
    assert {Fate.LANDED} == {one.fate for one in (*kept.values(), *back.values())}
    assert [(told, False)] * 2 == [(b.forfeited, b.refunded) for b in first.values() if b]
    assert [("", True), (told, True)] == [(b.forfeited, b.refunded) for b in second.values() if b]


def mark(world: World, id_: BookingId, at: datetime, sent_at: datetime | None = None) -> Outcome:
    admin, sent_at = "ann@school.test", sent_at or utc_now()
    return world.crm.mark_refunded([id_], at=at, admin=admin, sent_at=sent_at)[id_]


def test_a_note_is_found_by_its_marker_on_its_contact_alone(world: World) -> None:
    one, two = contact_ids(world.contact(), world.contact())
    note = Note(contact_id=one, marker="op <7>", text="1 < 2 & so on\nbye", at=utc_now())

    outcome = world.crm.add_notes([note])[one]

    assert Fate.LANDED is outcome.fate
    assert {one} == world.crm.contacts_with_note([one, two], "op <7>")
    assert set() == world.crm.contacts_with_note([one, two], "op")
    assert set() == world.crm.contacts_with_note([], "op <7>")


def test_notes_of_many_contacts_go_in_one_call(world: World) -> None:
    ids = contact_ids(*(world.contact() for _ in range(3)))
    before = world.crm.usage()["total"]

    notes = [Note(contact_id=id_, marker="op-8", text="x", at=utc_now()) for id_ in ids]
    outcomes = world.crm.add_notes(notes)

    assert {Fate.LANDED} == {outcome.fate for outcome in outcomes.values()}
    assert 1 == world.crm.usage()["total"] - before
    assert set(ids) == world.crm.contacts_with_note(ids, "op-8")


def test_two_notes_for_one_contact_at_a_time_are_a_mistake_of_the_caller(world: World) -> None:
    note = Note(contact_id=ContactId(world.contact()), marker="a", text="x", at=utc_now())

    with pytest.raises(ValueError, match="one note for each contact"):
        world.crm.add_notes([note, note])


def test_a_refused_token_refuses_no_record(world: World) -> None:
    """Nothing was sent and nothing can be: what was to be written waits for the token."""
    id_, booking = world.contact(cs_credits="3"), world.booking(is_active="Active")
    one, at = write(id_, to=4), utc_now()
    note = Note(contact_id=ContactId(id_), marker="m", text="words", at=at)
    known = [BookingId(booking)]
    world.fault("barred", times=5)

    outcomes: list[Outcome] = [
        world.crm.write_counts([one])[one.id],
        world.crm.cancel_bookings(known, sent_at=at, marker="m")[known[0]],
        world.crm.mark_refunded(known, at=at, admin="a@x.test", sent_at=at)[known[0]],
        world.crm.unmark_refunded(known, sent_at=at)[known[0]],
        world.crm.add_notes([note])[note.contact_id],
    ]

    assert {Fate.NOT_SENT} == {outcome.fate for outcome in outcomes}
    assert all("HubSpot refuses the token" in outcome.barred for outcome in outcomes)
    assert 3 == read(world, id_).balances[CS]
