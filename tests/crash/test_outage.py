"""The mirror away for a whole operation: HubSpot's side does not wait, the mirror catches up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.desk import Desk, expected, write_csv

SIZE = 120


@pytest.mark.timeout(200)
def test_an_operation_never_waits_for_a_dead_mirror_which_is_equal_soon_after_its_return(
    desk: Desk, tmp_path: Path
) -> None:
    chosen = write_csv(tmp_path / "bookings.csv", desk.rested_bookings(SIZE))
    promise = expected(desk, desk.core("cancel", "--bookings", str(chosen), "--dry-run"))
    before = desk.mirrored(promise.after)

    desk.mirror_is("dead")
    with desk.worker():
        operation = desk.core("cancel", "--bookings", str(chosen), "--reason", "no mirror")
        desk.until_ended(operation)
        assert promise.after == desk.balances(promise.after)
        due = desk.core("outbox")
        assert due["due"] >= len(promise.bookings)
        assert 0 == due["dead"]

        desk.mirror_is("up")
        assert before == desk.mirrored(promise.after) or desk.core("outbox")["due"] < due["due"]
        desk.until_copied()

    assert promise.after == desk.mirrored(promise.after)
