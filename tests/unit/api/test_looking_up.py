"""Balances, credit checks, open sessions and bookings, as the student apps read them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.access.api_key_rules import Scope
from core.audit.entries import Sought, What
from core.credits.records import Kind
from tests.unit.api.school import CS, School, faults, kind


@pytest.fixture
def school() -> School:
    return School()


def test_balances_are_those_of_hubspot_in_the_order_people_see_them(school: School) -> None:
    answer = school.get("/contacts/101/balances")

    told = answer.json()
    assert (200, "101") == (answer.status_code, told["contact_id"])
    assert [0, 2, 0, 0, 1] == [each["balance"] for each in told["balances"]]
    assert {"credit": CS, "label": "Clinical Skills", "balance": 2} == told["balances"][1]


def test_a_balance_that_is_no_number_is_null_and_never_zero(school: School) -> None:
    school.desk.crm.add_contact("103", {CS: "abc"}, student_id="S3")

    told = school.get("/contacts/103/balances").json()

    assert {CS: None} == {b["credit"]: b["balance"] for b in told["balances"] if b["credit"] == CS}


@pytest.mark.parametrize(
    "path",
    ["balances", "credit-check?exam_id=80", "sessions", "bookings", "credit-check?mock_type=x"],
)
def test_a_stranger_is_not_found(school: School, path: str) -> None:
    assert (404, "contact-not-found") == kind(school.get(f"/contacts/999/{path}"))


def test_a_check_tells_what_would_be_spent_and_what_remains(school: School) -> None:
    told = school.get("/contacts/101/credit-check?exam_id=80").json()

    spends = {"credit": CS, "label": "Clinical Skills", "before": 2, "after": 1}
    assert (True, spends, []) == (told["may_book"], told["spends"], told["faults"])


def test_without_a_specific_credit_the_shared_one_would_be_spent(school: School) -> None:
    school.holds("101", cs_credits="0")

    told = school.get("/contacts/101/credit-check?mock_type=Clinical Skills").json()

    assert (True, "shared_mock_credits") == (told["may_book"], told["spends"]["credit"])


def test_a_check_tells_everything_that_is_against_it_at_once(school: School) -> None:
    school.booked()
    school.exam("81", taken=10)
    school.holds("101", cs_credits="0", shared_mock_credits="0")

    told = school.get("/contacts/101/credit-check?exam_id=81")

    assert (200, False, None) == (
        told.status_code,
        told.json()["may_book"],
        told.json()["spends"],
    )
    assert ["exam-full", "already-booked-that-day", "no-credit"] == faults(told)


def test_a_check_of_an_exam_that_is_not_there_says_so(school: School) -> None:
    told = school.get("/contacts/101/credit-check?exam_id=999")

    assert "exam-not-found" in faults(told)


@pytest.mark.parametrize("query", ["", "?exam_id=80&mock_type=Mini-mock", "?exam_id=x"])
def test_a_check_is_of_an_exam_or_of_a_type(school: School, query: str) -> None:
    assert (422, "invalid-request") == kind(school.get(f"/contacts/101/credit-check{query}"))


def test_sessions_are_those_that_can_be_booked_and_paid(school: School) -> None:
    school.exam("81", exam_date="2026-06-03", mock_type="Mini-mock")  # no credit
    school.exam("82", exam_date="2026-06-04", is_active="false")
    school.exam("83", exam_date="2026-06-05", taken=10)  # full
    school.exam("84", exam_date="2026-06-06", mock_type="Situational Judgment")
    school.exam("85", exam_date="2026-06-01")  # a booking that day
    school.desk.crm.foreign_write(Kind.EXAM, "70", {"is_active": "false"})
    school.exam("86", exam_date="2026-06-09", start_time="09:00", location="Toronto")
    school.mirrored()
    school.booked()

    told = school.get("/contacts/101/sessions").json()["sessions"]

    assert ["84", "86"] == [session["exam_id"] for session in told]
    assert ("attending_location", "shared_mock_credits") == (
        told[0]["asks"], told[0]["spends"]["credit"],
    )  # fmt: skip
    assert ("2026-06-09", "09:00", "Toronto", 10, "dominant_hand", 1) == (
        told[1]["exam_date"], told[1]["start_time"], told[1]["location"], told[1]["seats_left"],
        told[1]["asks"], told[1]["spends"]["before"],
    )  # fmt: skip


def test_sessions_are_narrowed_by_type_and_last_day(school: School) -> None:
    school.exam("84", exam_date="2026-06-06", mock_type="Situational Judgment")
    school.mirrored()

    def ids(query: str) -> list[str]:
        told = school.get(f"/contacts/101/sessions?{query}").json()
        return [session["exam_id"] for session in told["sessions"]]

    assert (["84"], ["80"]) == (ids("mock_type=Situational Judgment"), ids("until=2026-06-02"))


def test_who_has_no_student_id_can_book_nothing(school: School) -> None:
    school.desk.crm.add_contact("103", {CS: 3})
    school.mirrored()

    assert [] == school.get("/contacts/103/sessions").json()["sessions"]
    checked = school.get("/contacts/103/credit-check?mock_type=Clinical Skills")
    assert ["needs-a-person"] == faults(checked)


def test_bookings_stand_with_what_they_spent_and_whether_it_came_back(school: School) -> None:
    id_ = school.booked()
    school.cancel(id_)
    school.exam("81", exam_date="2026-06-02")
    later = school.booked(exam_id="81")

    told = school.get("/contacts/101/bookings").json()["bookings"]

    assert [(later, "Active", False), (id_, "Cancelled", True)] == [
        (one["record_id"], one["status"], one["refunded"]) for one in told
    ]
    assert {CS} == {one["credit"] for one in told}
    assert told[1] == school.get(f"/contacts/101/bookings/{id_}").json()


def test_one_booking_is_found_for_its_own_contact_alone(school: School) -> None:
    id_ = school.booked()

    assert (404, "booking-not-found") == kind(school.get(f"/contacts/102/bookings/{id_}"))


def student(school: School, student_id: str, email: str, **options: Any) -> httpx.Response:
    return school.get("/students", params={"student_id": student_id, "email": email}, **options)


def test_a_student_is_found_by_student_id_and_email_together(school: School) -> None:
    school.desk.crm.add_contact("201", {CS: 2}, student_id="900", email="Ada@example.test")
    school.desk.crm.add_contact("202", {}, student_id="901", email="ben@example.test")

    found = student(school, " 900 ", "ada@EXAMPLE.test")

    assert 200 == found.status_code, found.text
    assert ("201", "900") == (found.json()["contact_id"], found.json()["student_id"])
    looks = school.desk.journal.audit(Sought(what=(What.LOOKED,)), limit=9)
    assert [("201", school.key.address)] == [(x.entry.subject_id, x.entry.actor) for x in looks]
    for student_id, email in (
        ("900", "ben@example.test"),
        ("901", "ada@example.test"),
        ("902", "ada@example.test"),
        ("S1", "ada@example.test"),
    ):
        assert (404, "student-not-found") == kind(student(school, student_id, email))
    assert (422, "invalid-request") == kind(student(school, " ", "ada@example.test"))


def test_several_contacts_with_both_are_told_as_ambiguous(school: School) -> None:
    for id_ in ("201", "202"):
        school.desk.crm.add_contact(id_, {}, student_id="900", email="ada@example.test")

    answer = student(school, "900", "ada@example.test")

    assert (409, "student-ambiguous") == kind(answer)
    assert "201, 202" in answer.json()["detail"]


def test_a_key_without_the_scope_to_read_finds_no_student(school: School) -> None:
    _, text = school.new_key(Scope.CANCEL)
    headers = {"Authorization": f"Bearer {text}"}

    assert (403, "not-allowed") == kind(student(school, "900", "a@b.test", headers=headers))
