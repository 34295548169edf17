"""Owed credits and dead letters from the command line, over the local stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.app.stores import SqlJournal
from core.cli.commands import owing  # noqa: F401 - adds its command
from core.credits.records import Kind
from core.mirror.store.outbox_port import Due
from tests.contract.cli.test_messages import Run, run, settings

__all__ = ["run", "settings"]  # fixtures


@pytest.fixture
def dead(settings: Mapping[str, str]) -> SqlJournal:
    """Two copies given up with one error, one with another."""
    journal = SqlJournal(settings["OPS_DATABASE_URL"])
    now = datetime.now(UTC)
    for id_, error in (("1", "no column x"), ("2", "no column x"), ("3", "permission denied")):
        journal.put_due([Due(kind=Kind.CONTACT, record_id=id_, row=None)], at=now)
        (taken,) = journal.take_due(now=now, until=now, limit=1)
        journal.copy_failed([replace(taken, attempts=8, error=error, dead=True)])
    return journal


def test_dead_letters_are_listed_by_error_and_retried_by_error(run: Run, dead: SqlJournal) -> None:
    listed = json.loads(run("outbox", "--json").stdout)
    retried = json.loads(run("outbox", "--retry", "--error", "no column x", "--json").stdout)

    assert {"no column x": 2, "permission denied": 1} == listed["errors"]
    assert (2, 1, {"permission denied": 1}) == (
        retried["due"],
        retried["dead"],
        retried["errors"],
    )
    (event,) = dead.events()
    assert ("retried dead letters", "admin@example.test") == (event.what, event.actor)
    dead.close()


def test_the_older_name_of_the_option_retries_all(run: Run, dead: SqlJournal) -> None:
    retried = json.loads(run("outbox", "--retry-dead", "--json").stdout)

    assert (3, 0) == (retried["due"], retried["dead"])
    dead.close()


def test_who_has_no_role_retries_nothing(run: Run, dead: SqlJournal) -> None:
    done = run("outbox", "--retry", "--as", "mallory@example.test")

    assert 1 == done.returncode
    assert "mallory@example.test has no role" in done.stderr
    assert 3 == dead.outbox().dead
    dead.close()


def test_an_error_without_a_retry_is_a_mistake(run: Run) -> None:
    done = run("outbox", "--error", "no column x")

    assert 1 == done.returncode
    assert done.stderr.endswith("\n--error goes with --retry\n")


def test_what_is_owed_is_what_a_refund_of_it_would_give_back(run: Run) -> None:
    found = json.loads(run("owed", "--limit", "20000", "--json").stdout)
    sure = [row["booking"] for row in found["bookings"] if row["verdict"] == "owed"]
    ids = ",".join(sure)
    plan = json.loads(run("refund", "--ids", ids, "--dry-run", "--json").stdout)

    assert found["owed"] == len(sure) == sum(found["by_credit"].values()) > 0
    assert 0 == plan["counts"]["skip"]
    assert sum(plan["credits"].values()) == plan["counts"]["will change"] > 0


def test_everything_that_is_owed_is_planned_at_once(run: Run) -> None:
    listed = json.loads(run("owed", "--limit", "20000", "--json").stdout)
    plan = json.loads(run("refund", "--owed", "--dry-run", "--json").stdout)
    both = run("refund", "--owed", "--ids", "1", "--dry-run")

    sure = {row["booking"] for row in listed["bookings"] if row["verdict"] == "owed"}
    assert sure == {r["booking"] for r in plan["rows"]}
    assert listed["owed"] == sum(plan["counts"].values()) > 0
    assert "everything owed" == plan["selection"]
    assert 1 == both.returncode
    assert "exactly one of --exam, --contact, --bookings, --ids, --owed" in both.stderr
