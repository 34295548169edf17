"""``kill -9`` at seeded moments of an undo: each credit goes once, and its mark with it."""

from __future__ import annotations

import random
import signal
from collections import Counter

import pytest

from tests.crash.desk import BOOKINGS, Desk, write_csv

SIZE = 200
SEEDS = [1]
#: Batch updates of such an undo: two of contacts, two of bookings.
UPDATES = 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_undo_outlives_the_death_of_its_worker_to_the_last_credit(desk: Desk, seed: int) -> None:
    rng = random.Random(seed)
    found = desk.core("refund", "--owed", "--dry-run")["rows"]
    chosen = [row for row in found if row["verdict"] == "will change"][:SIZE]
    assert len(chosen) == SIZE
    ids = [row["booking"] for row in chosen]
    given = Counter((row["contact"], row["credit"]) for row in chosen)
    before = desk.balances(given)
    listed = write_csv(desk.folder / f"undo-{seed}.csv", ids)
    refund = desk.core("refund", "--bookings", str(listed), "--reason", f"crash {seed}", "--wait")
    assert refund["counts"] == {"done": len(ids)}

    undo = desk.core("undo", refund["operation"], "--reason", f"crash {seed}")
    begun = desk.updates_made()
    for kill_at in sorted(rng.sample(range(1, UPDATES), 2)):
        with desk.worker() as worker:
            desk.until_updates(begun + kill_at, undo)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    with desk.worker():
        desk.until_ended(undo)
        desk.core("outbox", "--wait")

    assert before == desk.balances(given) == desk.mirrored(given)
    held = desk.objects(BOOKINGS, ids, ["token_refunded"])
    assert {""} == {row["token_refunded"] or "" for row in held.values()}
    counted = desk.core("operation", undo["operation"])
    assert {"done": len(ids)} == counted["counts"]
    assert [] == counted["foreign_writes"]
