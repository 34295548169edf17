"""What the store holds and no entry of the audit explains, and that honest work has no fault."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.health.audit_check.forged import Landed
from tests.contract.journal.given import NOW, outcome, running, saved, write
from tests.unit.services.desk import ADMIN
from tests.unit.services.test_forged import BEN, day


def test_honest_day_has_no_fault(journal: Journal) -> None:
    assert () == day(journal).core.audit_log.verify(ADMIN).faults


ROWS: dict[str, tuple[str, str]] = {
    "a role": (
        "INSERT INTO roles SELECT 'eve@example.test', 'admin', by, at FROM roles LIMIT 1",
        "eve@example.test has the role admin, and by the entries none",
    ),
    "a role raised": (
        "UPDATE roles SET role = 'admin'",
        f"{BEN} has the role admin, and by the entries manager",
    ),
    "a role taken": ("DELETE FROM roles", f"{BEN} has the role none, and by the entries"),
    "a key revived": (
        "UPDATE api_keys SET withdrawn_at = NULL WHERE client = 'old-app'",
        "holds, and by the entries it was withdrawn",
    ),
    "a key widened": (
        "UPDATE api_keys SET writes_a_day = NULL WHERE client = 'student-app'",
        "may something else than it was made for",
    ),
    "a key for ever": (
        "UPDATE api_keys SET expires_at = NULL WHERE client = 'student-app'",
        "may something else than it was made for",
    ),
    "a key taken": ("DELETE FROM api_keys WHERE client = 'old-app'", "is gone from the store"),
    "a movement taken": (
        "DELETE FROM movements WHERE booking_id = '502'",
        "tells of 1 movements of the write",
    ),
    "a write undone": ("UPDATE writes SET state = 'void'", "landed; the store does not"),
}


@pytest.mark.parametrize("name", ROWS)
def test_row_that_no_entry_explains_is_found(sqlite_journal_url: str, name: str) -> None:
    journal = SqlJournal(sqlite_journal_url)
    desk = day(journal)
    statement, told = ROWS[name]
    journal._db.write(lambda connection: connection.execute(text(statement)))

    found = desk.core.audit_log.verify(ADMIN).faults
    journal.close()
    assert any(told in fault for fault in found), found


def test_key_that_no_entry_made_is_found(sqlite_journal_url: str) -> None:
    journal = SqlJournal(sqlite_journal_url)
    desk = day(journal)
    statement = (
        "INSERT INTO api_keys (id, client, scopes, digest, made_by, made_at, withdrawn_by)"
        " SELECT '00000000000e', client, scopes, digest, made_by, made_at, '' FROM api_keys LIMIT 1"
    )
    journal._db.write(lambda connection: connection.execute(text(statement)))

    (fault,) = desk.core.audit_log.verify(ADMIN).faults
    journal.close()
    assert "no entry made the API key 00000000000e" in fault


def test_what_landed_is_told_by_portions_with_its_movements(journal: Journal) -> None:
    run = running(journal, "one", items=5)
    writes = [write(f"w{n}", f"b{n}", operation_id="one", target=f"c{n}") for n in range(3)]
    saved(journal, run, [*writes, write("w9", "b3", "b4", operation_id="one", target="c9")])
    journal.settle(run, [outcome("w0"), outcome("w9"), outcome("w2")], at=NOW)

    first = journal.landed_writes(after=0, limit=2)
    rest = journal.landed_writes(after=first[-1].seq, limit=2)

    assert [("w0", 1), ("w2", 1), ("w9", 2)] == [(one.id, one.movements) for one in first + rest]
    assert [] == journal.landed_writes(after=rest[-1].seq, limit=2)
    assert replace(rest[0], seq=0) == Landed(seq=0, id="w9", movements=2)
