"""The exams page, in every state that it can be in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import ExamId, Kind
from core.credits.roles import Role
from core.operations.choosing.select import exam_words
from core.operations.verdicts import OperationKind
from core.students.cancel_exam import ExamActReport
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, EXAMS, OPERATIONS, Place
from tests.fakes.crm import Fault
from tests.pages import lookup_scenes
from tests.pages.acts import choose, figures, frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage, mirrored

EXAM = "71000000002"


@pytest.fixture(autouse=True)
def _copied(made: Stage) -> None:
    mirrored(made)


def listed(at: AppTest) -> list[date]:
    return list(frame_with(at, "Seats")["Date"])


def state(made: Stage, id_: str = EXAM) -> str | None:
    return made.crm.truth.need(Kind.EXAM, id_).properties["is_active"]


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.button}


# the list


def test_sessions_stand_soonest_first_with_seats_and_what_is_owed(open_page: Open) -> None:
    at = open_page(EXAMS)

    frame = frame_with(at, "Seats")
    assert 12 == len(frame)
    assert listed(at) == sorted(listed(at))
    assert "48 of 60" == frame["Seats"][0]
    assert f"{frame['Owed'].sum()} credits without a refund mark" in said(at)


def test_listing_asks_hubspot_nothing(open_page: Open, made: Stage) -> None:
    before = made.crm.usage()["total"]
    open_page(EXAMS)

    assert before == made.crm.usage()["total"]


def test_the_address_narrows_the_list(open_page: Open) -> None:
    at = open_page(EXAMS, type="Mini-mock", until="2026-05-20")
    frame = frame_with(at, "Seats")

    assert {"Mini-mock"} == set(frame["Type"])
    assert max(listed(at)) <= date(2026, 5, 20)


def test_place_and_opening_narrow_it_too(open_page: Open, made: Stage) -> None:
    lookup_scenes.scheduled(made)
    at = choose(open_page(EXAMS), "state", "Scheduled")
    assert {"! Overdue", "◦ Scheduled"} == {cell[0] for cell in frame_with(at, "Seats")["State"]}

    place = frame_with(at, "Seats")["Place"][0]
    assert {place} == set(frame_with(choose(at, "place", place), "Seats")["Place"])


def test_nothing_that_fits_is_said(open_page: Open) -> None:
    assert "No session matches" in said(open_page(EXAMS, since="2031-01-01", until="2031-02-01"))


def test_without_the_mirror_the_list_comes_from_hubspot_uncounted(
    open_page: Open, made: Stage
) -> None:
    made.mirror.die()
    at = open_page(EXAMS)

    assert "Supabase is unreachable" in said(at)
    assert frame_with(at, "Seats")["Owed"].isna().all()


def test_a_session_opens_without_a_mouse(open_page: Open, made: Stage) -> None:
    at = open_page(EXAMS)
    box = next(box for box in at.selectbox if box.label == "Open a session")
    box.set_value(EXAM)
    at.run()

    assert EXAM == at.query_params["exam"]
    assert "13 May 2026, Calgary" in at.header[0].value
    assert "true" == state(made)


# one session


def test_a_session_stands_live_with_its_students(open_page: Open, made: Stage) -> None:
    at = open_page(EXAMS, exam=EXAM)
    frame = frame_with(at, "Paid with")

    assert "48 of 60" == figures(at)["Seats taken"]
    assert 48 == len(frame)
    assert "✓ Active" == frame["Status"][0][0]
    names = {contact.name for contact in made.crm.search_contacts("example.test", limit=100)}
    assert set(frame["Student"]) - {"no student"} <= names


def test_a_wrong_seat_count_is_said_with_both_numbers(open_page: Open, made: Stage) -> None:
    at = open_page(EXAMS, exam=EXAM)
    detailed = made.core.exam_sessions.session(ExamId(EXAM), ACTOR)

    assert detailed is not None
    assert detailed.session.counts is not None
    assert f"counts 48 taken seats, its bookings make {detailed.session.counts.seats}" in said(at)


@pytest.mark.parametrize("id_", ["999", "abc"])
def test_an_address_that_names_no_exam_is_explained(open_page: Open, id_: str) -> None:
    assert f"HubSpot has no exam {id_}" in said(open_page(EXAMS, exam=id_))


def test_hubspot_away_is_told_with_what_to_do(open_page: Open, made: Stage) -> None:
    made.crm.sending = lambda _: Fault.NOT_SENT

    assert "HubSpot cannot be reached" in said(open_page(EXAMS, exam=EXAM))


def test_a_session_is_closed_after_one_more_yes(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_inactive")
    assert "✓ Active → – Inactive" in said(at)
    assert "true" == state(made)

    press(at, "sure")

    assert "false" == state(made)
    assert "is now – Inactive" in said(at)
    assert "ask_active" in keys(at)


def test_leaving_it_changes_nothing(open_page: Open, made: Stage) -> None:
    at = press(press(open_page(EXAMS, exam=EXAM), "ask_inactive"), "leave_it")

    assert "true" == state(made)
    assert "sure" not in keys(at)


def test_a_session_is_scheduled_for_a_time_to_come(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_scheduled")
    choose(at, f"day_{EXAM}", date(2026, 5, 6))
    press(at, "sure")

    assert "scheduled" == state(made)
    assert "is now ◦ Scheduled for 6 May 2026" in said(at)


def test_a_time_that_has_passed_is_not_taken(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_scheduled")
    choose(at, f"day_{EXAM}", made.clock().date() - timedelta(days=1))

    assert "This time has passed" in said(at)
    assert at.button(key="sure").disabled


def test_what_hubspot_refuses_is_said(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_inactive")
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE
    press(at, "sure")

    assert "HubSpot did not change it" in said(at)
    assert "true" == state(made)


@pytest.mark.parametrize(
    ("key", "place", "kind"),
    [
        ("cancel", BATCH_CANCELLATION, OperationKind.CANCEL),
        ("refund", BULK_REFUND, OperationKind.REFUND),
    ],
)
def test_the_batches_open_with_the_exam_chosen(
    open_page: Open, made: Stage, key: str, place: Place, kind: OperationKind
) -> None:
    exam = "71000000001"
    at = press(open_page(EXAMS, exam=exam), key)

    assert place.title == at.title[0].value
    plan = made.journal.plan(at.query_params["plan"])
    assert (kind, {exam}) == (plan.kind, {row.exam_id for row in plan.rows})


def test_staff_look_at_a_session_and_change_nothing(open_page: Open, made: Stage) -> None:
    with seen_by(made, Role.STAFF):
        at = open_page(EXAMS, exam=EXAM)
        told, shown = said(at), keys(at)
        front = keys(open_page(EXAMS))

    assert "An admin can activate, deactivate or schedule" in told
    assert {"ask_active", "ask_inactive", "ask_scheduled", "cancel", "refund"}.isdisjoint(shown)
    assert "activate" not in front
    assert "due" in front


def test_an_admin_sets_a_wrong_seat_count_right(open_page: Open, made: Stage) -> None:
    made.clock.pass_(minutes=1)
    at = press(open_page(EXAMS, exam=EXAM), "recount")
    assert "The seat count is being set: Mini-mock, 13 May 2026, Calgary 48 →" in said(at)

    made.carry(made.engine.submitted[-1])
    press(at, "again")

    assert "its bookings make" not in said(at)
    assert "recount" not in keys(at)


def test_a_recount_stands_among_the_operations(open_page: Open, made: Stage) -> None:
    made.clock.pass_(minutes=1)
    operation = made.core.seat_recount.recount([ExamId(EXAM)], ACTOR)
    made.carry(operation.id)

    assert "Seat counts: Mini-mock" in said(open_page(OPERATIONS, operation=operation.id))


# scheduled activation


def test_what_is_due_is_shown_and_changes_nothing(open_page: Open, made: Stage) -> None:
    due, _ = lookup_scenes.scheduled(made)
    at = press(open_page(EXAMS), "due")

    assert "1 session due" in said(at)
    assert ["◦ Due"] == [cell[0] for cell in frame_with(at, "Why")["What"]]
    assert "scheduled" == state(made, due)


def test_an_admin_opens_what_is_due_and_the_run_is_kept(open_page: Open, made: Stage) -> None:
    due, later = lookup_scenes.scheduled(made)
    at = press(open_page(EXAMS), "activate")

    assert "1 session activated" in said(at)
    assert ("true", "scheduled") == (state(made, due), state(made, later))
    runs = frame_with(at, "Activated")
    assert [(1, 0)] == list(zip(runs["Activated"], runs["Failed"], strict=True))


def test_nothing_due_is_said(open_page: Open) -> None:
    assert "Nothing was due" in said(press(open_page(EXAMS), "activate"))


def test_what_could_not_be_opened_stands_first_with_why(open_page: Open, made: Stage) -> None:
    due, _ = lookup_scenes.scheduled(made)
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE
    at = press(open_page(EXAMS), "activate")

    frame = frame_with(at, "Why")
    assert "Not everything was activated" in said(at)
    assert ("✕ Failed", "HubSpot refused it") == (frame["What"][0][0], frame["Why"][0])
    (kept,) = frame_with(at, "Activated")["Sessions"]
    assert kept.startswith("✕ ")
    assert kept.endswith(": HubSpot refused it")
    assert "scheduled" == state(made, due)


# a cancelled exam


def cancelled(open_page: Open) -> AppTest:
    at = press(open_page(EXAMS, exam=EXAM), "ask_cancel_exam")
    choose(at, "reason_cancel", "the room is closed")
    return press(at, "sure_cancel")


def test_an_exam_is_cancelled_with_a_reason(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_cancel_exam")
    assert at.button(key="sure_cancel").disabled
    assert "true" == state(made)

    choose(at, "reason_cancel", "the room is closed")
    press(at, "sure_cancel")

    assert "false" == state(made)
    assert "is cancelled and closed for booking" in said(at)
    assert "This exam is cancelled" in said(at)
    assert f"It was cancelled by {ACTOR.email} on 4 May 2026: the room is closed" in said(at)
    assert {"ask_active", "ask_inactive", "ask_scheduled"}.isdisjoint(keys(at))
    assert {"cancel", "move", "ask_reopen_exam"} <= keys(at)


def test_the_list_says_which_exam_is_cancelled(open_page: Open) -> None:
    cancelled(open_page)

    states = [cell[0] for cell in frame_with(open_page(EXAMS), "Seats")["State"]]

    assert 1 == states.count("✕ Cancelled")


def test_a_cancelled_exam_that_is_open_in_hubspot_is_closed_again(
    open_page: Open, made: Stage
) -> None:
    at = cancelled(open_page)
    made.crm.foreign_write(Kind.EXAM, EXAM, {"is_active": "true"})
    press(at, "again")
    assert "yet not closed in HubSpot" in said(at)

    press(at, "close_again")

    assert "false" == state(made)
    assert "yet not closed in HubSpot" not in said(at)


def test_a_cancelled_exam_is_reopened_with_a_reason(open_page: Open, made: Stage) -> None:
    at = press(cancelled(open_page), "ask_reopen_exam")
    choose(at, "reason_reopen", "another room")
    press(at, "sure_cancel")

    assert "This exam is cancelled" not in said(at)
    assert "It is inactive until you activate it" in said(at)
    assert "false" == state(made)
    assert "ask_active" in keys(at)


def test_a_cancellation_that_hubspot_refuses_is_said(open_page: Open, made: Stage) -> None:
    at = press(open_page(EXAMS, exam=EXAM), "ask_cancel_exam")
    choose(at, "reason_cancel", "the room is closed")
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE
    press(at, "sure_cancel")

    assert "is cancelled at the desk, not in HubSpot" in said(at)
    assert "yet not closed in HubSpot" in said(at)


# with its bookings, as one act


def previewed(open_page: Open, choice: str) -> AppTest:
    at = press(open_page(EXAMS, exam=EXAM), "ask_cancel_exam")
    choose(at, "exam_bookings", choice)
    choose(at, "reason_cancel", "the room is closed")
    return press(at, "exam_act_preview")


def carried(made: Stage) -> ExamActReport:
    for _ in range(60):
        for task in made.journal.unended(at=made.clock()):
            again = made.core.carries[task.work](task.id)
            if again is not None and again > made.clock():
                made.clock.at = again
    report = made.core.whole_exam_cancellation.report(ExamId(EXAM), ACTOR)
    assert report is not None
    return report


def test_cancelling_an_exam_with_its_bookings_is_previewed_and_asks_for_the_number(
    open_page: Open, made: Stage
) -> None:
    at = previewed(open_page, "Cancel them, give credits back")

    number = made.core.whole_exam_cancellation.preview(
        ExamId(EXAM), ACTOR, to=None, keeps=False
    ).number
    assert number > 20
    assert (f"{number} bookings", "0 bookings") == (
        figures(at)["To cancel"], figures(at)["To move"],
    )  # fmt: skip
    assert "true" == state(made)
    assert at.button(key="exam_act_sure").disabled
    choose(at, "exam_act_typed", str(number))
    assert f"Close exam, cancel {number} bookings" == at.button(key="exam_act_sure").label

    press(at, "exam_act_sure")

    assert "is being cancelled; its report is below" in said(at)
    assert "In progress: closing the exam" in said(at)
    assert "exam_act_stop" in keys(at)


def test_the_report_says_what_became_of_everything(open_page: Open, made: Stage) -> None:
    at = previewed(open_page, "Cancel them, keep credits (forfeit)")
    number = int(at.button(key="exam_act_sure").label.split()[-2])
    left = figures(at)["Left as they are"]
    choose(at, "exam_act_typed", str(number))
    press(at, "exam_act_sure")
    report = carried(made)

    shown = open_page(EXAMS, exam=EXAM)

    assert report.cancel is not None
    assert number == report.cancel.done
    told = figures(shown)
    assert ("closed", "0 bookings", "kept", left) == (
        told["Exam"], told["Moved"], told["Credits"], told["Not done"],
    )  # fmt: skip
    assert "exam_act_stop" not in keys(shown)
    assert "false" == state(made)


def test_an_exam_is_not_offered_as_the_one_to_move_its_own_bookings_to(
    open_page: Open, made: Stage
) -> None:
    exam = made.core.exam_sessions.exam(ExamId(EXAM))
    assert exam is not None
    at = press(open_page(EXAMS, exam=EXAM), "ask_cancel_exam")
    choose(at, "exam_bookings", "Cancel them, give credits back")

    options = at.selectbox(key="exam_act_to").options

    assert options
    assert not [each for each in options if each.startswith(exam_words(exam))]


def test_an_act_is_stopped_and_its_exam_stays_cancelled(open_page: Open, made: Stage) -> None:
    at = previewed(open_page, "Cancel them, give credits back")
    choose(at, "exam_act_typed", at.button(key="exam_act_sure").label.split()[-2])
    press(at, "exam_act_sure")
    act = made.core.whole_exam_cancellation.report(ExamId(EXAM), ACTOR)
    assert act is not None
    made.core.whole_exam_cancellation.carry_out(act.act.id)

    press(open_page(EXAMS, exam=EXAM), "exam_act_stop")
    carried(made)

    shown = said(open_page(EXAMS, exam=EXAM))
    assert "Stopped. What is done is kept; the exam stays cancelled" in shown
    assert f"stopped by {ACTOR.email}" in shown


@pytest.mark.parametrize("typed", ["9" * 5_000, "²", "-1", "many", ""])
def test_what_is_no_number_of_bookings_cancels_nothing_and_says_what_to_type(
    open_page: Open, made: Stage, typed: str
) -> None:
    at = previewed(open_page, "Cancel them, give credits back")
    choose(at, "exam_act_typed", typed)

    assert at.button(key="exam_act_sure").disabled
    number = at.button(key="exam_act_sure").label.split()[-2]
    assert f"Type {number} to enable the button." in said(at)
    assert made.journal.last_exam_act(ExamId(EXAM)) is None
