from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.work.work import Work
from core.workers.engine.attempt import Look
from core.workers.engine.in_hand import Leave, RunningWork

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ENDED, AGAIN = Look(again=None), Look(again=NOON)


@pytest.fixture
def hands() -> RunningWork:
    return RunningWork({Work.SWEEP: 1}, lambda: NOON)


@pytest.mark.parametrize("found", [ENDED, AGAIN])
def test_what_a_look_found_is_kept_while_we_work(hands: RunningWork, found: Look) -> None:
    hands.require_open(found)


def test_a_process_that_stops_leaves_it_to_the_next_when_to_look_again(hands: RunningWork) -> None:
    hands.let_go()

    hands.require_open(ENDED)
    with pytest.raises(Leave):
        hands.require_open(AGAIN)


@pytest.mark.parametrize("found", [ENDED, AGAIN])
def test_nothing_is_kept_of_what_is_found_after_the_end(hands: RunningWork, found: Look) -> None:
    hands.close()

    with pytest.raises(Leave):
        hands.require_open(found)
