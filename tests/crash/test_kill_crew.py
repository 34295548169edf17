"""``kill -9`` of one of two workers that carry one operation together."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.credits.errors import Superseded
from core.credits.writes import Run
from tests.contract.journal.stores import fresh_database
from tests.crash.desk import Desk, assert_kept, expected, write_csv
from tests.crash.waiting import wait_for

SIZE = 100
#: A group takes seconds, so that a mate has started before all are carried.
SLOW_MS = 150


@pytest.fixture
def desk(stack: Mapping[str, str], tmp_path: Path) -> Iterator[Desk]:
    """Workers share an operation on PostgreSQL alone."""
    database = fresh_database(stack["SUPABASE_DB_URL"], "crew")
    made = Desk(stack, tmp_path, database=database)
    yield made
    made.close()


def _both_have_groups_in_hand(desk: Desk, operation_id: str) -> bool:
    run = Run(operation_id=operation_id, epoch=desk.journal.operation(operation_id).epoch)
    try:
        return len(desk.journal.groups_out(run, but="")) == 2
    except Superseded:
        return False  # a newer run began since we looked


@pytest.mark.timeout(200)
def test_an_operation_of_two_workers_outlives_the_one_that_lends_a_hand(
    desk: Desk, tmp_path: Path
) -> None:
    chosen = write_csv(tmp_path / "bookings.csv", desk.rested_bookings(SIZE))
    plan = desk.core("cancel", "--bookings", str(chosen), "--dry-run")
    promise = expected(desk, plan)
    assert len(promise.bookings) > SIZE * 0.8

    operation = desk.core("cancel", "--bookings", str(chosen), "--reason", "the mate dies")
    id_ = operation["operation"]
    desk.latency(SLOW_MS)
    with desk.crew_worker("holder"):
        wait_for(lambda: desk.journal.operation(id_).started_at)  # the operation is the holder's
        with desk.crew_worker("mate") as mate:
            wait_for(lambda: _both_have_groups_in_hand(desk, id_), within_s=60)
            begun = desk.journal.operation(id_).epoch
            mate.send_signal(signal.SIGKILL)
            mate.wait()
            desk.latency(0)
            desk.until_ended(operation)
            desk.until_copied()

    assert desk.journal.operation(id_).epoch > begun, "no new run barred the dead one"
    assert_kept(desk, promise)
