"""Hundreds of histories of moves: at the new exam with its seat there, or as it was before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credits.writes import MovementKind
from core.operations import runner
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.simulation.move_world import MoveWorld
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import Rates

#: Waits for answers on their way make long histories: copying need not be everywhere in them.
COPYING = 0.1
BLOCK = 50


@pytest.fixture(autouse=True)
def _seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks of workers who wait for the quiet period, a few in place of thirty."""
    monkeypatch.setattr(runner, "LOOK_AGAIN", timedelta(seconds=15))


def played(seed: int, rates: Rates, leave: float = 0.0) -> MoveWorld:
    world = MoveWorld(seed, rates, leave=leave)
    world.run()
    world.check()
    return world


@pytest.mark.parametrize("block", blocks("moves", range(200), fresh=30, block=BLOCK))
def test_booking_has_its_seat_where_it_is_and_no_other(block: Block) -> None:
    block.play(lambda seed: played(seed, Rates(copying=COPYING)))


@pytest.mark.parametrize(
    "block", blocks("moves and crashes", range(200_000, 200_120), fresh=20, block=BLOCK)
)
def test_crashes_and_second_workers_move_nothing_twice(block: Block) -> None:
    rates = Rates(crash=0.07, second_worker=0.15, spend=0.05, copying=COPYING)
    block.play(lambda seed: played(seed, rates))


@pytest.mark.parametrize(
    "block", blocks("late moves", range(300_000, 300_080), fresh=15, block=BLOCK)
)
def test_late_changes_and_merged_students_leave_every_booking_at_one_exam(block: Block) -> None:
    block.play(lambda seed: played(seed, Rates(late=0.3, spend=0.02, merge=0.5, copying=COPYING)))


@pytest.mark.parametrize(
    "block", blocks("moves and students", range(400_000, 400_100), fresh=15, block=BLOCK)
)
def test_students_who_cancel_meanwhile_get_every_seat_counted_or_named(block: Block) -> None:
    block.play(lambda seed: played(seed, Rates(spend=0.02, copying=COPYING), leave=0.02))


def test_the_world_is_bad_enough_to_show_every_end() -> None:
    """Without seats that were given back, the histories above would show little."""
    worlds = [played(seed, Rates(copying=COPYING), leave=0.05) for seed in range(500_000, 500_040)]

    states = {item.state for world in worlds for item in world.of_kind(OperationKind.MOVE)}
    given_back = [
        key
        for world in worlds
        for operation in world.operations
        for key in world.store.moving(operation, MovementKind.UNDO_SEAT)
    ]
    wanted = {ItemState.DONE, ItemState.FAILED, ItemState.BLOCKED, ItemState.SKIPPED}
    assert wanted <= states
    assert len(given_back) >= 5
