"""Booking and cancelling through the API: what it changes, and what it refuses with what words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.access.api_key_rules import Scope
from core.credits.records import ContactId, Kind
from core.operations.states import OperationState
from tests.fakes.crm import Fault, Request
from tests.unit.api.school import CS, School, faults, kind
from tests.unit.services.desk import ADMIN

NAME = "Clinical Skills-S1-June 1, 2026"


@pytest.fixture
def school() -> School:
    return School()


# booking


def test_a_booking_takes_one_credit_and_one_seat_and_tells_both(school: School) -> None:
    answer = school.book()

    told = answer.json()
    (booked,) = told["bookings"]
    (held,) = school.desk.crm.bookings_of(ContactId("101"))
    assert (201, "book", "done", f"/api/v1/operations/{told['operation_id']}") == (
        answer.status_code, told["kind"], told["state"], answer.headers["location"],
    )  # fmt: skip
    assert (held.id, NAME, CS, 2, 1) == (
        booked["record_id"], booked["booking_id"], booked["credit"], booked["before"],
        booked["after"],
    )  # fmt: skip
    assert (1, 4, 1) == school.state()
    assert "Left" == held.dominant_hand


def test_operation_and_note_name_the_app_and_its_key(school: School) -> None:
    operation_id = school.book(reason="From the app").json()["operation_id"]

    operation = school.desk.journal.operation(operation_id)
    (note,) = school.desk.crm.notes
    address = f"api:student-app/{school.key.id}"
    assert (address, "From the app") == (operation.confirmed_by, operation.reason)
    assert f"By {address}" in note.text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"capacity": "3"}, (409, "exam-full")),
        ({"is_active": "false"}, (409, "exam-not-open")),
        ({"is_active": "scheduled"}, (409, "exam-not-open")),
        ({"exam_date": "2026-05-03"}, (409, "exam-over")),
        ({"exam_date": ""}, (409, "exam-not-open")),
        ({"mock_type": "Mini-mock"}, (422, "answer-missing")),
        ({"mock_type": "Mock Discussion"}, (409, "no-credit")),
        ({"mock_type": "Something new"}, (409, "no-credit")),
    ],
)
def test_an_exam_that_cannot_be_booked_says_why(
    school: School, given: dict[str, str], expected: tuple[int, str]
) -> None:
    school.exam("81", **({"taken": 3} | given))  # type: ignore[arg-type]

    assert expected == kind(school.book(exam_id="81"))
    assert (2, 3, 0) == school.state()
    assert [] == school.desk.journal.operations()


def test_seats_that_cannot_be_counted_are_for_a_person_to_look_at(school: School) -> None:
    truth = school.desk.crm.truth
    truth.change(truth.need(Kind.EXAM, "80"), {"total_bookings": "abc"})

    assert (409, "needs-a-person") == kind(school.book())


@pytest.mark.parametrize(
    ("contact", "wish", "expected"),
    [
        ("999", {}, (404, "contact-not-found")),
        ("101", {"exam_id": "999"}, (404, "exam-not-found")),
        ("101", {"dominant_hand": None}, (422, "answer-missing")),
        ("103", {}, (409, "needs-a-person")),
        ("104", {}, (409, "needs-a-person")),
    ],
)
def test_what_is_wrong_with_the_wish_is_told(
    school: School, contact: str, wish: dict[str, Any], expected: tuple[int, str]
) -> None:
    school.desk.crm.add_contact("103", {CS: 3})  # no student id
    school.desk.crm.add_contact("104", {CS: "1.5"}, student_id="S4")

    assert expected == kind(school.book(contact=contact, **wish))
    assert [] == school.desk.journal.operations()


def test_a_refusal_tells_all_that_is_wrong_at_once(school: School) -> None:
    school.exam("81", is_active="false")
    school.booked()
    school.holds("101", cs_credits="0", shared_mock_credits="0")

    answer = school.book(exam_id="81", dominant_hand=None)

    found = ["exam-not-open", "already-booked-that-day", "answer-missing", "no-credit"]
    assert (409, "exam-not-open") == kind(answer)
    assert found == faults(answer)


def test_a_second_booking_on_a_date_is_refused(school: School) -> None:
    school.booked()
    school.exam("81", mock_type="Clinical Skills")

    assert (409, "already-booked-that-day") == kind(school.book(exam_id="81"))


def test_a_client_never_books_without_a_credit(school: School) -> None:
    """Not even by asking: there is no such member, and one that is not there is refused."""
    assert (422, "invalid-request") == kind(school.book(override=True))


# cancelling


def test_a_cancellation_gives_the_credit_and_the_seat_back(school: School) -> None:
    id_ = school.booked()

    answer = school.post(f"/contacts/101/bookings/{id_}/cancel", {})

    told = answer.json()
    (cancelled,) = told["bookings"]
    assert (200, "cancel", "done") == (answer.status_code, told["kind"], told["state"])
    assert (id_, CS, 1, 2) == (
        cancelled["record_id"], cancelled["credit"], cancelled["before"], cancelled["after"],
    )  # fmt: skip
    assert (2, 3, 0) == school.state()


@pytest.mark.parametrize(
    ("on", "change", "expected"),
    [
        (Kind.BOOKING, {"attendance": "Yes"}, "attended"),
        (Kind.BOOKING, {"attendance": "perhaps"}, "needs-a-person"),
        (Kind.BOOKING, {"token_refunded": "Yes"}, "needs-a-person"),
        (Kind.EXAM, {"exam_date": "2026-05-04", "start_time": "8:00 AM"}, "exam-begun"),
        (Kind.EXAM, {"exam_date": "2026-05-03"}, "exam-over"),
        (Kind.EXAM, {"exam_date": "soon"}, "needs-a-person"),
    ],
)
def test_a_client_never_cancels_what_an_admin_would_include_on_purpose(
    school: School, on: Kind, change: dict[str, str], expected: str
) -> None:
    id_ = school.booked()
    target = id_ if on is Kind.BOOKING else "80"
    school.desk.crm.foreign_write(on, target, change)

    answer = school.cancel(id_)

    assert (409, expected) == kind(answer)
    assert (1, 4, 1) == school.state()


def test_several_bookings_are_cancelled_together_in_one_operation(school: School) -> None:
    school.exam("81", exam_date="2026-06-02")
    ids = [school.booked(), school.booked(exam_id="81")]

    answer = school.cancel(*ids)

    assert (200, ids) == (answer.status_code, [b["record_id"] for b in answer.json()["bookings"]])
    assert ((2, 3, 0), (2, 0, 0)) == (school.state(), school.state(exam="81"))


def test_when_one_of_several_cannot_be_cancelled_none_is_and_all_reasons_are_told(
    school: School,
) -> None:
    school.exam("81", exam_date="2026-06-02")
    good, gone = school.booked(), school.booked(exam_id="81")
    others = school.book(contact="102").json()["bookings"][0]["record_id"]
    assert 200 == school.cancel(gone).status_code

    answer = school.cancel(good, gone, others, "999")

    assert (409, "already-cancelled") == kind(answer)
    found = ["already-cancelled", "somebody-elses-booking", "booking-not-found"]
    assert found == faults(answer)
    assert [gone, others, "999"] == [fault["record_id"] for fault in answer.json()["faults"]]
    assert (1, 5, 1) == school.state()


@pytest.mark.parametrize(
    ("contact", "expected"),
    [("102", (403, "somebody-elses-booking")), ("999", (404, "contact-not-found"))],
)
def test_only_its_own_contact_cancels_a_booking(
    school: School, contact: str, expected: tuple[int, str]
) -> None:
    id_ = school.booked()

    assert expected == kind(school.post(f"/contacts/{contact}/bookings/{id_}/cancel", {}))
    assert (1, 4, 1) == school.state()


def test_a_contact_may_be_named_by_its_id_from_before_a_merge(school: School) -> None:
    id_ = school.booked()
    school.desk.crm.add_contact("105", {CS: 0}, student_id="S5")
    merged = school.desk.crm.merge(Kind.CONTACT, "101", "105")

    answer = school.post(f"/contacts/101/bookings/{id_}/cancel", {})

    assert (200, "done") == (answer.status_code, answer.json()["state"])
    assert merged == school.get("/contacts/101/balances").json()["contact_id"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Completed", (409, "booking-completed")), ("Somehow", (409, "needs-a-person"))],
)
def test_a_booking_that_is_not_active_is_not_cancelled(
    school: School, status: str, expected: tuple[int, str]
) -> None:
    school.desk.crm.add_booking(
        "900", contact="101", exam="80", token="Clinical Skills Token", status=status
    )

    assert expected == kind(school.cancel("900"))


def test_one_that_is_cancelled_and_whose_credit_hubspot_refuses_is_not_told_as_undone(
    school: School,
) -> None:
    id_ = school.booked()
    school.desk.crm.sending = refusing(Kind.CONTACT)

    answer = school.cancel(id_, key="once")

    (told,) = answer.json()["bookings"]
    assert (200, "partly_done", "failed") == (
        answer.status_code, answer.json()["state"], told["state"],
    )  # fmt: skip
    assert "refused" in told["why"]
    assert (1, 3, 0) == school.state()


def test_of_a_booking_whose_credit_cannot_go_back_a_person_must_know(school: School) -> None:
    def only_the_first(request: Request) -> Fault:
        """The credit is taken; then neither the booking nor its return is let through."""
        if request.changes and request.kind is Kind.BOOKING:
            school.desk.crm.sending = refusing(Kind.CONTACT)
            return Fault.REFUSED
        return Fault.NONE

    school.desk.crm.sending = only_the_first

    answer = school.book()

    assert (202, "undecided") == (answer.status_code, answer.json()["state"])
    assert "its credit is still taken" in answer.json()["bookings"][0]["why"]


def refusing(kind: Kind) -> Callable[[Request], Fault]:
    """HubSpot refuses every change of such records."""
    return lambda r: Fault.REFUSED if r.changes and r.kind is kind else Fault.NONE


# what becomes of it


def test_what_has_not_ended_in_time_is_accepted_with_where_to_ask(school: School) -> None:
    school.engine.idle = True

    answer = school.book()
    before = school.get(answer.headers["location"].removeprefix("/api/v1"))
    school.carry_all()
    after = school.get(answer.headers["location"].removeprefix("/api/v1"))

    assert (202, "under_way") == (answer.status_code, answer.json()["state"])
    assert "1" == answer.headers["retry-after"]
    assert ("under_way", None) == (before.json()["state"], before.json()["ended_at"])
    assert ("done", 1) == (after.json()["state"], after.json()["bookings"][0]["after"])


def test_an_operation_is_seen_by_its_own_client_alone(school: School) -> None:
    id_ = school.book().json()["operation_id"]
    _, again = school.new_key(Scope.CANCEL)
    _, other = school.new_key(*Scope, client="other-app")

    def seen(key: str, operation: str = id_) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return school.get(f"/operations/{operation}", headers=headers).status_code

    assert (200, 404, 404) == (seen(again), seen(other), seen(school.text, "nothing"))


def test_an_operation_of_a_person_is_nobody_elses(school: School) -> None:
    school.desk.booked("500", "101")
    operation = school.desk.confirm("500")

    assert (404, "operation-not-found") == kind(school.get(f"/operations/{operation.id}"))


def test_what_a_withdrawn_key_had_confirmed_does_not_begin(school: School) -> None:
    school.engine.idle = True
    id_ = school.book().json()["operation_id"]
    school.core.api_keys.withdraw(school.key.id, ADMIN)

    school.carry_all()

    operation = school.desk.journal.operation(id_)
    assert OperationState.CALLED_OFF is operation.state
    assert (2, 3, 0) == school.state()
