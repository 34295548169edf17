"""The demo data: plausible, the same for the same seed, and complete in what it must show."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from sandbox.demo import objects
from sandbox.demo.exams import Part
from sandbox.demo.fill import School, make, plant
from sandbox.demo.people import HOSTILE
from sandbox.demo.size import Size

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
USUAL = Size(contacts=600, bookings=1800, exams=30)
CAUSES = {
    "unreadable_value",
    "contact_gone",
    "contact_merged",
    "missing_row",
    "orphan_row",
    "changed_in_hubspot",
    "changed_in_mirror",
    "older_copy",
}


@pytest.fixture(scope="module")
def school() -> School:
    return make(USUAL, NOW)


def test_one_seed_makes_one_school() -> None:
    def everything(seed: int) -> list[object]:
        size = Size(contacts=60, bookings=150, exams=9, seed=seed)
        made = make(size, NOW)
        _, drift = plant(made, size, NOW)
        seats = [objects.booking_object(seat, made.contacts) for seat in made.seats]
        return [*map(objects.contact_object, made.contacts), *seats, drift]

    assert everything(5) == everything(5)
    assert everything(5) != everything(6)


@pytest.mark.parametrize("contacts", [0, 1, 7, 45])
@pytest.mark.parametrize("exams", [0, 1, 3, 8])
def test_a_small_school_works_too(contacts: int, exams: int) -> None:
    size = Size(contacts=contacts, bookings=40, exams=exams)
    made = make(size, NOW)
    plant(made, size, NOW)

    assert (len(made.contacts), len(made.exams)) == (contacts, exams)
    assert len(made.seats) <= 40


def test_as_many_bookings_as_were_asked_for(school: School) -> None:
    assert len(school.seats) == USUAL.bookings


def test_what_hubspot_keeps_unique_is_unique(school: School) -> None:
    ids = Counter(objects.booking_id(seat, school.contacts) for seat in school.seats)
    people = [contact.person for contact in school.contacts]

    assert max(ids.values()) == 1
    assert len({person.email for person in people}) == len(people)
    assert len({person.student_id for person in people}) == len(people)


def test_no_balance_was_ever_below_zero(school: School) -> None:
    for contact in school.contacts:
        for credit, versions in contact.history.items():
            values = [int(float(version.value or 0)) for version in versions]
            moments = [version.at for version in versions]
            assert min(values) >= 0
            assert values[-1] == contact.balances[credit]
            assert moments == sorted(moments)
            assert contact.created <= moments[0] <= moments[-1] <= contact.updated <= NOW


def test_nothing_happens_before_its_cause_or_in_the_future(school: School) -> None:
    for seat in school.seats:
        assert seat.created < NOW
        if seat.cancelled:
            assert seat.created < seat.cancelled < NOW
        if seat.refunded:
            assert seat.cancelled is not None
            assert seat.cancelled < seat.refunded < NOW


def test_an_exam_counts_the_seats_that_are_not_cancelled(school: School) -> None:
    held = Counter(s.exam.id for s in school.seats if s.status != "Cancelled")

    assert all(exam.taken == held[exam.id] <= exam.capacity for exam in school.exams)


def test_a_coming_exam_has_more_than_thirty_active_bookings(school: School) -> None:
    (exam,) = (exam for exam in school.exams if exam.part is Part.COMING)
    active = [s for s in school.seats if s.exam is exam and s.status == "Active"]

    assert exam.date > NOW.date()
    assert len(active) >= 30
    assert max(Counter(seat.contact for seat in active).values()) == 2, "somebody sits twice"


def test_a_cancelled_exam_leaves_refunds_owed(school: School) -> None:
    (exam,) = (exam for exam in school.exams if exam.part is Part.CANCELLED)
    seats = [seat for seat in school.seats if seat.exam is exam]

    assert {seat.status for seat in seats} == {"Cancelled"}
    assert sum(seat.owed for seat in seats) >= 20
    assert {None, "sj_credits"} & {seat.credit for seat in seats}, "and some that nobody can place"


def test_some_students_sit_several_exams_of_a_set(school: School) -> None:
    sets = [seat.contact for seat in school.seats if seat.exam.part is Part.SET]

    assert Counter(Counter(sets).values())[3] >= 3


def test_names_include_the_hostile_ones(school: School) -> None:
    names = {(c.person.firstname, c.person.lastname) for c in school.contacts}

    assert len(names & {(first, last) for first, last in HOSTILE}) >= 6


def test_every_cause_of_drift_is_planted_on_contacts_of_its_own(school: School) -> None:
    _, drift = plant(make(USUAL, NOW), USUAL, NOW)
    ids = Counter(id_ for found in drift["contacts"].values() for id_ in found)

    assert drift["contacts"].keys() == CAUSES
    assert all(drift["contacts"].values())
    assert max(ids.values()) == 1
