from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain.work import Work
from core.gateways.engine.hands import Hands, Leave
from core.gateways.engine.looking import Look

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ENDED, AGAIN = Look(again=None), Look(again=NOON)


@pytest.fixture
def hands() -> Hands:
    return Hands({Work.SWEEP: 1}, lambda: NOON)


@pytest.mark.parametrize("found", [ENDED, AGAIN])
def test_what_a_look_found_is_kept_while_we_work(hands: Hands, found: Look) -> None:
    assert found == hands.unless_closed(lambda: found)()


def test_a_process_that_stops_leaves_it_to_the_next_when_to_look_again(hands: Hands) -> None:
    hands.let_go()

    assert ENDED == hands.unless_closed(lambda: ENDED)()
    with pytest.raises(Leave):
        hands.unless_closed(lambda: AGAIN)()


@pytest.mark.parametrize("found", [ENDED, AGAIN])
def test_nothing_is_kept_of_what_is_found_after_the_end(hands: Hands, found: Look) -> None:
    hands.close()

    with pytest.raises(Leave):
        hands.unless_closed(lambda: found)()
