"""A cancellation beside a student app, over real processes: no credit wrong that is not named.

A small round; ``python -m benchmarks.company`` plays ten of 2,000 bookings each.
"""

from __future__ import annotations

import pytest

from tests.crash.company import Size, play
from tests.crash.desk import Desk

SMALL = Size(
    bookings=100,
    cancelling=10,
    spending=25,
    latency_ms=100,
    come_within_s=2.0,
    think_s=(0.1, 0.8),
    age_s=0,
)


@pytest.mark.timeout(420)
def test_students_who_cancel_and_spend_meanwhile_lose_and_double_nothing_unnamed(
    desk: Desk,
) -> None:
    with desk.worker():
        played = play(desk, SMALL, seed=1)

    assert not played.unnamed, played.unnamed
    assert not played.false, played.false
    assert not played.left, played.left
    assert played.cancelled, "no student cancelled while the desk was at it"
    assert played.spent == SMALL.spending
