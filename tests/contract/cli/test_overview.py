"""What needs attention, from the command line, over the real stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.app.stores import SqlJournal
from core.cli.commands import overview  # noqa: F401 - adds its command
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.store.outbox_port import Due
from core.workers.store.port import WorkerInfo
from tests.contract.cli.test_messages import Run, run, settings

__all__ = ["run", "settings"]  # fixtures
CS = SCHOOL.keys[0]


def test_it_tells_what_needs_a_person_and_ends_with_2_until_nothing_does(
    run: Run, settings: Mapping[str, str]
) -> None:
    journal = SqlJournal(settings["OPS_DATABASE_URL"])
    now = datetime.now(UTC)
    journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=None)], at=now)
    (taken,) = journal.take_due(now=now, until=now, limit=1)
    journal.copy_failed([replace(taken, attempts=8, error="no column x", dead=True)])
    alive(journal, datetime.now(UTC))

    first = run("overview", "--json")
    told = json.loads(first.stdout)
    assert (2, "wrong") == (first.returncode, told["students_see"])
    assert ["dead letters", "not compared"] == [need["matter"] for need in told["needs"]], told
    assert "1 copy to Supabase failed: students see older values" == told["needs"][0]["told"]
    assert "answer" in told["hubspot"]
    assert "answers" == told["supabase"]

    journal.copied([taken], at=now)
    at = now - timedelta(minutes=5)
    state = SweepState.COMPLETE
    ago = (timedelta(), 5), (timedelta(days=7, minutes=10), 7)
    journal.add_measures(
        [Measure(at=at - long, gauge=Gauge.OUTSTANDING, of=CS, value=n) for long, n in ago]
    )
    journal.save_sweep(Sweep(id="s", mode=SweepMode.FULL, state=state, started_at=at, saved_at=at))
    alive(journal, datetime.now(UTC))
    calm = run("overview", "--json")
    week = {each.pop("figure"): each for each in json.loads(calm.stdout)["week"]}

    assert {"this_week": 0, "last_week_until_then": 0, "last_week": 0} == week["refunded"]
    outstanding = week["outstanding"]
    assert (5, 7) == (outstanding["this_week"], outstanding["last_week_until_then"])
    assert "figure outstanding, this week 5, last week until then 7" in run("overview").stdout
    assert (0, [], "true") == (
        calm.returncode,
        json.loads(calm.stdout)["needs"],
        json.loads(calm.stdout)["students_see"],
    )
    journal.close()


def alive(journal: SqlJournal, now: datetime) -> None:
    """A worker somewhere, just now: a heartbeat that is still to come counts for nothing."""
    journal.heartbeat(
        WorkerInfo(executor_id="w", host="h", pid=1, started_at=now, heartbeat_at=now)
    )


def test_who_may_not_watch_is_told_so(run: Run) -> None:
    done = run("overview", "--as", "mallory@example.test")

    assert 1 == done.returncode
    assert "mallory@example.test has no role" in done.stderr
