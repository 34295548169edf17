"""Booking and cancelling on the contact page, in every state."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import TOTAL_BOOKINGS, BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Role
from pages.shared.places import CONTACTS
from tests.fakes.crm import Fault, Request
from tests.pages.acts import choose, go, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import Stage, mirrored

STUDENT, EXAM, SJ_EXAM = "52000009001", "71000009001", "71000009002"
NAME = "Clinical Skills-900100-August 1, 2026"


@pytest.fixture(autouse=True)
def _student(made: Stage) -> None:
    """One with two credits for an exam of her own day, and nothing else."""
    made.crm.add_contact(
        STUDENT,
        {"cs_credits": 2, "shared_mock_credits": 0},
        firstname="Rosa",
        lastname="Kaya",
        student_id="900100",
    )
    for id_, mock_type, day in (
        (EXAM, "Clinical Skills", "2026-08-01"),
        (SJ_EXAM, "Situational Judgment", "2026-08-02"),
    ):
        made.crm.add_exam(
            id_,
            4,
            mock_type=mock_type,
            exam_date=day,
            start_time="09:00",
            location="Calgary",
            capacity="5",
        )
    mirrored(made)


def opened(open_page: Open, id_: str = STUDENT) -> AppTest:
    return open_page(CONTACTS, id=id_)


def previewed(open_page: Open) -> AppTest:
    at = choose(opened(open_page), "book_exam", EXAM)
    choose(at, "book_hand", "Left")
    return press(at, "book_check")


def buttons(at: AppTest) -> set[str]:
    return {str(button.key) for button in at.button}


def credits_and_seats(made: Stage) -> tuple[int, int]:
    return (
        made.crm.balance(Kind.CONTACT, STUDENT, "cs_credits"),
        made.crm.balance(Kind.EXAM, EXAM, TOTAL_BOOKINGS),
    )


def test_only_exams_that_the_student_can_pay_for_are_offered(open_page: Open) -> None:
    offered = opened(open_page).selectbox(key="book_exam").options

    assert any("1 Aug, 09:00 · Clinical Skills, Calgary · 1 left" in o for o in offered)
    assert not any("Situational Judgment" in option for option in offered)


def test_what_it_spends_and_what_remains_stands_before_the_button(open_page: Open) -> None:
    at = choose(opened(open_page), "book_exam", EXAM)

    assert "Spends **1 Clinical Skills** credit: **2 → 1**" in said(at)
    assert at.button(key="book_check").disabled
    assert not choose(at, "book_hand", "Left").button(key="book_check").disabled


def test_opening_and_choosing_asks_hubspot_nothing_more(open_page: Open, made: Stage) -> None:
    at = opened(open_page)
    before = made.crm.usage()["total"]

    choose(at, "book_exam", EXAM)

    assert before == made.crm.usage()["total"]


def test_from_choice_over_preview_to_result_and_back(open_page: Open, made: Stage) -> None:
    at = previewed(open_page)
    assert "Book this seat?" in said(at)
    assert f"{NAME} · dominant hand left · Clinical Skills credit **2 → 1**" in said(at)
    assert (2, 4) == credits_and_seats(made)

    press(at, "doing_confirm")
    assert "Booking in HubSpot" in said(at)
    made.carry(at.query_params["plan"])
    at.run()

    assert f"{NAME}. Clinical Skills credit 2 → 1." in said(at)
    assert (1, 5) == credits_and_seats(made)
    press(at, "doing_back")
    assert "plan" not in at.query_params
    assert [NAME] == list(grid(at, "bookings_")["Booking id"])


def test_the_address_alone_brings_preview_and_result_back(open_page: Open, made: Stage) -> None:
    at = previewed(open_page)
    plan = at.query_params["plan"]
    again = open_page(CONTACTS, id=STUDENT, plan=plan)
    assert "Book this seat?" in said(again)
    press(again, "doing_confirm")
    made.carry(plan)

    assert f"{NAME}. Clinical Skills credit 2 → 1." in said(
        open_page(CONTACTS, id=STUDENT, plan=plan)
    )


def test_a_seat_taken_since_the_list_was_made_is_said_with_the_reason(
    open_page: Open, made: Stage
) -> None:
    at = choose(opened(open_page), "book_exam", EXAM)
    choose(at, "book_hand", "Right")
    made.crm.foreign_write(Kind.EXAM, EXAM, {"total_bookings": 5})

    press(at, "book_check")

    assert "This cannot be booked" in said(at)
    assert "All seats of the exam are taken: 5 seats" in said(at)
    assert "doing_confirm" not in buttons(at)


def test_a_booking_that_hubspot_refuses_says_that_nothing_was_taken(
    open_page: Open, made: Stage
) -> None:
    at = press(previewed(open_page), "doing_confirm")

    def refuse(request: Request) -> Fault:
        return Fault.REFUSED if request.changes and request.kind is Kind.BOOKING else Fault.NONE

    made.crm.sending = refuse
    made.carry(at.query_params["plan"])
    at.run()

    assert "Not booked: failed" in said(at)
    assert "no credit and no seat was taken" in said(at)
    assert (2, 4) == credits_and_seats(made)


def test_a_student_without_credits_reads_why_there_is_nothing_to_choose(
    open_page: Open, made: Stage
) -> None:
    made.crm.foreign_write(Kind.CONTACT, STUDENT, {"cs_credits": 0})

    at = opened(open_page)

    assert "no credit left" in said(at)
    assert "An admin can book without one" in said(at)


def test_a_student_without_an_id_cannot_be_booked(open_page: Open, made: Stage) -> None:
    made.crm.add_contact("52000009002", {"cs_credits": 1}, lastname="Nobody")

    assert "This student has no student id in HubSpot" in said(opened(open_page, "52000009002"))


def test_an_admin_books_without_a_credit(open_page: Open, made: Stage) -> None:
    at = choose(opened(open_page), "book_free", True)
    choose(at, "book_exam", SJ_EXAM)
    assert "Spends **no credit**" in said(at)

    press(at, "book_check")
    assert "Book without a credit" == at.button(key="doing_confirm").label
    press(at, "doing_confirm")
    made.carry(at.query_params["plan"])

    (booking,) = made.crm.bookings_of(ContactId(STUDENT))
    assert ("Admin Override", "Calgary", (ExamId(SJ_EXAM),)) == (
        booking.token,
        booking.attending_location,
        booking.exam_ids,
    )


def test_staff_book_with_a_credit_alone(open_page: Open, made: Stage) -> None:
    with seen_by(made, Role.STAFF):
        at = opened(open_page)
        assert not [toggle for toggle in at.toggle if toggle.key == "book_free"]
        choose(at, "book_exam", EXAM)
        choose(at, "book_hand", "Left")
        press(at, "book_check")
        press(at, "doing_confirm")
    made.carry(at.query_params["plan"])

    assert (1, 5) == credits_and_seats(made)


def test_managers_see_neither_booking_nor_cancelling(open_page: Open, made: Stage) -> None:
    with seen_by(made, Role.MANAGER):
        at = opened(open_page)

    assert not [box for box in at.selectbox if box.key == "book_exam"]
    assert "Select bookings to cancel them" not in said(at)


def test_staff_cancel_what_they_ticked_and_see_what_comes_back(
    open_page: Open, made: Stage
) -> None:
    made.crm.add_booking(
        "88000009001",
        contact=STUDENT,
        exam=EXAM,
        token="Clinical Skills Token",
        booking_id=NAME,
    )
    with seen_by(made, Role.STAFF):
        at = tick(opened(open_page), "bookings_", [0])
        press(at, "cancel_picked")
        assert "Cancel 1 booking? Comes back: 1 Clinical Skills" in said(at)
        assert "Clinical Skills credit **2 → 3**" in said(at)
        press(at, "doing_confirm")
        made.carry(at.query_params["plan"])
        at.run()

    assert f"{NAME}. Clinical Skills credit 2 → 3." in said(at)
    (booking,) = made.crm.bookings_of(ContactId(STUDENT))
    assert (BookingStatus.CANCELLED, True) == (booking.status, booking.refunded)
    assert (3, 3) == credits_and_seats(made)
    with seen_by(made, Role.STAFF):
        press(at, "again")
    assert ["✕ Cancelled"] == list(grid(at, "bookings_")["Status"][0])
    assert "cancel_picked" not in {button.key for button in at.button}, "nothing is ticked now"


def test_the_preview_of_another_student_is_not_confirmed_here(open_page: Open) -> None:
    at = previewed(open_page)
    plan = at.query_params["plan"]

    go(at, CONTACTS, id="52000000003", plan=plan)

    assert "This preview is not of this student" in said(at)
    assert "doing_confirm" not in buttons(at)
