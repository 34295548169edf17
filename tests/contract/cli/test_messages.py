"""Whatever a user gets wrong: what is wrong, how to mend it, one JSON object or none, exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli.commands import people, restoring, upkeep  # noqa: F401 - they add their commands
from scripts.processes import ROOT
from tests.commands import app
from tests.crash.hubspot import HubSpot

Run = Callable[..., "Done"]


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def settings(sandbox: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    return {
        **sandbox,
        "OPS_DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite",
        "CREDIT_DESK_ADMINS": "admin@example.test",
        "CREDIT_DESK_HOLD_S": "0",
    }


@pytest.fixture
def run(settings: dict[str, str]) -> Run:
    """Commands in this process: the same code, without a second of imports for each."""

    def run(*args: str, **changed: str) -> Done:
        result = CliRunner().invoke(app, list(args), env={**settings, **changed})
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


def test_the_real_command_prints_one_object_and_logs_apart(settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "operations", "--json"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )

    report = json.loads(done.stdout)
    assert {"operations", "store"} == set(report)
    assert ([], True) == (report["operations"], report["store"]["new"])


def test_a_choice_that_cannot_be_used_says_why_and_changes_nothing(
    run: Run, tmp_path: Path
) -> None:
    cases = {
        ("--ids", "12,nonsense"): "'12,nonsense' is neither",
        (): "exactly one of --exam",
        ("--exam", "1", "--ids", "2"): "exactly one of --exam",
        ("--exam", "999999999"): "no exam 999999999",
        ("--ids", "Clinical Skills-1-May 4, 1999"): "no booking in HubSpot has booking_id",
        ("--bookings", str(tmp_path / "none.csv")): "No such file",
    }
    for args, told in cases.items():
        done = run("cancel", *args, "--reason", "r", "--json")

        assert done.returncode == 1, done
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_unknown_ids_are_blocked_rows_and_a_reason_is_wanted(run: Run) -> None:
    plan = json.loads(run("refund", "--ids", "123456789", "--dry-run", "--json").stdout)
    done = run("refund", "--ids", "123456789", "--json")

    assert plan["counts"] == {"will change": 0, "skip": 0, "blocked": 1, "excluded": 0}
    assert plan["rows"][0]["why"] == "no such booking in HubSpot"
    assert done.returncode == 1
    assert "nothing in this plan would change: no such booking in HubSpot (1);" in done.stderr
    assert "give a reason" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"HUBSPOT_TOKEN": "wrong"}, "HUBSPOT_TOKEN"),
        ({"HUBSPOT_BASE_URL": "http://127.0.0.1:9"}, "HUBSPOT_BASE_URL"),
        ({"SUPABASE_SERVICE_ROLE_KEY": "wrong"}, "SUPABASE_SERVICE_ROLE_KEY"),
        ({"SUPABASE_URL": "http://127.0.0.1:9"}, "SUPABASE_URL"),
    ],
)
def test_the_doctor_names_the_setting_that_is_wrong(
    run: Run, wrong: dict[str, str], told: str
) -> None:
    done = run("doctor", "--json", **wrong)

    assert done.returncode == 1
    assert told in done.stderr, done
    assert json.loads(done.stdout)["healthy"] is False


LOOKING = [
    ["operation", "nothing"],
    ["operations"],
    ["outbox"],
    ["restored", "--since", "2026-01-01"],
]


@pytest.mark.parametrize("command", LOOKING, ids=lambda command: command[0])
def test_who_looks_is_somebody_who_may(run: Run, command: list[str]) -> None:
    given = [f"{role}@example.test={role}" for role in ("staff", "manager")]
    assert run("roles", "grant", *given).returncode == 0

    stranger = run(*command, "--as", "stranger@example.test", "--json")
    staff = run(*command, "--as", "staff@example.test", "--json")
    manager = run(*command, "--as", "manager@example.test", "--json")
    nobody = run(*command, "--json")

    for done, told in ((stranger, "stranger@example.test"), (staff, "is staff and may not watch")):
        assert (1, "") == (done.returncode, done.stdout), done
        (line,) = [line for line in done.stderr.splitlines() if "example.test" in line]
        assert told in line
    assert "may not" not in manager.stderr
    assert (manager.returncode, manager.stdout) == (nobody.returncode, nobody.stdout)


def test_the_doctor_finds_the_local_stack_well(run: Run) -> None:
    done = run("doctor", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["healthy"] is True


def test_settings_that_are_wrong_are_named_all_at_once(run: Run) -> None:
    done = run("operations", CREDIT_DESK_HOLD_S="-1", HUBSPOT_API_VERSION="v9")

    assert done.returncode == 1
    assert "CREDIT_DESK_HOLD_S" in done.stderr
    assert "HUBSPOT_API_VERSION" in done.stderr


def test_somebody_without_a_role_is_told_whom_to_ask(run: Run) -> None:
    done = run("refund", "--ids", "1", "--as", "stranger@example.test", "--dry-run")

    assert done.returncode == 1
    assert "Ask an admin" in done.stderr


def test_a_missing_marker_property_stops_everything_before_a_seat_is_freed(
    run: Run, sandbox: Mapping[str, str]
) -> None:
    booking = _an_active_booking(sandbox)
    with HubSpot(sandbox) as hubspot:
        marker = "/crm/properties/2026-09/0-1/credit_desk_last_write"
        hubspot.delete(marker).raise_for_status()
    try:
        refused = run("cancel", "--ids", booking, "--reason", "r")
        missing = json.loads(run("provision", "--dry-run", "--json").stdout)
        made = json.loads(run("provision", "--json").stdout)
    finally:
        run("provision")

    assert refused.returncode == 1
    assert "python -m core provision" in refused.stderr
    assert missing["faults"]
    assert made["made"] == ["property credit_desk_last_write of contacts"]
    done = run("cancel", "--ids", booking, "--reason", "r", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["counts"] == {"done": 1}
    assert report["state"] == "done"


def _an_active_booking(sandbox: Mapping[str, str]) -> str:
    """One whose credit can come back."""
    filters = [
        {"propertyName": "is_active", "operator": "EQ", "value": "Active"},
        {"propertyName": "token_used", "operator": "EQ", "value": "Clinical Skills Token"},
    ]
    asked = {"filterGroups": [{"filters": filters}], "limit": 1}
    with HubSpot(sandbox) as hubspot:
        answer = hubspot.post("/crm/objects/2026-09/2-50158943/search", json=asked)
    results: list[Any] = answer.raise_for_status().json()["results"]
    return str(results[0]["id"])


def test_roles_are_given_listed_and_withdrawn(run: Run) -> None:
    given = run("roles", "grant", "ben@example.test=manager", "eve@example.test=staff", "--json")
    listed = run("roles", "list", "--json")
    refused = run("roles", "list", "--as", "ben@example.test")
    taken = run("roles", "withdraw", "Ben@example.test", "--json")
    gone = run("refund", "--ids", "1", "--as", "ben@example.test", "--dry-run")

    assert given.returncode == 0, given.stderr
    held = {p["email"]: p["role"] for p in json.loads(listed.stdout)["people"]}
    assert held == {
        "admin@example.test": "admin",
        "ben@example.test": "manager",
        "eve@example.test": "staff",
    }
    assert refused.returncode == 1
    assert "may not give or withdraw roles" in refused.stderr
    told = json.loads(taken.stdout)
    assert ("Ben@example.test", "manager") == (told["withdrawn"], told["was"])
    assert gone.returncode == 1
    assert "has no role here" in gone.stderr


def test_all_faults_of_roles_are_told_at_once_and_none_is_given(run: Run) -> None:
    done = run("roles", "grant", "ben@example.test=boss", "eve", "ann@example.test=staff")

    assert done.returncode == 1
    assert "'ben@example.test=boss'" in done.stderr
    assert "'eve'" in done.stderr
    listed = json.loads(run("roles", "list", "--json").stdout)["people"]
    assert [person["email"] for person in listed] == ["admin@example.test"]
