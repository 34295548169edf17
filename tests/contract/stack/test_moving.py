"""The must-hold of drift, on the real stack: 2,000 contacts here, 20,000 in the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.processes import local_stack
from tests.contract.stack.moving import Moving, see_through
from tests.crash.desk import Desk

SIZE = ("--contacts", "2000", "--bookings", "6000", "--exams", "40", "--seed", "3")
FAST = ("--latency-ms", "10", "--rate-limit", "100000")


@pytest.mark.timeout(900)
def test_in_a_moving_world_what_was_planted_is_found_and_repair_ends_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("stack")
    log = folder.with_suffix(".log")
    with local_stack("--port", "0", "--state", str(folder), *SIZE, *FAST, log=log) as settings:
        desk = Desk(settings, Path(tmp_path_factory.mktemp("desk")))
        try:
            done = see_through(Moving(desk, folder), operate_on=300)
        finally:
            desk.close()

    assert done["touched"] > 50, done
    assert done["operation"] > 20, done
    assert done["left"] > 0, done
