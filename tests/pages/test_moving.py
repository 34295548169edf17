"""Moving bookings on the screen: a page for many, the student's page for one."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import TOTAL_BOOKINGS, BookingId, BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Role
from core.operations.choosing.select import ByExam
from core.operations.kinds.move import MOVE
from core.operations.states import ItemState
from pages.shared.places import CONTACTS, EXAMS, MOVE_BOOKINGS
from pages.shared.students.contact import address
from tests.pages.acts import choose, figures, frame_with, go, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage, mirrored

#: Two sessions of one type, with 12 of 60 seats left in each.
HERE, THERE = "71000000001", "71000000005"
WORDS = "Clinical Skills, 19 May 2026, Toronto"


@pytest.fixture(autouse=True)
def _copied(made: Stage) -> None:
    mirrored(made)


def seats(made: Stage) -> tuple[int, int]:
    here, there = (made.crm.balance(Kind.EXAM, id_, TOTAL_BOOKINGS) for id_ in (HERE, THERE))
    return here, there


def offered(at: AppTest, key: str = "move_to") -> list[str]:
    return list(at.selectbox(key=key).options)


def picked(open_page: Open) -> AppTest:
    """The page with the exam and the one to move to chosen."""
    at = open_page(MOVE_BOOKINGS)
    rows = list(grid(at, "move_exams_grid")["Type"])
    tick(at, "move_exams_grid", [rows.index("Clinical Skills")])
    return choose(at, "move_to", THERE)


def test_nothing_is_previewed_before_an_exam_to_move_to_is_chosen(open_page: Open) -> None:
    at = tick(open_page(MOVE_BOOKINGS), "move_exams_grid", [0])

    assert at.button(key="preview").disabled
    assert "Choose the exam to move to" == at.button(key="preview").help
    assert "19 May, 13:30 · Clinical Skills, Toronto · 12 left" in offered(at)
    assert "The credit that each spent is kept" in said(at)


def test_exams_that_are_full_closed_or_begun_are_not_offered(open_page: Open, made: Stage) -> None:
    made.crm.foreign_write(Kind.EXAM, THERE, {"is_active": "false"})
    made.crm.foreign_write(Kind.EXAM, "71000000009", {TOTAL_BOOKINGS: 60})
    mirrored(made)

    types = [each for each in offered(open_page(MOVE_BOOKINGS)) if "Clinical Skills" in each]

    assert 1 == len(types)
    assert "11 May, 13:30" in types[0]


def test_from_choice_over_preview_to_result(open_page: Open, made: Stage) -> None:
    at = press(picked(open_page), "preview")
    plan = made.journal.plan(at.query_params["plan"])
    n = len(plan.will_change)
    assert (THERE, True) == (plan.to_exam, 0 < n <= 12)
    assert f"to {WORDS}" in said(at)
    assert {"To move": f"{n} bookings", "Students": str(n)} == figures(at)
    assert "becomes Clinical Skills-" in str(list(frame_with(at, "Verdict")["Why"]))

    choose(at, f"reason_{plan.id}", "the room is closed")
    press(at, "sure")
    made.carry(plan.id)
    at.run()

    assert f"{n} of {len(plan.rows)} bookings moved" in said(at)
    assert "credit" not in " ".join(figures(at)).casefold()
    assert (48 - n, 48 + n) == seats(made)
    done = made.journal.items(plan.id, states=[ItemState.DONE])
    assert f"Moved, now {done[0].new_name}" in str(list(frame_with(at, "State")["Why"]))


def test_rows_that_are_left_out_keep_the_exam_to_move_to(open_page: Open, made: Stage) -> None:
    at = press(picked(open_page), "preview")
    first = made.journal.plan(at.query_params["plan"])
    tick(at, "rows_", [0])
    press(at, "leave_out")

    again = made.journal.plan(at.query_params["plan"])
    assert (first.to_exam, first.selection) == (again.to_exam, again.selection)
    assert 1 == len(again.excluded)


def test_exams_page_leads_there_with_its_exam_picked(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=HERE), "move")

    assert "Move bookings" == at.title[0].value
    assert "1 exam selected: Clinical Skills, 11 May 2026" in said(at).replace("**", "")
    press(choose(go(at, MOVE_BOOKINGS), "move_to", THERE), "preview")
    plan = made.journal.plan(at.query_params["plan"])
    assert {HERE} == {row.exam_id for row in plan.rows}


# one student


def booked(made: Stage) -> tuple[str, str]:
    """A student with one active booking of that exam, and none on the other's day."""
    chosen = ByExam(ids=(ExamId(HERE),))
    plan = made.core.operation_planner.preview(MOVE.key, chosen, ACTOR, to=ExamId(THERE))
    row = plan.will_change[0]
    return str(row.contact_id), str(row.booking_id)


def shown(open_page: Open, made: Stage) -> tuple[AppTest, str, str]:
    """The student's page with that booking ticked."""
    student, booking = booked(made)
    at = open_page(CONTACTS, **{address.CONTACT: student})
    held = made.crm.bookings([BookingId(booking)])[BookingId(booking)]
    assert held is not None
    names = list(grid(at, "bookings_")["Booking id"])
    return tick(at, "bookings_", [names.index(held.booking_id)]), student, booking


@pytest.mark.parametrize("role", [Role.ADMIN, Role.STAFF])
def test_one_booking_moves_from_the_students_page(open_page: Open, made: Stage, role: Role) -> None:
    with seen_by(made, role):
        at, student, booking = shown(open_page, made)
        assert at.button(key="move_picked").disabled
        press(choose(at, "move_picked_to", THERE), "move_picked")
        assert "Move 1 booking? The credit is kept" in said(at)
        assert "becomes Clinical Skills-" in said(at)
        press(at, "doing_confirm")
        made.carry(at.query_params["plan"])
        at.run()

    assert "It is now Clinical Skills-" in said(at)
    assert "No credit moved." in said(at)
    now = made.crm.bookings([BookingId(booking)])[BookingId(booking)]
    assert now is not None
    assert ((THERE,), BookingStatus.ACTIVE) == (now.exam_ids, now.status)
    assert ContactId(student) == now.contact_id
    assert (47, 49) == seats(made)


def test_staff_may_not_open_the_page_for_many(open_page: Open, made: Stage) -> None:
    with seen_by(made, Role.STAFF):
        at = open_page(MOVE_BOOKINGS)

    assert "preview" not in {button.key for button in at.button}
