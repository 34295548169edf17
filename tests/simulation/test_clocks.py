"""Histories of operations on a machine whose clock is set: nothing doubled, lost, or held up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulation.company.clocks import ClockSetter
from tests.simulation.seeds import Block, blocks
from tests.simulation.test_exactly_once import check
from tests.simulation.world import START, Rates, World

HISTORIES = range(400_000, 400_200)
BLOCK = 50
#: True time. Without the jumps the slowest of these histories takes about as long.
LONGEST = timedelta(minutes=40)


def lived(seed: int) -> tuple[World, ClockSetter]:
    setter = ClockSetter()
    world = World(seed, Rates(request_lost=0.08, answer_lost=0.08, late=0.12), company=[setter])
    world.run()
    return world, setter


@pytest.mark.parametrize("block", blocks("clocks", HISTORIES, fresh=50, block=BLOCK))
def test_a_clock_that_is_set_doubles_and_loses_nothing(block: Block) -> None:
    block.play(lambda seed: check(lived(seed)[0]))


def test_no_operation_waits_for_a_clock_that_was_set() -> None:
    for seed in range(400_000, 400_060):
        world, setter = lived(seed)
        took = world.time - START
        assert took < LONGEST, f"seed {seed}: {took} with {setter.jumps} jumps"


def test_the_histories_have_jumps_both_ways() -> None:
    jumps = [lived(seed)[1].jumps for seed in range(400_000, 400_020)]

    assert sum(jumps) > 30, jumps
