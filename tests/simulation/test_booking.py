"""Hundreds of histories of bookings: a credit and a seat for each, none for those refused."""

from __future__ import annotations

import pytest

from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.simulation.booking_world import BookingWorld
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import Rates

#: Waits for answers on their way make long histories: copying need not be everywhere in them.
COPYING = 0.1
BLOCK = 50


def played(seed: int, rates: Rates) -> None:
    world = BookingWorld(seed, rates)
    world.run()
    world.check()


@pytest.mark.parametrize(
    "block", blocks("bookings", range(150), fresh=100, nightly=100, block=BLOCK)
)
def test_credit_seat_and_booking_come_together_or_not_at_all(block: Block) -> None:
    block.play(lambda seed: played(seed, Rates(copying=COPYING)))


@pytest.mark.parametrize(
    "block", blocks("bookings and crashes", range(200_000, 200_100), fresh=50, block=BLOCK)
)
def test_crashes_and_second_workers_book_nobody_twice(block: Block) -> None:
    rates = Rates(crash=0.1, second_worker=0.15, spend=0.05, copying=COPYING)
    block.play(lambda seed: played(seed, rates))


@pytest.mark.parametrize(
    "block", blocks("late bookings", range(300_000, 300_050), fresh=30, block=BLOCK)
)
def test_late_creations_and_another_booking_of_that_day_never_meet(block: Block) -> None:
    block.play(lambda seed: played(seed, Rates(late=0.3, spend=0.02, copying=COPYING)))


@pytest.mark.parametrize(
    "block", blocks("one day", range(400_000, 400_070), fresh=30, block=2 * BLOCK)
)
def test_of_two_bookings_of_one_day_the_second_waits_for_the_first(block: Block) -> None:
    """So calm that nothing but the lease of the day keeps the two apart: a quarter would meet."""
    calm = Rates(
        crash=0, not_sent=0, request_lost=0, answer_lost=0, late=0.05, spend=0, second_worker=0
    )
    block.play(lambda seed: played(seed, calm))


def test_the_world_is_bad_enough_to_show_both_ends() -> None:
    """Without refusals after a credit was taken, the histories above would show little."""
    states = set()
    undone = 0
    for seed in range(60):
        world = BookingWorld(seed, Rates(spend=0.4, copying=COPYING))
        world.run()
        states |= {item.state for item in world.of_kind(OperationKind.BOOK)}
        undone += sum(
            movement.kind.value.startswith("undo")
            for operation in world.operations
            for record in world.store.writes(operation)
            for movement in record.write.movements
        )

    assert {ItemState.DONE, ItemState.FAILED} == states
    assert undone >= 5
