"""Sweeps and repairs over the whole local stack: what was planted is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.drift.causes import Cause
from scripts.processes import local_stack
from tests.contract.stack.moving import Found, planted
from tests.crash.desk import Desk

SIZE = ("--contacts", "400", "--bookings", "1200", "--exams", "30", "--seed", "5")
FAST = ("--latency-ms", "0", "--rate-limit", "100000")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def desk(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    log = folder.with_suffix(".log")
    with local_stack("--port", "0", "--state", str(folder), *SIZE, *FAST, log=log) as settings:
        made = Desk(settings, tmp_path_factory.mktemp("desk"))
        yield made
        made.close()


def swept(desk: Desk) -> tuple[dict[str, Any], Found]:
    report = desk.core("sweep", "--full")
    found = desk.journal.drifts(report["sweep"])
    return report, {(each.kind.value, each.record_id): each.cause for each in found}


def test_every_planted_drift_is_found_with_its_cause_none_is_invented_and_repair_ends_it(
    desk: Desk, folder: Path
) -> None:
    expected = planted(folder)

    report, found = swept(desk)

    # bookings of merged contacts name the old ones in the mirror; how many is chance
    of_merged = {key for key, cause in found.items() if key[0] == "bookings"} - expected.keys()

    assert expected == {key: cause for key, cause in found.items() if key not in of_merged}
    assert {Cause.CONTACT_MERGED} == {found[key] for key in of_merged}
    assert 0 == report["unexplained"] == report["left_alone"]
    assert report["known"] == report["compared"]

    unreadable = {key: cause for key, cause in found.items() if cause is Cause.UNREADABLE_VALUE}
    done = desk.core("repair", "--all", "--reason", "a test")
    _, left = swept(desk)

    # merged records and older copies need no person: the sweep has their rows replaced, just now
    unattended = {Cause.CONTACT_MERGED, Cause.OLDER_COPY}
    mended = [key for key, cause in found.items() if cause in unattended]
    asked = len(found) - len(unreadable)

    assert [] == done["still"]
    assert len(unreadable) == len(done["not_repairable"])
    assert {""} == {row["student"] for row in report["drifts"]}, "a schedule's output is a log"
    assert all(row["student"] for row in done["not_repairable"])
    assert asked - len(mended) <= done["repaired"] <= asked
    assert left == unreadable
