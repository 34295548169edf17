"""What the asker, another admin and a manager see of an operation that waits for a second admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.errors import AppTestError

from core.app import wiring
from core.credits.records import ExamId, Kind
from core.credits.roles import Role
from core.operations.approval_rules import SecondAdmin
from core.operations.choosing.select import ByExam
from core.operations.plans import Plan
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, OPERATIONS
from tests.pages.acts import choose, frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, ADMIN, Stage, confirmed, fill, stage
from tests.pages.test_other_desks import joined_by_a_laptop

BEN, MIA = "ben@example.test", "mia@example.test"
S = OperationState


@pytest.fixture
def made() -> Iterator[Stage]:
    """More than three bookings need a second admin, and there is one."""
    made = stage(second=SecondAdmin(above_bookings=3))
    fill(made, contacts=40, exams=6)
    for email, role in ((BEN, Role.ADMIN), (MIA, Role.MANAGER)):
        made.core.access.grant(email, role, ACTOR)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def plan(made: Stage) -> Plan:
    exam = ByExam(ids=(ExamId("71000000000"),))
    return made.core.operation_planner.preview(OperationKind.REFUND, exam, ACTOR)


@pytest.fixture
def asked(made: Stage) -> str:
    return confirmed(made, kind=OperationKind.REFUND)


def by(email: str) -> dict[str, Any]:
    return {"is_logged_in": True, "email": email}


def buttons(at: AppTest) -> set[str]:
    return {str(button.key) for button in at.button}


def state(made: Stage, operation_id: str) -> OperationState:
    return made.journal.operation(operation_id).state


def test_before_the_click_it_says_that_another_admin_has_to_approve(
    open_page: Open, plan: Plan
) -> None:
    at = open_page(BULK_REFUND, plan=plan.id)

    assert "Another admin must approve this before it starts" in said(at)
    assert "more than 3 bookings: ben@example.test" in said(at)
    assert at.button(key="sure").label.startswith("Ask for approval: give back ")


def test_after_the_click_it_waits_and_tells_the_asker_whom_to_ask(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = open_page(BULK_REFUND, plan=plan.id)
    choose(at, f"reason_{plan.id}", "Venue closed")

    press(at, "sure")

    assert S.AWAITING is state(made, plan.id)
    assert "Awaiting a second admin" in said(at)
    assert "Send this to ben@example.test" in said(at)
    assert f"?operation={plan.id}" in at.code[0].value
    assert {"approve", "refuse"} & buttons(at) == set()
    assert len(plan.rows) == len(frame_with(at, "Verdict", "Balance"))


def test_another_admin_sees_the_plan_read_again_and_approves_it(
    open_page: Open, made: Stage, asked: str
) -> None:
    row = next(r for r in made.journal.plan(asked).will_change if r.before)
    assert row.credit is not None
    # spent meanwhile: a credit that somebody gave could be the one that is owed
    made.crm.foreign_write(Kind.CONTACT, str(row.contact_id), {row.credit: 0})
    at = open_page(OPERATIONS, who=by(BEN), operation=asked)
    shown = frame_with(at, "Verdict", "Balance")
    assert "0 → 1" in set(shown[shown["Booking"] == row.booking_name]["Balance"])

    press(at, "approve")

    operation = made.journal.operation(asked)
    assert (S.HELD, BEN) == (operation.state, operation.approved_by)
    assert "begin in 10 s" in said(at)
    assert "Approved by ben@example.test" in said(at)


def test_an_admin_made_after_the_request_is_told_why_they_cannot_approve(
    open_page: Open, made: Stage, asked: str
) -> None:
    made.clock.pass_(minutes=1)
    made.core.access.grant("eve@example.test", Role.ADMIN, ACTOR)

    at = open_page(OPERATIONS, who=by("eve@example.test"), operation=asked)

    assert "You cannot approve this operation" in said(at)
    assert "eve@example.test became an admin after it was asked for" in said(at)
    assert {"approve", "refuse"} & buttons(at) == set()


def test_an_approval_is_not_offered_while_another_desk_runs(
    open_page: Open, made: Stage, asked: str
) -> None:
    joined_by_a_laptop(made)

    at = open_page(OPERATIONS, who=by(BEN), operation=asked)

    assert "desk bbbb on laptop" in said(at)
    assert "approve" not in buttons(at)
    assert {"takeover_sure", "refuse"} <= buttons(at)


def test_another_admin_refuses_with_a_reason_that_the_asker_reads(
    open_page: Open, made: Stage, asked: str
) -> None:
    at = open_page(BULK_REFUND, who=by(BEN), operation=asked)
    with pytest.raises(AppTestError):
        at.button(key="refuse").click()
    choose(at, f"refuse_why_{asked}", "Wrong exam")

    press(at, "refuse")

    assert S.CALLED_OFF is state(made, asked)
    told = said(open_page(BULK_REFUND, operation=asked))
    assert "Nothing was changed. By ben@example.test: refused: Wrong exam." in told


def test_what_no_longer_matches_has_no_approve_but_a_way_to_a_new_preview(
    open_page: Open, made: Stage, asked: str
) -> None:
    row = made.journal.plan(asked).will_change[0]
    made.crm.foreign_write(Kind.BOOKING, row.booking_id, {"token_refunded": "true"})

    at = open_page(BULK_REFUND, who=by(BEN), operation=asked)

    assert "1 booking can no longer be done as requested" in said(at)
    assert "now already refunded" in said(at)
    assert "approve" not in buttons(at)
    press(at, "renew")
    assert S.CALLED_OFF is state(made, asked)
    assert BEN == made.journal.plan(at.query_params["plan"]).made_by
    assert "Another admin must approve this before it starts" in said(at)


def test_an_approval_that_comes_too_late_changes_nothing_and_says_what_differs(
    open_page: Open, made: Stage, asked: str
) -> None:
    at = open_page(BULK_REFUND, who=by(BEN), operation=asked)
    row = made.journal.plan(asked).will_change[0]
    made.crm.foreign_write(Kind.BOOKING, row.booking_id, {"token_refunded": "true"})

    press(at, "approve")

    assert "Not approved" in said(at)
    assert "now already refunded" in said(at)
    assert "It is still pending; nothing was changed." in said(at)
    assert S.AWAITING is state(made, asked)


def test_the_asker_calls_it_off_and_previews_the_same_again(
    open_page: Open, made: Stage, asked: str
) -> None:
    at = open_page(BULK_REFUND, operation=asked)

    press(at, "call_off")
    assert S.CALLED_OFF is state(made, asked)

    press(at, "renew")
    assert ADMIN == made.journal.plan(at.query_params["plan"]).made_by


def test_a_manager_sees_who_can_decide_and_no_button(open_page: Open, asked: str) -> None:
    at = open_page(OPERATIONS, who=by(MIA), operation=asked)

    assert "ben@example.test can approve or refuse it here." in said(at)
    assert {"approve", "refuse", "call_off", "renew"} & buttons(at) == set()


def test_a_role_taken_away_since_the_page_was_drawn_approves_nothing(
    open_page: Open, made: Stage, asked: str
) -> None:
    at = open_page(BULK_REFUND, who=by(BEN), operation=asked)
    made.core.access.withdraw(BEN, ACTOR)

    press(at, "approve")

    assert S.AWAITING is state(made, asked)


def test_the_only_admin_is_told_before_the_click_and_refused_after(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    made.core.access.withdraw(BEN, ACTOR)
    at = open_page(BULK_REFUND, plan=plan.id)
    assert "you are the only admin" in said(at)
    choose(at, f"reason_{plan.id}", "Venue closed")

    press(at, "sure")

    assert "there is none. Make another one first" in said(at)
    assert [] == made.journal.operations()


@pytest.mark.usefixtures("asked")
def test_the_list_names_what_waits_and_narrows_to_it(open_page: Open) -> None:
    at = open_page(OPERATIONS, who=by(BEN))
    assert "1 operation awaits a second admin. You can approve or refuse it." in said(at)

    choose(at, "narrow", "Awaiting approval")

    assert [["Awaiting approval"]] == [list(cell) for cell in frame_with(at, "Reason")["State"]]
    assert "You can approve" not in said(open_page(OPERATIONS))


def test_the_page_moves_on_when_somebody_approved_it_elsewhere(
    open_page: Open, made: Stage, asked: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=asked)
    made.core.approvals.approve(asked, made.core.access.actor(BEN))

    assert "begin in 10 s" in said(at.run())
