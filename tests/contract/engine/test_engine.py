"""What the engine promises, kept by real processes that are killed."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime

import pytest

from core.domain.operations import OperationState
from core.gateways.engine import DbosEngine
from core.gateways.errors import UnknownId
from tests.contract.engine.conftest import Desk, eventually

pytestmark = pytest.mark.timeout(150)

ACTOR = "admin@example.test"


def submit(desk: Desk, operation_id: str) -> None:
    """As a command line call does that is no worker and exits at once."""
    DbosEngine(desk.journal, desk.url).submit(operation_id)


def test_what_was_submitted_with_no_worker_alive_is_carried_by_the_first_that_starts(
    desk: Desk,
) -> None:
    for id_ in ("one", "two", "three"):
        desk.confirm(id_)
        submit(desk, id_)

    desk.worker("late")

    eventually(lambda: desk.ended("one", "two", "three"))
    assert ["late"] == desk.told("ended", "one")


def test_a_running_worker_takes_an_operation_within_a_second_and_runs_it_once(desk: Desk) -> None:
    desk.worker("w")
    desk.confirm("first")
    eventually(lambda: desk.ended("first"))

    desk.confirm("op")
    for _ in range(3):
        submit(desk, "op")
    took_s = eventually(lambda: desk.ended("op"))
    submit(desk, "op")
    desk.confirm("last")
    eventually(lambda: desk.ended("last"))

    assert ["w"] == desk.told("carries", "op")
    assert took_s < 3  # half a second on an idle machine


def test_what_was_confirmed_but_never_submitted_is_carried_all_the_same(desk: Desk) -> None:
    """The caller died between the two."""
    desk.worker("w")
    desk.confirm("op")

    eventually(lambda: desk.ended("op"))


def test_another_worker_takes_over_what_a_killed_one_had_in_hand(desk: Desk) -> None:
    first = desk.worker("first", "--dead-after", "3")
    desk.confirm("op", "block")
    eventually(lambda: ["first"] == desk.told("carries", "op"))
    desk.worker("second", "--dead-after", "3")
    eventually(lambda: len(desk.journal.workers()) == 2)

    desk.kill(first)
    took_s = eventually(lambda: desk.told("carries", "op") == ["first", "second"])
    desk.let_go("op")

    eventually(lambda: desk.ended("op"))
    assert ["second"] == desk.told("ended", "op")
    assert took_s < 15
    eventually(lambda: len(desk.journal.workers()) == 1)


def test_a_worker_that_starts_again_goes_on_with_what_it_had(desk: Desk) -> None:
    desk.confirm("op", "block")
    worker = desk.worker("w")
    eventually(lambda: ["w"] == desk.told("carries", "op"))
    desk.kill(worker)
    desk.let_go("op")

    desk.worker("again")

    eventually(lambda: desk.ended("op"))
    assert ["again"] == desk.told("ended", "op")


def test_a_worker_that_only_seemed_dead_ends_without_another_word(desk: Desk) -> None:
    stunned = desk.worker("stunned", "--dead-after", "2")
    desk.confirm("op", "block")
    eventually(lambda: ["stunned"] == desk.told("carries", "op"))
    desk.worker("second", "--dead-after", "2")

    stunned.send_signal(signal.SIGSTOP)
    eventually(lambda: desk.told("carries", "op") == ["stunned", "second"])
    stunned.send_signal(signal.SIGCONT)
    eventually(lambda: "left to another process" in desk.log_of("stunned"))
    desk.let_go("op")

    eventually(lambda: desk.ended("op"))
    assert ["second"] == desk.told("ended", "op")


def test_what_failed_unexpectedly_is_told_and_tried_again(desk: Desk) -> None:
    desk.worker("w")
    desk.confirm("op", "fail 2")

    eventually(lambda: desk.ended("op"))

    failed = [e for e in desk.journal.events(operation_id="op") if "failed" in e.what]
    assert [2, 1] == [e.detail["times"] for e in failed]
    assert "RuntimeError: nobody expected that" == failed[0].detail["error"]
    assert "Traceback" in desk.log_of("w")


def test_a_retried_operation_runs_again_under_its_own_id(desk: Desk) -> None:
    desk.worker("w")
    desk.confirm("op")
    eventually(lambda: desk.ended("op"))

    desk.journal.move("op", OperationState.RUNNING, at=datetime.now(UTC), actor=ACTOR)
    submit(desk, "op")
    eventually(lambda: desk.ended("op"))
    desk.journal.move("op", OperationState.RUNNING, at=datetime.now(UTC), actor=ACTOR)
    eventually(lambda: desk.ended("op"))

    assert ["w"] * 3 == desk.told("ended", "op")


def test_an_operation_is_not_begun_within_its_hold(desk: Desk) -> None:
    desk.worker("w")
    desk.confirm("op", hold_s=6)
    eventually(lambda: desk.told("held", "op") == ["w"])

    assert desk.journal.operation("op").hold_until > datetime.now(UTC)
    assert [] == desk.told("carries", "op")
    eventually(lambda: desk.ended("op"))
    assert datetime.now(UTC) >= desk.journal.operation("op").hold_until


def test_a_stop_wakes_an_operation_that_waits(desk: Desk) -> None:
    desk.worker("w")
    desk.confirm("op", "wait 600")
    eventually(lambda: desk.told("carries", "op") == ["w"])
    desk.confirm("other")
    eventually(lambda: desk.ended("other"))

    desk.journal.move("op", OperationState.STOPPING, at=datetime.now(UTC), actor=ACTOR)

    eventually(lambda: desk.state("op") is OperationState.STOPPED, within_s=10)


def test_waiting_operations_leave_room_for_others(desk: Desk) -> None:
    desk.worker("w", "--at-once", "1")
    for n in range(3):
        desk.confirm(f"waits{n}", "wait 600")

    desk.confirm("op")

    eventually(lambda: desk.ended("op"))
    assert all(desk.state(f"waits{n}") is OperationState.RUNNING for n in range(3))


def test_only_so_many_operations_are_worked_on_at_once(desk: Desk) -> None:
    desk.worker("w", "--at-once", "2")
    for n in range(3):
        desk.confirm(f"op{n}", "block")

    def begun() -> list[str]:
        return [f"op{n}" for n in range(3) if desk.told("carries", f"op{n}")]

    eventually(lambda: len(begun()) == 2)
    desk.let_go(begun()[0])
    eventually(lambda: len(begun()) == 3)


def test_a_worker_asked_to_end_hands_over_what_waits_and_what_takes_too_long(desk: Desk) -> None:
    worker = desk.worker("w", "--grace", "1")
    desk.confirm("waits", "wait 600")
    desk.confirm("works", "block")
    eventually(lambda: desk.told("carries", "waits") + desk.told("carries", "works") == ["w", "w"])

    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert 0 == worker.wait(timeout=30)
    took_s = time.monotonic() - begun

    assert took_s < 10
    assert [] == desk.journal.workers()
    assert "Traceback" not in desk.log_of("w")
    desk.let_go("works")
    desk.worker("next")
    eventually(lambda: desk.ended("works"))
    assert ["next"] == desk.told("ended", "works")
    assert [OperationState.RUNNING] == [
        o.state for o in desk.journal.operations(states={OperationState.RUNNING})
    ]


def test_what_is_nearly_done_is_finished_within_the_grace(desk: Desk) -> None:
    worker = desk.worker("w", "--grace", "30")
    desk.confirm("op", "block")
    eventually(lambda: desk.told("carries", "op") == ["w"])

    worker.send_signal(signal.SIGTERM)
    desk.let_go("op")

    assert 0 == worker.wait(timeout=30)
    assert ["w"] == desk.told("ended", "op")


def test_workers_that_start_at_once_on_a_fresh_database_all_come_to_work(desk: Desk) -> None:
    for n in range(3):
        desk.worker(f"w{n}", "--at-once", "1")
    for n in range(6):
        desk.confirm(f"op{n}")

    eventually(lambda: desk.ended(*(f"op{n}" for n in range(6))))
    eventually(lambda: len(desk.journal.workers()) == 3)
    assert [1] * 6 == [len(desk.told("ended", f"op{n}")) for n in range(6)]


def test_what_was_never_confirmed_cannot_be_submitted(desk: Desk) -> None:
    with pytest.raises(UnknownId):
        submit(desk, "nothing")
