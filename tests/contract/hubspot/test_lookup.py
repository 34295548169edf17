"""What the staff desk asks: a contact in one call, its bookings in three, exams that fall due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.credits.catalogue import CreditType
from core.credits.records import BookingStatus, ContactId, ExamId, Kind
from core.credits.sessions import ExamChange, Opening
from core.hubspot.ports.crm import Fate
from core.hubspot.ports.lookup import CrmLookUp
from tests.contract.hubspot.world import World, utc_now

CS = CreditType("cs_credits")


@pytest.fixture
def crm(world: World) -> CrmLookUp:
    made: Any = world.crm
    return made  # type: ignore[no-any-return]


def spent(crm: CrmLookUp, before: int) -> int:
    return crm.usage()["total"] - before


def total(crm: CrmLookUp) -> int:
    return crm.usage().get("total", 0)


def test_a_contact_comes_with_the_history_of_its_balances_in_one_call(
    world: World, crm: CrmLookUp
) -> None:
    id_ = world.contact(cs_credits="2", firstname="Amara")
    world.foreign_write(Kind.CONTACT, id_, {"cs_credits": "3"})
    before = total(crm)

    found = crm.contact_with_history(ContactId(id_))

    assert found is not None
    contact, history = found
    assert ("Amara", 3) == (contact.firstname, contact.balances[CS])
    assert ["3", "2"] == [version.value for version in history[CS]]
    assert 1 == spent(crm, before)


def test_a_contact_that_is_gone_is_none(world: World, crm: CrmLookUp) -> None:
    id_ = world.contact()
    world.archive(Kind.CONTACT, id_)

    assert crm.contact_with_history(ContactId(id_)) is None
    assert [] == crm.bookings_of(ContactId(id_))


def test_a_merged_contact_answers_by_either_id_with_its_bookings(
    world: World, crm: CrmLookUp
) -> None:
    one, other = world.contact(cs_credits="1"), world.contact(cs_credits="4")
    bookings = {world.booking(contact=one), world.booking(contact=other)}
    survivor = world.merge(Kind.CONTACT, one, other)

    for id_ in (one, other):
        found = crm.contact_with_history(ContactId(id_))
        assert found is not None
        assert survivor == found[0].id
        assert bookings == {booking.id for booking in crm.bookings_of(ContactId(id_))}


def test_the_bookings_of_a_contact_come_with_their_exams_in_three_calls(
    world: World, crm: CrmLookUp
) -> None:
    contact, exam = world.contact(), world.exam(mock_type="Mini-mock", exam_date="2026-05-04")
    ids = [world.booking(contact=contact, exam=exam) for _ in range(3)]
    alone = world.booking(contact=contact, is_active="Cancelled")
    world.booking(contact=world.contact(), exam=exam)
    before = total(crm)

    found = {booking.id: booking for booking in crm.bookings_of(ContactId(contact))}

    assert {*ids, alone} == found.keys()
    assert {exam} == {found[id_].exam_id for id_ in ids}  # type: ignore[index]
    last = found[alone]  # type: ignore[index]
    assert (None, BookingStatus.CANCELLED, contact) == (last.exam_id, last.status, last.contact_id)
    assert 3 == spent(crm, before)


def test_a_contact_without_bookings_costs_a_second_call_for_a_merge(
    world: World, crm: CrmLookUp
) -> None:
    id_ = world.contact()
    before = total(crm)

    assert [] == crm.bookings_of(ContactId(id_))
    assert 2 == spent(crm, before)


def test_search_names_exams_that_are_scheduled_and_due(world: World, crm: CrmLookUp) -> None:
    now = utc_now()

    def exam(state: str, hours: float | None) -> str:
        at = None if hours is None else (now + timedelta(hours=hours)).isoformat()
        return world.exam(is_active=state, scheduled_activation_datetime=at)

    due, exact = exam("scheduled", -1), exam("scheduled", -0.001)
    others = [exam("scheduled", 1), exam("scheduled", None), exam("true", -1), exam("false", -1)]

    found = crm.scheduled_exam_ids(now)

    assert {due, exact} <= set(found)
    assert set(others).isdisjoint(found)


def test_every_page_of_the_search_is_read(world: World, crm: CrmLookUp) -> None:
    at = (utc_now() - timedelta(hours=1)).isoformat()
    ids = {world.exam(is_active="scheduled", scheduled_activation_datetime=at) for _ in range(205)}

    assert ids <= set(crm.scheduled_exam_ids(utc_now()))


def test_exams_are_opened_closed_and_scheduled_each_with_its_outcome(
    world: World, crm: CrmLookUp
) -> None:
    ids = [ExamId(world.exam(is_active="false", capacity="12")) for _ in range(3)]
    at = utc_now().replace(microsecond=0) + timedelta(days=2)
    wanted = [
        ExamChange(opening=Opening.ACTIVE),
        ExamChange(opening=Opening.INACTIVE),
        ExamChange(opening=Opening.SCHEDULED, at=at),
    ]
    gone = ExamId(world.exam())
    world.archive(Kind.EXAM, gone)

    changes = {**dict(zip(ids, wanted, strict=True)), gone: wanted[0]}
    outcomes = crm.change_exams(changes)

    assert [Fate.LANDED] * 3 + [Fate.REFUSED] == [outcomes[id_].fate for id_ in (*ids, gone)]
    exams = [exam for id_ in ids if (exam := crm.exams([id_])[id_])]
    assert ["true", "false", "scheduled"] == [exam.is_active for exam in exams]
    assert at == exams[2].scheduled_activation_at
    assert {12} == {exam.capacity for exam in exams}


def test_a_lost_answer_to_a_change_is_unknown_and_sending_it_again_lands(
    world: World, crm: CrmLookUp
) -> None:
    id_ = ExamId(world.exam(is_active="false"))
    change = {id_: ExamChange(opening=Opening.ACTIVE)}
    world.fault("lose_answer")

    assert Fate.UNKNOWN is crm.change_exams(change)[id_].fate
    assert Fate.LANDED is crm.change_exams(change)[id_].fate


def test_a_change_that_was_not_sent_says_so(world: World, crm: CrmLookUp) -> None:
    id_ = ExamId(world.exam(is_active="false"))
    world.fault("not_sent")

    assert Fate.NOT_SENT is crm.change_exams({id_: ExamChange(opening=Opening.ACTIVE)})[id_].fate
