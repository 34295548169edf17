"""Processes that open one fresh file at once all get to work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.database.sqlite import PATIENCE_S, Commits, log_ahead


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.sqlite"


@pytest.fixture
def other(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process, which makes the switch right now."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("create table t (x)")
        connection.execute("begin exclusive")
        yield connection


def test_the_switch_waits_for_whoever_makes_it_now(file: Path, other: sqlite3.Connection) -> None:
    slept = []

    def sleep(pause_s: float) -> None:
        slept.append(pause_s)
        if len(slept) == 3:
            other.execute("commit")

    with closing(sqlite3.connect(file, timeout=0)) as connection:
        log_ahead(connection, seconds=lambda: 0.0, sleep=sleep)
        assert [("wal",)] == connection.execute("pragma journal_mode").fetchall()
    assert 3 == len(slept)


def test_a_file_that_stays_locked_is_told_in_the_end(file: Path, other: sqlite3.Connection) -> None:
    times = iter([0.0, 1.0, PATIENCE_S])

    with (
        closing(sqlite3.connect(file, timeout=0)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        log_ahead(connection, seconds=lambda: next(times), sleep=lambda _: None)
    assert other.in_transaction


def test_what_is_no_database_is_told_at_once(file: Path) -> None:
    file.write_bytes(b"no database at all" * 100)

    def never(_: float) -> None:
        raise AssertionError("waited")

    with (
        closing(sqlite3.connect(file)) as connection,
        pytest.raises(sqlite3.DatabaseError, match="not a database"),
    ):
        log_ahead(connection, seconds=lambda: 0.0, sleep=never)


def test_commits_are_told_of_other_connections_and_of_nothing_else(tmp_path: Path) -> None:
    file = str(tmp_path / "desk.sqlite")
    commits = Commits(file)
    with closing(sqlite3.connect(file)) as writer:
        log_ahead(writer)
        writer.execute("CREATE TABLE t (n)")
        seen = [commits.count(), commits.count()]
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES (1)")
        seen.append(commits.count())
        writer.commit()
        seen.append(commits.count())
        writer.execute("SELECT * FROM t").fetchall()
        seen.append(commits.count())
        writer.execute("BEGIN IMMEDIATE")
        writer.rollback()
        seen.append(commits.count())
    first, second = seen[0], seen[3]
    commits.close()

    assert [first, first, first, second, second, second] == seen
    assert first != second


def test_a_file_that_cannot_be_opened_tells_no_commits(tmp_path: Path) -> None:
    assert Commits(str(tmp_path / "none" / "desk.sqlite")).count() is None
