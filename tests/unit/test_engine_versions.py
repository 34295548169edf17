"""On which Python and SQLite the engine is refused: versions are passed in, files are real."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing, nullcontext
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from core.app import wiring
from core.credits.errors import EngineError
from core.health.store_report import StoreReport
from core.workers.engine.proof import tables_fault
from core.workers.engine.versions import version_fault
from tests.commands import app
from tests.fakes.journal import MemoryJournal

URL = "sqlite:////nowhere/desk-engine.sqlite"
STAMPS = {"old": "strftime('%s','now')", "new": "unixepoch('subsec')"}


def made(folder: Path, stamp: str) -> str:
    """The engine's file as DBOS makes it; "old": with Python 3.11."""
    file = folder / "desk-engine.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE application_versions (version_id TEXT NOT NULL PRIMARY KEY, version_name "
            f"TEXT NOT NULL UNIQUE, version_timestamp INTEGER NOT NULL DEFAULT ({stamp} * 1000))"
        )
    return f"sqlite:///{file}"


@pytest.mark.parametrize(
    ("python", "sqlite"),
    [
        ((3, 11, 7), (3, 35, 0)),
        ((3, 11, 7), (3, 40, 1)),
        ((3, 12, 0), (3, 42, 0)),
        ((3, 13, 0), (3, 45, 1)),
        ((3, 14, 0), (3, 50, 4)),
    ],
)
def test_the_engine_runs_on_these(python: tuple[int, ...], sqlite: tuple[int, ...]) -> None:
    assert "" == version_fault(URL, python=python, sqlite=sqlite)


@pytest.mark.parametrize(
    ("python", "sqlite", "needed"),
    [
        ((3, 12, 0), (3, 41, 2), "3.42"),
        ((3, 12, 1), (3, 40, 1), "3.42"),
        ((3, 13, 0), (3, 37, 2), "3.42"),
        ((3, 14, 0), (3, 40, 1), "3.42"),
        ((3, 11, 7), (3, 34, 1), "3.35"),
    ],
)
def test_the_engine_is_refused_on_these_with_the_remedy(
    python: tuple[int, ...], sqlite: tuple[int, ...], needed: str
) -> None:
    told = version_fault(URL, python=python, sqlite=sqlite)

    assert f"Python {'.'.join(map(str, python))} here uses SQLite" in told
    assert f"needs SQLite {needed} or newer" in told
    assert "OPS_DATABASE_URL" in told


def test_on_postgresql_the_sqlite_of_python_does_not_matter() -> None:
    url = "postgresql://desk@db.test/desk"

    assert "" == version_fault(url, python=(3, 13, 0), sqlite=(3, 34, 0))


def test_a_file_that_a_newer_sqlite_made_is_refused_on_an_older_one(tmp_path: Path) -> None:
    """Its default is NULL there, whatever Python writes it."""
    url = made(tmp_path, STAMPS["new"])

    assert "" == version_fault(url, python=(3, 11, 7), sqlite=(3, 42, 0))
    told = version_fault(url, python=(3, 11, 7), sqlite=(3, 40, 1))
    assert f"{tmp_path}/desk-engine.sqlite was made by another Python" in told
    assert "remove this file" in told


def test_a_file_that_an_older_sqlite_made_is_no_fault(tmp_path: Path) -> None:
    url = made(tmp_path, STAMPS["old"])

    assert "" == version_fault(url, python=(3, 11, 7), sqlite=(3, 40, 1))


def test_the_doctor_finds_tables_that_take_no_row_and_leaves_none(tmp_path: Path) -> None:
    """``NULL * 1000``: what ``unixepoch('subsec')`` makes of it before SQLite 3.42."""
    assert "" == tables_fault(f"sqlite:///{tmp_path}/none.sqlite")
    (tmp_path / "fine").mkdir()
    fine = made(tmp_path / "fine", STAMPS["old"])
    broken = made(tmp_path, "NULL")

    assert "" == tables_fault(fine)
    told = "NOT NULL constraint failed: application_versions.version_timestamp"
    assert f"its tables take no row: {told}" == tables_fault(broken)
    with closing(sqlite3.connect(tmp_path / "fine" / "desk-engine.sqlite")) as connection:
        assert [] == connection.execute("SELECT * FROM application_versions").fetchall()


def test_nothing_starts_where_the_engine_is_refused() -> None:
    began: list[str] = []
    parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(wiring.Runtime))
    parts |= {
        "engine_refusal": lambda: "SQLite is too old",
        "at_start": lambda: began.append("settings"),
    }
    runtime = wiring.Runtime(**parts)

    with pytest.raises(EngineError, match=r"SQLite is too old\. What was confirmed waits"):
        runtime.start()
    assert [] == began


def test_a_worker_that_is_refused_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise EngineError("SQLite is too old")

    runtime = SimpleNamespace(
        core=SimpleNamespace(access_log=None, operation_commands=SimpleNamespace(now=lambda: None)),
        store=StoreReport(MemoryJournal(), "sqlite:///desk.sqlite"),
        fitness=SimpleNamespace(),
        start=refuse,
    )
    monkeypatch.setattr(wiring, "opened", lambda: nullcontext(runtime))
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    done = CliRunner().invoke(app, ["worker", "--json"])

    assert 1 == done.exit_code
    assert done.stderr.endswith("\nSQLite is too old\n")
