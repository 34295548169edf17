"""A second admin from the command line, over the local stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from core.app.stores import SqlJournal
from core.cli.commands import approving, confirmed, owing  # noqa: F401 - they add their commands
from core.operations.states import OperationState
from scripts.processes import ROOT
from tests.contract.cli.test_messages import Run, run, settings
from tests.crash.waiting import wait_for

__all__ = ["run", "settings"]  # fixtures

BEN = "ben@example.test"


@pytest.fixture(autouse=True)
def always(settings: dict[str, str]) -> None:
    """Every refund needs a second admin."""
    settings["CREDIT_DESK_SECOND_ADMIN_ABOVE_CREDITS"] = "0"


@pytest.fixture
def journal(settings: Mapping[str, str]) -> Iterator[SqlJournal]:
    opened = SqlJournal(settings["OPS_DATABASE_URL"])
    yield opened
    opened.close()


def owed(run: Run) -> str:
    """One booking whose credit can come back."""
    found = json.loads(run("owed", "--json").stdout)["bookings"]
    return str(next(row["booking"] for row in found if row["contact"]))


def ask(run: Run, *args: str) -> dict[str, Any]:
    done = run("refund", "--ids", owed(run), "--reason", "r", "--json", *args)
    assert 0 == done.returncode, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_request_that_nobody_could_grant_fails_in_one_line(run: Run, journal: SqlJournal) -> None:
    done = run("refund", "--ids", owed(run), "--reason", "r", "--wait")

    assert (1, "") == (done.returncode, done.stdout)
    assert "a second admin must approve it, and there is none" in done.stderr
    assert [] == journal.operations()


def test_a_wait_that_nobody_ends_says_what_it_waited_for(run: Run, journal: SqlJournal) -> None:
    run("roles", "grant", f"{BEN}=admin")

    done = run(
        "refund", "--ids", owed(run), "--reason", "r", "--wait", "--timeout", "0.2", "--json"
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert f"more than 0 credits: another admin ({BEN}) approves it" in done.stderr
    (operation,) = journal.operations()
    assert f"python -m core approve {operation.id}" in done.stderr
    assert OperationState.AWAITING is operation.state


def test_the_asker_is_refused_and_another_is_not(run: Run) -> None:
    run("roles", "grant", f"{BEN}=admin", "mia@example.test=manager")
    asked = ask(run)
    id_ = asked["operation"]
    assert ("awaiting approval", "more than 0 credits") == (
        asked["state"],
        asked["needs_approval"],
    )

    mine = run("approve", id_)
    managers = run("approve", id_, "--as", "mia@example.test")
    shown = json.loads(run("approve", id_, "--as", BEN, "--dry-run", "--json").stdout)
    theirs = json.loads(run("approve", id_, "--as", BEN, "--json").stdout)

    assert (1, 1) == (mine.returncode, managers.returncode)
    assert f"another admin has to approve it: {BEN}" in mine.stderr
    assert "mia@example.test is manager and may not" in managers.stderr
    assert ({"will change": 1, "skip": 0, "blocked": 0, "excluded": 0}, []) == (
        shown["counts"],
        shown["changed"],
    )
    assert ("held", BEN) == (theirs["state"], theirs["approved_by"])


def test_what_was_called_off_for_a_reason_is_not_approved(run: Run) -> None:
    run("roles", "grant", f"{BEN}=admin")
    id_ = ask(run)["operation"]

    off = json.loads(run("stop", id_, "--reason", "wrong exam", "--as", BEN, "--json").stdout)
    late = run("approve", id_, "--as", BEN)

    assert "called off" == off["state"]
    assert 1 == late.returncode
    assert "nothing was changed" in late.stderr
    history = json.loads(run("operation", id_, "--history", "--json").stdout)["events"]
    assert "wrong exam" == history[0]["detail"]["detail"]


def test_a_script_that_waits_goes_on_by_itself_once_another_admin_approved(
    run: Run, settings: Mapping[str, str], journal: SqlJournal
) -> None:
    run("roles", "grant", f"{BEN}=admin")
    args = ["refund", "--ids", owed(run), "--reason", "r", "--wait", "--json"]
    waiting = subprocess.Popen(
        [sys.executable, "-m", "core", *args],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: bool(journal.operations()))
        (operation,) = journal.operations()
        assert OperationState.AWAITING is operation.state

        approved = run("approve", operation.id, "--as", BEN)

        assert 0 == approved.returncode, approved.stderr
        out, err = waiting.communicate(timeout=120)
    finally:
        waiting.kill()
    report = json.loads(out)
    assert ("done", {"done": 1}, BEN) == (
        report["state"],
        report["counts"],
        report["approved_by"],
    )
    assert f"python -m core approve {operation.id}" in err
