"""The bytes of a SQLite store: its owner's alone, and without what was forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from stat import S_IMODE
from unittest.mock import Mock

import pytest

from core.access.store.rate import SharedPace
from core.app.stores import SqlJournal
from core.credits.records import ContactId
from core.database import database
from core.operations.plans import Row
from core.operations.states import Item, OperationState
from core.workers.engine.dbos_runtime import System
from core.workers.engine.proof import _never
from tests.contract.journal.given import ADMIN, NOW, after, operation, plan_of
from tests.contract.journal.test_names import item_of

ROWS = 400
STUDENT = "Zebulon"
LATER = after(1000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store" / "desk.sqlite"


@pytest.fixture
def journal(file: Path) -> Iterator[SqlJournal]:
    opened = SqlJournal(f"sqlite:///{file}")
    yield opened
    opened.close()


def named(row: Row, n: int) -> Row:
    return replace(
        row,
        contact_name=f"{STUDENT} {n} of Somewhere Far Away",
        contact_email=f"{STUDENT}.{n}@example.test",
        booking_name=f"{STUDENT}-{n}",
        contact_id=ContactId(f"c{n}"),
    )


def ended(journal: SqlJournal, id_: str, *, state: OperationState = OperationState.DONE) -> None:
    """An operation on so many students that its rows fill pages; each is changed once more."""
    plan = plan_of(ROWS, plan_id=id_)
    plan = replace(plan, rows=tuple(named(row, n) for n, row in enumerate(plan.rows)))
    journal.save_plan(plan)
    items: list[Item] = [item_of(plan, n) for n in range(ROWS)]
    said = f"the mother of {STUDENT} called"
    journal.confirm(operation(id_, reason=said, selection=f"contact {STUDENT} 1"), items)
    journal.move(id_, OperationState.RUNNING, at=NOW, actor="")
    journal.move(id_, state, at=NOW, actor="", detail=said)


def found_in_files(folder: Path) -> list[str]:
    """The files that hold the student's name, in whichever case."""
    word = STUDENT.lower().encode()
    return sorted(each.name for each in folder.iterdir() if word in each.read_bytes().lower())


def test_no_byte_of_a_forgotten_student_is_left_in_any_file_of_the_store(
    journal: SqlJournal, file: Path
) -> None:
    ended(journal, "before")
    journal.forget_students("before", by=ADMIN, at=LATER)  # the one that rebuilds the file
    ended(journal, "op")
    assert found_in_files(file.parent)

    journal.forget_students("op", by=ADMIN, at=LATER)
    journal.forget_reasons(before=LATER, by=ADMIN, at=LATER)

    assert [] == found_in_files(file.parent)
    assert ROWS == len(journal.plan("op").rows)


def test_no_byte_of_an_erased_student_is_left_while_the_others_stay(
    journal: SqlJournal, file: Path
) -> None:
    plan = plan_of(ROWS)
    others = [replace(row, contact_id=ContactId(f"c{n}")) for n, row in enumerate(plan.rows)]
    journal.save_plan(replace(plan, rows=(named(others[0], 0), *others[1:])))
    assert found_in_files(file.parent)

    journal.erase_student("c0", row_deleted=True, at=LATER)

    assert [] == found_in_files(file.parent)
    assert b"example.test" in file.read_bytes() or others[1].contact_email == ""


def test_what_an_older_release_deleted_is_gone_after_the_next_forgetting(
    journal: SqlJournal, file: Path
) -> None:
    """It left deleted rows in free pages."""
    ended(journal, "op")
    with closing(sqlite3.connect(file)) as older:
        older.execute("PRAGMA secure_delete=OFF")
        older.execute("CREATE TABLE scribbles (words TEXT)")
        words = [(f"{STUDENT} {n} and much more" * 20,) for n in range(ROWS)]
        older.executemany("INSERT INTO scribbles VALUES (?)", words)
        older.commit()
        older.execute("DELETE FROM scribbles")
        older.commit()
    journal.forget_students("op", by=ADMIN, at=LATER)
    journal.forget_reasons(before=LATER, by=ADMIN, at=LATER)

    assert [] == found_in_files(file.parent)


def test_a_reader_delays_the_scrubbing_and_fails_nothing(
    journal: SqlJournal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ended(journal, "op")
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM plans").fetchone()

        assert journal.forget_students("op", by=ADMIN, at=LATER)

    assert "what was forgotten" in caplog.text
    journal.forget_reasons(before=LATER, by=ADMIN, at=LATER)
    assert [] == found_in_files(file.parent)


def test_a_scrubbing_that_fails_leaves_the_forgetting_done(
    journal: SqlJournal,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A damaged page is no operational error to SQLite."""
    ended(journal, "op")
    broken = sqlite3.DatabaseError("database disk image is malformed")
    with monkeypatch.context() as patch:
        patch.setattr(database, "scrub", Mock(side_effect=broken))
        assert journal.forget_students("op", by=ADMIN, at=LATER)
        assert journal.forget_reasons(before=LATER, by=ADMIN, at=LATER)

    assert "still in its file: database disk image is malformed" in caplog.text
    journal.forget_reasons(before=LATER, by=ADMIN, at=LATER)
    assert [] == found_in_files(file.parent)


def test_every_file_of_the_store_is_its_owners_alone(tmp_path: Path, file: Path) -> None:
    url = f"sqlite:///{file}"
    with closing(SqlJournal(url)) as journal, closing(SharedPace(url)) as pace:
        ended(journal, "op")
        pace.take("key", rate=10, most=10)
        system = System(url, "worker", _never, _never)
        system.launch()
        modes = {each.name: S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
        system.destroy()

    assert {0o600} == set(modes.values()), modes
    assert {"desk.sqlite", "desk.sqlite-wal", "desk-engine.sqlite", "desk-engine.sqlite-wal"} <= {
        *modes
    }
    assert 0o700 == S_IMODE(file.parent.stat().st_mode)


def test_files_that_an_older_release_left_open_to_others_are_closed(file: Path) -> None:
    url = f"sqlite:///{file}"
    with closing(SqlJournal(url)) as journal:
        ended(journal, "op")
        held = sorted(file.parent.iterdir())
        for each in held:
            each.chmod(0o644)
        SqlJournal(url).close()

        assert {0o600} == {S_IMODE(each.stat().st_mode) for each in held}
        assert len(held) > 1
