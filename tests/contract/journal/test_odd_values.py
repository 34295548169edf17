"""One record with a value that a database cannot keep costs no other record its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.audit.chain import EMPTY, digest
from core.audit.entries import Entry, Sought, What
from core.credits.errors import UnknownId, UnknownWord
from core.credits.records import Kind
from core.database.database import SCHEMA
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.store.outbox_port import Due
from tests.contract.journal.given import NOW, plan_of, running

ODD_TEXTS = ["a\0b", "a\ud83db", "\u202emaerb", "x" * 65_536]
SQL = pytest.mark.parametrize("journal", ["sqlite", "postgres"], indirect=True)


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=["nul", "half an emoji", "right to left", "64 kB"])
def test_a_plan_with_an_odd_name_is_saved_with_its_other_rows(journal: Journal, odd: str) -> None:
    plan = plan_of(3)
    rows = (plan.rows[0], replace(plan.rows[1], contact_name=odd), plan.rows[2])

    journal.save_plan(replace(plan, rows=rows, selection=odd))

    kept = journal.plan("op").rows
    assert (rows[0], rows[2]) == (kept[0], kept[2])
    assert len(odd) == len(kept[1].contact_name)


@SQL
def test_a_nul_is_kept_as_the_replacement_character(journal: SqlJournal) -> None:
    plan = plan_of(1)
    rows = (replace(plan.rows[0], contact_name="A\0da"),)

    journal.save_plan(replace(plan, rows=rows))

    assert "A\ufffdda" == journal.plan("op").rows[0].contact_name


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=["nul", "half an emoji", "right to left", "64 kB"])
def test_a_copy_with_an_odd_text_is_due_beside_the_others(journal: Journal, odd: str) -> None:
    rows = [{"hubspot_id": id_, "email": email} for id_, email in (("1", odd), ("2", "b@x.test"))]
    dues = [Due(kind=Kind.CONTACT, record_id=str(row["hubspot_id"]), row=row) for row in rows]

    journal.put_due(dues, at=NOW)
    journal.copy_failed([replace(journal.waiting(Kind.CONTACT, ["1"])["1"], error=odd)])

    assert {"1", "2"} == journal.waiting(Kind.CONTACT, ["1", "2"]).keys()
    assert "b@x.test" == (journal.waiting(Kind.CONTACT, ["2"])["2"].row or {})["email"]


@pytest.mark.parametrize(
    "odd", [10**30, -(10**30), 1e308, "a\0b", "a\ud83db", None, [1, "\0"]], ids=repr
)
def test_a_drift_with_an_odd_value_is_saved_beside_the_others(
    journal: Journal, odd: object
) -> None:
    journal.ask_sweep(
        Sweep(
            id="s",
            mode=SweepMode.FULL,
            state=SweepState.ASKED,
            started_at=NOW,
            saved_at=NOW,
        )
    )
    sweep = journal.take_sweep("s")
    found = [
        Drift(
            kind=Kind.EXAM,
            record_id=id_,
            cause=Cause.UNEXPLAINED,
            columns=("capacity",),
            truth={"capacity": capacity},
            mirror={"capacity": 3},
            evidence=f"holds {capacity!r}",
            since=NOW,
        )
        for id_, capacity in (("1", odd), ("2", 30))
    ]

    journal.save_sweep(sweep, found)

    one, other = journal.drifts("s")
    assert ("1", "2", {"capacity": 30}) == (one.record_id, other.record_id, other.truth)
    assert {Cause.UNEXPLAINED: 2} == journal.drift_counts("s")


@SQL
def test_the_audit_stays_whole_with_odd_words_in_it(journal: SqlJournal) -> None:
    entry = Entry(
        at=NOW,
        actor="ann@example.test",
        what=What.REPAIRED,
        subject="exam",
        subject_id="7\0",
        reason="because \0 of \ud83d",
        before={"capacity": 10**30, "name": "a\0b"},
        after={"capacity": float("nan")},
    )

    journal.record(entry)

    (link,) = journal.audit(Sought(what=(What.REPAIRED,)))
    assert link.hash == digest(link.n, EMPTY.hash, link.texts), "as it was saved, so it verifies"
    assert {"capacity": "1" + "0" * 30, "name": "a\ufffdb"} == link.entry.before


@pytest.mark.parametrize("odd", ["a\0b", "a\ud83db"])
def test_an_odd_id_is_an_unknown_id(journal: Journal, odd: str) -> None:
    for ask in (journal.plan, journal.operation, journal.sweep, journal.repair):
        with pytest.raises(UnknownId):
            ask(odd)


@SQL
@pytest.mark.parametrize(
    ("ask", "table"),
    [
        (lambda journal: journal.operation("op"), "operations"),
        (lambda journal: journal.operations(), "operations"),
        (lambda journal: journal.plan("op"), "plans"),
        (lambda journal: journal.begin_run("op", at=NOW), "operations"),
    ],
    ids=["an operation", "all operations", "a plan", "a run"],
)
def test_a_kind_of_operation_that_a_newer_version_stored_is_named_and_nothing_is_done(
    journal: SqlJournal, ask: Callable[[SqlJournal], object], table: str
) -> None:
    running(journal)
    journal.save_plan(plan_of(1))
    changed = text(f"UPDATE {_named(journal, table)} SET kind = 'lend'")  # noqa: S608
    journal._db.write(lambda connection: connection.execute(changed))

    with pytest.raises(UnknownWord, match="the operation kind 'lend', which this version"):
        ask(journal)


def _named(journal: SqlJournal, table: str) -> str:
    return table if journal._db.on_sqlite else f"{SCHEMA}.{table}"
