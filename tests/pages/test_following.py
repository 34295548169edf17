from __future__ import annotations

from dataclasses import replace

import pytest

from core.credits.roles import NotAllowed, Role
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from pages.shared import kinds
from pages.shared.places import BATCH_CANCELLATION, OPERATIONS
from tests.pages import scenes
from tests.pages.acts import figures, press, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, ADMIN, Stage, confirmed


@pytest.fixture
def operation_id(made: Stage) -> str:
    return confirmed(made, kind=OperationKind.CANCEL)


def test_a_held_operation_counts_down(open_page: Open, made: Stage, operation_id: str) -> None:
    at = open_page(BATCH_CANCELLATION, operation=operation_id)
    assert "begin in 10 s" in said(at)

    made.clock.pass_(seconds=7)

    assert "begin in 3 s" in said(at.run())


def test_a_plan_s_address_shows_its_operation_once_confirmed(
    open_page: Open, operation_id: str
) -> None:
    assert "begin in 10 s" in said(open_page(BATCH_CANCELLATION, plan=operation_id))


def test_calling_off_ends_it_before_anything_was_changed(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    press(at, "call_off")

    assert OperationState.CALLED_OFF is made.journal.operation(operation_id).state
    assert "Withdrawn before it started. Nothing was changed." in said(at)
    assert "retry" not in [button.key for button in at.button]


def test_too_late_to_call_off_is_told_and_stopping_is_on_offer(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=operation_id)
    running(made, operation_id)

    press(at, "call_off")

    assert "This operation changed since you opened the page" in said(at)
    assert "stop" in [button.key for button in at.button]


def running(made: Stage, operation_id: str) -> None:
    """As a worker leaves it between two groups."""
    made.journal.move(operation_id, OperationState.RUNNING, at=made.clock(), actor=ADMIN)


def test_a_running_operation_shows_how_far_it_is(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    running(made, operation_id)

    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    total = made.journal.progress(operation_id).planned
    assert f"0 of {total} bookings" in said(at)
    assert f"{total} bookings" == figures(at)["Remaining"]
    assert "kept; the rest can be resumed later" in said(at)


def test_what_it_waits_for_is_told(open_page: Open, made: Stage, operation_id: str) -> None:
    running(made, operation_id)
    run, _ = made.journal.begin_run(operation_id, at=made.clock())
    made.journal.note_waiting(run, "HubSpot: no connection")

    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    assert "Waiting: HubSpot: no connection" in said(at)
    assert "continues by itself" in said(at)


def test_stopping_lets_the_group_in_hand_finish(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    running(made, operation_id)
    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    press(at, "stop")
    assert "Stopping: " in said(at)
    assert "stop" not in [button.key for button in at.button]

    made.carry(operation_id)
    assert "Stopped" in said(at.run())
    assert "Completed bookings are kept." in said(at)


def test_the_page_shows_the_result_when_it_has_ended(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    at = open_page(BATCH_CANCELLATION, operation=operation_id)
    made.carry(operation_id)

    at.run()

    progress = made.journal.progress(operation_id)
    told = f"{progress.planned} of {progress.total} bookings cancelled"
    assert told in said(at)


def test_a_held_correction_is_told_as_what_it_is(open_page: Open, made: Stage) -> None:
    refund = scenes.written_over(made)
    plan = made.core.corrections.preview(refund, ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="they spent it")

    assert "1 correction begins in 10 s" in said(open_page(OPERATIONS, operation=plan.id))


@pytest.mark.parametrize("kind", list(OperationKind))
def test_every_kind_has_words_that_stand_in_a_sentence(kind: OperationKind) -> None:
    said_of = kinds.SAID[kind]

    assert all([said_of.row, said_of.begins, said_of.begin, said_of.done])
    assert said_of.begins != said_of.begin


def test_a_manager_who_looks_on_reads_who_may_call_it_off_or_stop_it(
    open_page: Open, made: Stage, operation_id: str
) -> None:
    with seen_by(made, Role.MANAGER):
        at = open_page(OPERATIONS, operation=operation_id)
        assert "Until it starts, an admin can withdraw it here." in said(at)
        assert "call_off" not in {button.key for button in at.button}

        running(made, operation_id)
        at.run()

    assert "An admin can stop it here." in said(at)
    assert "stop" not in {button.key for button in at.button}


def test_a_manager_is_refused_by_the_name_of_what_it_would_be(
    made: Stage, operation_id: str
) -> None:
    manager = replace(ACTOR, role=Role.MANAGER)

    for act in (made.core.operation_commands.call_off, made.core.operation_commands.stop):
        with pytest.raises(NotAllowed, match="may not cancel or refund bookings in bulk"):
            act(operation_id, manager)
