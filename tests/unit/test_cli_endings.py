"""How commands end that went and left something: the report, one line why, exit code 2."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import core.__main__  # noqa: F401 - adds all commands
from core.cli.app import app
from core.domain.records import Kind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import TestDesk
from tests.unit.test_cli_roles import desk

__all__ = ["desk"]  # a fixture


def run(*args: str) -> Result:
    return CliRunner().invoke(app, [*args, "--as", "admin@example.test", "--json"])


def report(done: Result) -> dict[str, Any]:
    return dict(json.loads(done.stdout))


@pytest.fixture
def too_few(desk: TestDesk) -> TestDesk:
    """The exam says that it holds one; three of its bookings are about to be cancelled."""
    desk.booked("54", "2", status="Active")
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 1})
    return desk


def test_a_seat_count_that_was_refused_is_a_warning_with_the_next_step(too_few: TestDesk) -> None:
    done = run("cancel", "--ids", "51,52,54", "--reason", "r", "--wait")

    told = report(done)
    assert (2, "done", {"done": 3}, []) == (
        done.exit_code,
        told["state"],
        told["counts"],
        told["needs_eyes"],
    )
    (warning,) = told["warnings"]
    assert "exam 70 was not counted down" in warning["told"]
    assert "python -m core recount --exam 70" == warning["next_step"]
    (line,) = done.stderr.splitlines()
    assert line.startswith("1 thing was left undone: exam 70 was not counted down")
    assert line.endswith("Next: python -m core recount --exam 70")
    assert 1 == too_few.crm.balance(Kind.EXAM, "70", "total_bookings"), "never below its bookings"


def test_a_note_that_was_refused_is_a_warning(desk: TestDesk) -> None:
    sent: list[Request] = []

    def refused(asked: Request) -> Fault:
        """The credit goes first, the note after it."""
        if not (asked.changes and asked.kind is Kind.CONTACT):
            return Fault.NONE
        sent.append(asked)
        return Fault.REFUSED if len(sent) > 1 else Fault.NONE

    desk.crm.sending = refused

    done = run("cancel", "--ids", "51", "--reason", "r", "--wait")

    assert 2 == done.exit_code
    assert ["note"] == [warning["about"] for warning in report(done)["warnings"]]
    assert "no note on contact 1" in done.stderr


def test_a_write_that_could_not_be_checked_is_a_warning(desk: TestDesk) -> None:
    desk.crm.unreadable_histories.add("1")

    done = run("refund", "--ids", "53", "--reason", "r", "--wait")

    assert 2 == done.exit_code
    (warning,) = report(done)["warnings"]
    assert ("check", "1") == (warning["about"], warning["record"])
    assert warning["told"].startswith("contact 1: not verified: ")


def test_what_went_well_ends_with_nothing_on_stderr(desk: TestDesk) -> None:
    done = run("cancel", "--ids", "51", "--reason", "r", "--wait")

    assert (0, "", []) == (done.exit_code, done.stderr, report(done)["warnings"])


def test_a_recount_that_was_refused_says_so(too_few: TestDesk) -> None:
    def refused(asked: Request) -> Fault:
        return Fault.REFUSED if asked.changes and asked.kind is Kind.EXAM else Fault.NONE

    too_few.crm.sending = refused

    done = run("recount", "--exam", "70", "--wait")

    assert 2 == done.exit_code
    assert "exam 70 was not counted anew: HubSpot refused" in done.stderr
    assert "python -m core recount --exam 70" == report(done)["warnings"][0]["next_step"]
