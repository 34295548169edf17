"""Attended bookings and past exams on the pages: blocked, and included on purpose by an admin."""

from __future__ import annotations

import pytest

from core.credits.records import ExamId, Kind
from core.operations.choosing.select import ByExam
from core.operations.plans import Plan
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict, Why
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, CONTACTS, OPERATIONS
from tests.pages.acts import choose, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

EXAM = ExamId("71000000001")


@pytest.fixture
def attended(made: Stage) -> Plan:
    """A cancellation of one exam, one booking of which was attended."""
    ids = made.core.booking_finder.bookings(ByExam(ids=(EXAM,)))
    first = made.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=(EXAM,)), ACTOR)
    made.crm.foreign_write(Kind.BOOKING, first.will_change[0].booking_id, {"attendance": "Yes"})
    assert ids.ids
    return made.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=(EXAM,)), ACTOR)


def test_a_blocked_attended_booking_is_included_by_a_button_and_excluded_again(
    open_page: Open, made: Stage, attended: Plan
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=attended.id)
    assert "Blocked unless you include them on purpose" in said(at)

    press(at, "include_attended")

    included = made.journal.plan(at.query_params["plan"])
    assert {Inclusion.ATTENDED} == included.include
    assert len(attended.will_change) + 1 == len(included.will_change)
    assert "Includes attended bookings on purpose" in said(at)

    press(at, "exclude")

    again = made.journal.plan(at.query_params["plan"])
    assert len(attended.will_change) == len(again.will_change)


def test_reading_again_keeps_what_was_included(
    open_page: Open, made: Stage, attended: Plan
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=attended.id)
    press(at, "include_attended")
    press(at, "again")

    assert {Inclusion.ATTENDED} == made.journal.plan(at.query_params["plan"]).include


def test_the_operation_says_what_was_included(open_page: Open, made: Stage, attended: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=attended.id)
    press(at, "include_attended")
    plan = at.query_params["plan"]
    confirmed = made.core.operation_commands.confirm(plan, ACTOR, reason="the examiner never came")

    shown = open_page(OPERATIONS, operation=confirmed.id)

    assert "Includes attended bookings on purpose" in said(shown)


def test_a_plan_in_which_nothing_can_be_included_offers_nothing(
    open_page: Open, made: Stage
) -> None:
    plan = made.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=(EXAM,)), ACTOR)
    assert not [row for row in plan.rows if row.why in {Why.ATTENDED, Why.EXAM_PAST}]

    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert [] == [b for b in at.button if str(b.key or "").startswith("include")]


def test_an_unclear_mark_is_named_with_what_is_owed_and_on_the_students_page(
    open_page: Open, made: Stage
) -> None:
    owed = made.core.owed_credits.owed(ACTOR)[0]
    made.crm.foreign_write(Kind.BOOKING, owed.booking.id, {"token_refunded": "Yes"})

    at = open_page(BULK_REFUND, by="Owed")
    frames = [f.value for f in at.dataframe if "Unclear" in f.value.columns]
    assert any(
        "Token_refunded is 'Yes'" in t or "token_refunded is 'Yes'" in t
        for frame in frames
        for t in frame["Unclear"]
    )

    page = open_page(CONTACTS, id=str(owed.contact_id))
    assert "Not clear whether a credit is owed" in said(page)
    assert "token_refunded is 'Yes'" in said(page)


def test_the_verdicts_of_the_preview_can_be_narrowed_to_what_is_blocked(
    open_page: Open, attended: Plan
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=attended.id)
    choose(at, f"show_{attended.id}", [Verdict.BLOCKED])

    assert "include_attended" in {str(b.key) for b in at.button}
