from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.errors import AppTestError

from core.credits.records import ExamId
from core.operations.choosing.select import ByExam, ByReference
from core.operations.plans import Plan
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from pages.shared.operations import confirming
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND
from tests.pages.acts import choose, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage


@pytest.fixture
def plan(made: Stage) -> Plan:
    """More than twenty cancellations, so that the number must be typed."""
    exams = tuple(ExamId(f"7100000000{n}") for n in range(2))
    return made.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=exams), ACTOR)


def filled(at: AppTest, plan: Plan, *, typed: str | None = None) -> AppTest:
    choose(at, f"reason_{plan.id}", "Venue closed")
    return choose(at, f"typed_{plan.id}", typed or str(len(plan.will_change)))


def test_the_button_says_what_it_will_do(plan: Plan, made: Stage) -> None:
    back = sum(plan.credits.values())
    assert f"Cancel {len(plan.will_change)} bookings and give back {back} credits" == (
        confirming.act(plan)
    )

    owed = made.core.operation_planner.preview(
        OperationKind.REFUND, ByExam(ids=(ExamId("71000000000"),)), ACTOR
    )
    back = sum(owed.credits.values())
    assert f"Give back {back} credits to {owed.contacts} students" == confirming.act(owed)


def test_no_reason_no_button(open_page: Open, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)
    choose(at, f"typed_{plan.id}", str(len(plan.will_change)))

    with pytest.raises(AppTestError):
        at.button(key="sure").click()
    assert "Give a reason first." in said(at)


@pytest.mark.parametrize("typed", ["", "1", "many", "-3", "९"])
def test_the_wrong_number_keeps_the_button_shut(open_page: Open, plan: Plan, typed: str) -> None:
    at = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan, typed=typed or " ")

    with pytest.raises(AppTestError):
        at.button(key="sure").click()


def test_twenty_bookings_need_no_number(open_page: Open, made: Stage, plan: Plan) -> None:
    few = ByReference(references=tuple(row.booking_id for row in plan.will_change[:20]))
    small = made.core.operation_planner.preview(OperationKind.CANCEL, few, ACTOR)
    at = open_page(BATCH_CANCELLATION, plan=small.id)

    choose(at, f"reason_{small.id}", "Venue closed")
    press(at, "sure")

    assert "Venue closed" == made.journal.operation(small.id).reason


def test_a_confirmed_plan_is_held_and_its_address_is_the_operation_s(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)

    press(at, "sure")

    assert {"operation": plan.id} == dict(at.query_params)
    assert OperationState.HELD is made.journal.operation(plan.id).state
    assert [plan.id] == made.engine.submitted
    assert "Nothing has been changed yet" in said(at)


def test_two_tabs_confirming_one_plan_make_one_operation(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    first = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)
    second = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)

    press(first, "sure")
    press(second, "sure")

    assert 1 == len(made.journal.operations())
    assert len(plan.will_change) == made.journal.progress(plan.id).planned
    assert len(plan.rows) == made.journal.progress(plan.id).total
    assert "begin in" in said(second)


def test_a_second_click_shows_the_operation_again(open_page: Open, made: Stage, plan: Plan) -> None:
    at = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)
    press(at, "sure")

    at.query_params["plan"] = plan.id  # as a resent form would
    at.run()

    assert "begin in" in said(at)
    assert 1 == len(made.journal.operations())


def test_a_preview_that_grew_too_old_meanwhile_is_refused_with_all_that_is_wrong(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)
    made.clock.pass_(hours=2)

    press(at, "sure")

    assert not made.journal.operations()
    assert "too old to confirm" in said(at)


def test_a_role_taken_away_meanwhile_confirms_nothing(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = filled(open_page(BATCH_CANCELLATION, plan=plan.id), plan)
    object.__setattr__(made.core.access, "admins", frozenset())

    press(at, "sure")

    assert not made.journal.operations()
    assert "Batch cancellation is not open to you" == at.title[0].value


def test_a_refund_s_page_confirms_a_refund(open_page: Open, made: Stage) -> None:
    owed = made.core.operation_planner.preview(
        OperationKind.REFUND, ByExam(ids=(ExamId("71000000000"),)), ACTOR
    )
    at = open_page(BULK_REFUND, plan=owed.id)

    choose(at, f"reason_{owed.id}", "Goodwill")
    press(at, "sure")

    assert OperationKind.REFUND is made.journal.operation(owed.id).kind
