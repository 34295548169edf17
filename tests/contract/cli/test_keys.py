"""Keys from the command line: made, told once, listed without themselves, withdrawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.access.api_key_rules import id_of
from core.cli.commands import keys  # noqa: F401 - adds its commands
from tests.commands import app


@pytest.fixture
def settings(sandbox: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    return {
        **sandbox,
        "OPS_DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite",
        "CREDIT_DESK_ADMINS": "admin@example.test",
    }


def test_a_key_is_made_listed_and_withdrawn(settings: dict[str, str]) -> None:
    def run(*args: str) -> Any:
        done = CliRunner().invoke(app, ["keys", *args, "--json"], env=settings)
        assert 0 == done.exit_code, done.stderr
        return json.loads(done.stdout)

    made = run("make", "student-app", "--scope", "read", "--scope", "book", "--until", "2031-05-31")
    assert (made["id"], ["book", "read"], "2031-06-01T00:00:00+00:00") == (
        id_of(made["key"]), made["scopes"], made["expires_at"],
    )  # fmt: skip
    listed = run("list")["keys"]
    assert [(made["id"], True, "admin@example.test")] == [
        (key["id"], key["holds"], key["made_by"]) for key in listed
    ]
    assert made["key"] not in json.dumps(listed)

    assert made["id"] == run("withdraw", made["id"])["withdrawn"]
    assert [False] == [key["holds"] for key in run("list")["keys"]]


def test_all_that_is_wrong_is_told_in_one_line_and_nothing_is_made(
    settings: dict[str, str],
) -> None:
    def said(*args: str) -> str:
        done = CliRunner().invoke(app, ["keys", *args, "--json"], env=settings)
        assert (1, "") == (done.exit_code, done.stdout)
        return done.stderr

    slips = said("make", "student-app", "--scope", "write", "--until", "31.5.2031")
    assert "'write': no scope; one of read, book, cancel" in slips
    assert "--until '31.5.2031'" in slips
    assert "no name for an app" in said("make", "Student App", "--scope", "read")
    assert "no API key 0" in said("withdraw", "0")


def test_key_is_limited_when_it_is_made_and_all_are_withdrawn_by_one_command(
    settings: dict[str, str],
) -> None:
    def run(*args: str) -> Any:
        done = CliRunner().invoke(app, ["keys", *args, "--json"], env=settings)
        assert 0 == done.exit_code, done.stderr
        return json.loads(done.stdout)

    limited = run(
        "make", "student-app", "--scope", "book", "--network", "203.0.113.7", "--network",
        "2001:db8::/32", "--writes-a-day", "40", "--needs-student",
    )  # fmt: skip
    endless = run("make", "old-app", "--scope", "read", "--until", "never")

    lasts = datetime.fromisoformat(limited["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=364) < lasts <= timedelta(days=365)
    assert (["203.0.113.7/32", "2001:db8::/32"], 40, True) == (
        limited["networks"], limited["writes_a_day"], limited["needs_student"],
    )  # fmt: skip
    assert endless["expires_at"] is None

    withdrawn = run("withdraw-all")
    assert (2, {"student-app", "old-app"}) == (
        withdrawn["withdrawn"], {key["client"] for key in withdrawn["keys"]},
    )  # fmt: skip
    assert 0 == run("withdraw-all")["withdrawn"]


def test_network_that_is_none_is_told(settings: dict[str, str]) -> None:
    args = ["keys", "make", "app", "--scope", "read", "--network", "the office"]
    done = CliRunner().invoke(app, args, env=settings)

    assert 1 == done.exit_code
    assert "'the office' is no network" in done.stderr
