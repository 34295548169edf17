"""Which store a command acts on: it is named, made where it is missing, and doubted when new."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.app.stores import SqlJournal
from core.audit.entries import Entry, What
from core.credits.errors import JournalError
from core.credits.roles import Role
from core.health.doctor import Diagnosing
from core.health.store_report import StoreReport
from core.hubspot.ports.inspection import Health
from scripts.processes import ROOT
from tests.commands import app
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import ADMIN, Account, TestDesk
from tests.unit.test_cli_roles import WHO, desk

__all__ = ["desk"]  # a fixture

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADDRESS = "sqlite:///desk.sqlite"
#: Of an account that does not answer: nothing here needs it.
ACCOUNT = {
    "HUBSPOT_TOKEN": "pat-na1-x",
    "HUBSPOT_BASE_URL": "http://127.0.0.1:9",
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
    "CREDIT_DESK_ADMINS": "ann@example.test",
    "PYTHONPATH": str(ROOT),
}


def run(*args: str) -> Result:
    return CliRunner().invoke(app, [*args, "--as", WHO[Role.ADMIN], "--json"])


def settings_at_start(journal: MemoryJournal) -> None:
    journal.record(Entry(at=NOON, actor="start", what=What.SETTINGS, after={"A": "1"}))


def finding(journal: MemoryJournal) -> Any:
    store = StoreReport(journal, ADDRESS).look
    doctor = Diagnosing(Account(), FakeMirror(), journal, store=store, now=lambda: NOON)
    (found,) = (each for each in doctor.findings() if each.what == "operational store")
    return found


def test_every_command_opens_the_store_by_the_way_that_names_it() -> None:
    """``wiring.opened`` itself says nothing."""
    calls = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "core" / "cli").rglob("*.py")
        if path.name != "opened_store.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "opened"
    ]

    assert [] == calls


def test_a_command_names_its_store_on_stderr_and_in_its_json(desk: TestDesk) -> None:
    done = run("roles", "list")

    assert done.stderr.startswith(f"store: {ADDRESS} (")
    assert ADDRESS == json.loads(done.stdout)["store"]["address"]


def test_a_store_is_new_until_something_is_recorded() -> None:
    journal = MemoryJournal()
    new = StoreReport(journal, ADDRESS).look()
    journal.record(Entry(at=NOON, actor=ADMIN.email, what=What.ROLE_GIVEN))
    used = StoreReport(journal, ADDRESS).look()
    settings_at_start(journal)
    started = StoreReport(journal, ADDRESS).look()

    assert (True, 0, "new: nothing was ever recorded in it") == (
        new.is_new,
        new.entries,
        new.remark,
    )
    assert (False, "no app or worker has ever started on it") == (used.is_new, used.remark)
    assert (True, "no operation was ever confirmed in it") == (started.has_started, started.remark)


def test_a_store_with_an_operation_needs_no_remark(desk: TestDesk) -> None:
    desk.confirm("53")

    assert ADDRESS == str(StoreReport(desk.journal, ADDRESS).look())


def test_the_doctor_doubts_a_store_on_which_nothing_ever_started() -> None:
    journal = MemoryJournal()
    doubted = finding(journal)
    settings_at_start(journal)
    fine = finding(journal)

    assert (Health.WARNING, True) == (doubted.health, "not its store" in doubted.mend)
    assert (Health.FINE, f"{ADDRESS}, 1 audit entries") == (fine.health, fine.said)


@pytest.mark.parametrize("command", [("refund", "--owed", "--dry-run"), ("owed",)])
def test_what_is_owed_is_doubted_in_a_store_that_never_saw_an_operation(
    desk: TestDesk, command: tuple[str, ...]
) -> None:
    before = run(*command)
    desk.confirm("53")
    after = run(*command)

    assert "no operation was ever confirmed in this store" in before.stderr
    assert json.loads(before.stdout)["store"]["has_operations"] is False
    assert "warning" not in after.stderr


def test_a_fresh_folder_gets_its_store_for_its_owner_alone(tmp_path: Path) -> None:
    """As on a fresh clone: no ``.state`` is there yet."""
    env = {name: value for name, value in os.environ.items() if name != "OPS_DATABASE_URL"}

    done = subprocess.run(
        [sys.executable, "-m", "core", "audit", "verify", "--json"],
        cwd=tmp_path, env=env | ACCOUNT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    told = json.loads(done.stdout)
    file = tmp_path / ".state" / "credit-desk.sqlite"
    assert (2, None, True) == (done.returncode, told["whole"], told["store"]["new"])
    assert f"sqlite:///{file}" == told["store"]["address"]
    assert f"the audit log of sqlite:///{file} is empty" in done.stderr
    assert (0o700, 0o600) == (S_IMODE(file.parent.stat().st_mode), S_IMODE(file.stat().st_mode))


def test_a_store_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JournalError) as refused:
        SqlJournal(f"sqlite:///{tmp_path}/file/deeper/desk.sqlite")

    assert f"sqlite:///{tmp_path}/file/deeper/desk.sqlite cannot be opened" in str(refused.value)
    assert "Not a directory" in str(refused.value)
    assert "Run this as the user that the service runs as" in str(refused.value)
