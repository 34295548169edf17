"""The past of the demo, over a local stack of its own: it is whole, and made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.app.stores import SqlJournal
from core.drift.past_sweeps import last_whole
from core.drift.store.trends_port import Gauge
from core.drift.sweeps import WHOLE, SweepMode
from core.operations.foreign.changes import Conflict
from core.operations.verdicts import OperationKind
from scripts.processes import ROOT, local_stack
from tests.crash.desk import ADMIN, BOOKINGS
from tests.crash.hubspot import HubSpot

SIZE = ("--contacts", "500", "--bookings", "1500", "--exams", "30", "--seed", "8")
LONG_AGO = timedelta(days=85)


@dataclass(frozen=True)
class Demo:
    """A local stack, and the store of a desk on it."""

    stack: dict[str, str]
    store: Path

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """``python -m command`` with the settings of the demo."""
        own = {"OPS_DATABASE_URL": f"sqlite:///{self.store}", "CREDIT_DESK_ADMINS": ADMIN}
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **self.stack, **own, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def tell(self, **more: str) -> subprocess.CompletedProcess[str]:
        """``python -m demo``."""
        return self.run("demo", self.stack["STATE_DIR"], **more)

    def core(self, *command: str) -> Any:
        """The JSON that a command of the desk prints."""
        done = self.run("core", *command, "--json")
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    state = folder / "stack"
    state.mkdir()
    with local_stack("--port", "0", "--state", str(state), *SIZE, log=folder / "log") as settings:
        made = Demo(settings, folder / "desk.sqlite")
        done = made.tell()
        assert 0 == done.returncode, done.stderr
        yield made


def test_the_audit_of_the_past_is_whole_and_begins_long_ago(demo: Demo) -> None:
    verified = demo.core("audit", "verify")
    first = demo.core("audit", "--what", "gave a role")["entries"][-1]

    assert (True, []) == (verified["whole"], verified["faults"])
    assert datetime.fromisoformat(first["at"]) < datetime.now(UTC) - LONG_AGO


def test_operations_are_of_many_kinds_people_and_ends(demo: Demo) -> None:
    operations = demo.core("operations", "--limit", "200")["operations"]

    assert len(operations) > 40
    assert len({each["by"] for each in operations}) == 3
    kinds = Counter(each["kind"] for each in operations)
    assert set(OperationKind) == kinds.keys()
    states = Counter(each["state"] for each in operations)
    assert {"done", "held", "awaiting approval", "called off"} <= states.keys()
    assert any(each["counts"].get("blocked") for each in operations)
    assert any(each["counts"].get("failed") for each in operations)


def test_of_two_changes_that_were_written_over_one_waits_for_its_correction(demo: Demo) -> None:
    """Somebody took a credit in HubSpot between the desk's read and its write."""
    journal = SqlJournal(f"sqlite:///{demo.store}")
    (waits,) = journal.written_over()
    operations = journal.operations(limit=200)
    met = [one for each in operations for one in journal.foreign_writes(each.id)]
    journal.close()

    (last,) = (one for one in met if one.at == waits.since)
    assert 2 == len(met)
    assert {Conflict.WRITTEN_OVER} == {one.conflict for one in met}
    assert [-1, -1] == [one.correction for one in met]
    assert timedelta(hours=2) < datetime.now(UTC) - last.at < timedelta(hours=6)
    with HubSpot(demo.stack) as hubspot:
        asked = {"properties": last.credit, "propertiesWithHistory": last.credit}
        answer = hubspot.get(f"/crm/v3/objects/0-1/{last.target_id}", params=asked).json()
    versions = answer["propertiesWithHistory"][last.credit]
    assert [last.ours, last.theirs, last.read] == [int(v["value"]) for v in versions[:3]]


def test_a_first_full_check_and_what_is_owed_are_of_the_start(demo: Demo) -> None:
    journal = SqlJournal(f"sqlite:///{demo.store}")
    counted = journal.measured_at(Gauge.OWED)
    checked = last_whole(journal)
    journal.close()

    assert checked is not None
    assert SweepMode.FULL is checked.mode
    assert counted is not None
    for at in (checked.saved_at, counted):
        assert datetime.now(UTC) - at < timedelta(minutes=10)


def test_no_copy_of_the_past_seems_to_have_waited_for_the_clock_of_the_story(demo: Demo) -> None:
    journal = SqlJournal(f"sqlite:///{demo.store}")
    begun, day = datetime.now(UTC) - timedelta(days=91), timedelta(days=1)
    levels = journal.levels([Gauge.COPY_LAG_P99], since=begun, step=day)
    journal.close()

    assert len(levels) > 80
    assert max(level.most for level in levels) < 60


def test_what_the_past_gave_back_is_marked_in_hubspot_at_its_time(demo: Demo) -> None:
    operations = demo.core("operations", "--limit", "200")["operations"]
    undone = {each["undoes"] for each in operations}
    refund = next(
        each
        for each in reversed(operations)
        if each["kind"] == "refund"
        and each["counts"].get("done")
        and each["operation"] not in undone
    )
    rows = demo.core("operation", refund["operation"], "--rows")["rows"]
    row = next(each for each in rows if each["state"] == "done")
    with HubSpot(demo.stack) as hubspot:
        asked = {"properties": "token_refunded,token_refunded_at"}
        answer = hubspot.get(f"/crm/v3/objects/{BOOKINGS}/{row['booking']}", params=asked)
    booking = answer.json()["properties"]

    assert "true" == booking["token_refunded"]
    given = datetime.fromtimestamp(int(booking["token_refunded_at"]) / 1000, UTC)
    assert abs(given - datetime.fromisoformat(refund["confirmed_at"])) < timedelta(hours=1)


def test_charts_and_lists_have_something_to_show(demo: Demo) -> None:
    journal = SqlJournal(f"sqlite:///{demo.store}")
    since, day = datetime.now(UTC) - timedelta(days=90), timedelta(days=1)
    drift = journal.drift_levels(modes=WHOLE, since=since, step=day)
    levels = journal.levels(list(Gauge), since=since, step=day)
    repairs = journal.repairs()
    dead = journal.outbox().dead
    journal.close()

    counts = [sum(each.counts.values()) for each in drift]
    assert len(drift) > 80
    assert max(counts) - min(counts) > 20
    assert set(Gauge) == {each.gauge for each in levels}
    outstanding = [each for each in levels if each.gauge is Gauge.OUTSTANDING]
    assert len({each.at for each in outstanding}) > 80
    assert len({each.last for each in outstanding}) > 10
    assert all(repair.ended for repair in repairs)
    assert len(repairs) >= 5
    assert dead == 3


def test_a_store_that_is_there_is_never_touched(demo: Demo) -> None:
    before = demo.store.read_bytes()

    done = demo.tell()

    assert (0, "") == (done.returncode, done.stdout)
    assert before == demo.store.read_bytes()


def test_no_past_is_made_for_accounts_elsewhere(demo: Demo, tmp_path: Path) -> None:
    elsewhere = Demo(demo.stack, tmp_path / "desk.sqlite")

    done = elsewhere.tell(HUBSPOT_BASE_URL="https://api.hubapi.com")

    assert 1 == done.returncode
    assert "https://api.hubapi.com is not on this machine" in done.stderr
    assert not elsewhere.store.exists()
