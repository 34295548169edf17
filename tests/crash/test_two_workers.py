"""Two admins, two workers, one set of bookings: over real processes and stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.desk import ADMIN, Desk, expected, write_csv


@pytest.mark.timeout(200)
def test_the_same_refund_from_two_processes_at_once_changes_nothing_twice(
    desk: Desk, tmp_path: Path
) -> None:
    chosen = write_csv(tmp_path / "bookings.csv", desk.rested_bookings(60))
    plan = desk.core("cancel", "--bookings", str(chosen), "--dry-run", "--as", ADMIN)
    promise = expected(desk, plan)
    args = ("cancel", "--bookings", str(chosen), "--reason", "twice")
    both = [desk.core(*args), desk.core(*args)]

    with desk.worker(), desk.worker():
        for operation in both:
            desk.until_ended(operation)
        desk.core("outbox", "--wait")
    again = desk.core("refund", "--bookings", str(chosen), "--dry-run")

    assert promise.after == desk.balances(promise.after)
    assert promise.after == desk.mirrored(promise.after)
    assert 0 == again["counts"]["will change"]
