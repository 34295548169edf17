"""Another desk on the same account, as the page that confirms tells of it."""

from __future__ import annotations

import pytest

from core.audit.entries import Sought, What
from core.credits.records import ExamId
from core.operations.choosing.select import ByExam
from core.operations.desks.rules import Process
from core.operations.plans import Plan
from core.operations.verdicts import OperationKind
from pages.shared.places import BATCH_CANCELLATION
from tests.fakes.desks import FakeRegister
from tests.pages.acts import choose, press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage


@pytest.fixture
def register(made: Stage) -> FakeRegister:
    """With a laptop's desk in it."""
    return joined_by_a_laptop(made)


def joined_by_a_laptop(made: Stage) -> FakeRegister:
    found = FakeRegister(made.clock)
    laptop = Process(
        name="laptop-1", desk="bbbb", host="laptop", version="0.1.0", started_at=made.clock()
    )
    found.register(laptop)
    made.core.desks.register = found
    return found


@pytest.fixture
def plan(made: Stage) -> Plan:
    exams = (ExamId("71000000000"),)
    return made.core.operation_planner.preview(OperationKind.CANCEL, ByExam(ids=exams), ACTOR)


def test_another_desk_is_named_and_there_is_nothing_to_confirm_with(
    open_page: Open, plan: Plan, register: FakeRegister
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert "desk bbbb on laptop" in said(at)
    assert "sure" not in {button.key for button in at.button}
    assert at.button(key="takeover_sure").disabled


def test_an_admin_takes_over_with_a_reason_and_then_confirms(
    open_page: Open, plan: Plan, register: FakeRegister, made: Stage
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)
    choose(at, "takeover_why", "the laptop was a trial")

    at = press(at, "takeover_sure")

    assert "laptop" not in said(at)
    assert "sure" in {button.key for button in at.button}
    (link,) = made.journal.audit(Sought(what=(What.TAKEN_OVER,)))
    assert "the laptop was a trial" == link.entry.reason
    assert {"bbbb": made.core.desks.id()} == {
        entry.process.desk: entry.taken_over_by for entry in register.registered()
    }


def test_without_another_desk_nothing_is_said_of_one(open_page: Open, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert "Take over" not in said(at)
    assert "sure" in {button.key for button in at.button}
