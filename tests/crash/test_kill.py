"""``kill -9`` at seeded moments of a 500-booking operation, over real processes and stores."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.crash.desk import Desk, assert_kept, expected, write_csv

SIZE = 500
SEEDS = [1, 2, 3]
#: Batch updates that such an operation makes: cancels, credits, marks, seats.
UPDATES = 18


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_operation_outlives_the_death_of_its_worker_to_the_last_credit(
    desk: Desk, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    chosen = write_csv(tmp_path / "bookings.csv", desk.rested_bookings(SIZE))
    plan = desk.core("cancel", "--bookings", str(chosen), "--dry-run")
    promise = expected(desk, plan)
    assert len(promise.bookings) > SIZE * 0.8

    begun = desk.updates_made()
    operation = desk.core("cancel", "--bookings", str(chosen), "--reason", f"crash {seed}")
    for kill_at in sorted(rng.sample(range(1, UPDATES), 2)):
        with desk.worker() as worker:
            desk.until_updates(begun + kill_at, operation)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    with desk.worker():
        desk.until_ended(operation)
        desk.core("outbox", "--wait")

    assert_kept(desk, promise)
