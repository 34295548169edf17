"""The audit from the command line, over the local stack."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.app.stores import SqlJournal
from core.audit.entries import Entry, Sought, Subject, What
from core.cli.commands import audit  # noqa: F401 - adds its commands
from core.credits.roles import Grant, Role
from core.health.audit_check.heads import ShippedHead, line_of
from tests.contract.cli.test_messages import Run, run, settings
from tests.contract.journal.stores import past_the_triggers

__all__ = ["run", "settings"]  # fixtures

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ANN = "ann@example.test"


@pytest.fixture
def journal(settings: Mapping[str, str]) -> SqlJournal:
    """Three entries."""
    made = SqlJournal(settings["OPS_DATABASE_URL"], admins=["admin@example.test"])
    made.record(
        Entry(at=NOON, actor=ANN, what=What.SIGNED_IN),
        Entry(at=NOON, actor=ANN, what=What.LOOKED, subject=Subject.CONTACT, subject_id="7"),
        Entry(at=NOON, actor="admin@example.test", what=What.CONFIRMED, reason="=1+1"),
    )
    return made


def test_a_booking_is_found_by_its_id(run: Run, journal: SqlJournal) -> None:
    journal.record(
        Entry(at=NOON, actor=ANN, what=What.CANCELLED, subject=Subject.BOOKING, subject_id="53")
    )

    (entry,) = json.loads(run("audit", "--booking", "53", "--json").stdout)["entries"]

    assert ("cancelled a booking", "53") == (entry["what"], entry["subject_id"])
    journal.close()


def test_entries_are_listed_newest_first_and_narrowed(run: Run, journal: SqlJournal) -> None:
    listed = json.loads(run("audit", "--json").stdout)
    narrowed = json.loads(run("audit", "--actor", ANN, "--contact", "7", "--json").stdout)

    assert (3, [3, 2, 1]) == (listed["found"], [each["n"] for each in listed["entries"]])
    assert ("admin", "confirmed", "=1+1") == tuple(
        listed["entries"][0][name] for name in ("role", "what", "reason")
    )
    assert ["looked at a contact"] == [each["what"] for each in narrowed["entries"]]
    assert 0 == json.loads(run("audit", "--since", "2026-05-05", "--json").stdout)["found"]
    assert "signed in" in run("audit", "--what", "signed in", "--limit", "1").stdout
    journal.close()


def test_entries_are_written_as_csv_without_formulas(
    run: Run, journal: SqlJournal, tmp_path: Path
) -> None:
    file = tmp_path / "audit.csv"

    assert 3 == json.loads(run("audit", "--csv", str(file), "--json").stdout)["written"]

    with file.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert ["3", "2", "1"] == [row["n"] for row in rows]
    assert "'=1+1" == rows[0]["reason"]
    journal.close()


def test_a_slip_is_told(run: Run, journal: SqlJournal) -> None:
    assert "'sign in' is no act: " in run("audit", "--what", "sign in").stderr
    assert "ann@example.test has no role" in run("audit", "--as", ANN).stderr
    journal.close()


def test_verify_tells_the_head_and_every_fault(run: Run, journal: SqlJournal) -> None:
    whole = json.loads(run("audit", "verify", "--json").stdout)
    assert (True, 3) == (whole["whole"], whole["entries"])
    head = whole["head"]["hash"]
    assert 0 == run("audit", "verify", "--since", "2", "--expect", head).returncode
    assert 1 == run("audit", "verify", "--expect", "f" * 64).returncode

    def damage(connection: object) -> None:
        past_the_triggers(connection)  # type: ignore[arg-type]  # SQLAlchemy's
        connection.exec_driver_sql("DELETE FROM audit WHERE n = 2")  # type: ignore[attr-defined]

    journal._db.write(damage)
    done = run("audit", "verify", "--json")

    assert 1 == done.returncode
    assert ["entry 2 is missing"] == json.loads(done.stdout)["faults"]
    assert done.stderr.endswith("\nentry 2 is missing\n")
    journal.close()


def test_heads_of_a_file_must_be_in_the_chain(
    run: Run, journal: SqlJournal, tmp_path: Path
) -> None:
    head, _ = journal.audit_head()
    kept = ShippedHead(n=head.n, hash=head.hash, at=NOON)
    lost = ShippedHead(n=head.n, hash="0" * 64, at=NOON)
    file = tmp_path / "heads.jsonl"

    file.write_text(line_of(kept, "") + "\n")
    assert 0 == run("audit", "verify", "--heads", str(file)).returncode

    file.write_text(line_of(lost, "") + "\n")
    done = run("audit", "verify", "--heads", str(file))
    assert 1 == done.returncode
    assert "entry 3 with the hash 0000" in done.stderr
    journal.close()


def test_refused_command_is_recorded_with_its_channel(run: Run, journal: SqlJournal) -> None:
    journal.grant(Grant(email=ANN, role=Role.STAFF, by="admin@example.test", at=NOON))

    assert 1 == run("audit", "--as", ANN).returncode

    (link,) = journal.audit(Sought(what=(What.REFUSED,)))
    assert (ANN, "command") == (link.entry.actor, link.entry.detail["channel"])
    assert "may not watch operations" in link.entry.detail["why"]
    journal.close()
