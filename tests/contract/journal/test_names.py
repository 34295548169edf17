"""Names and e-mails of students are blanked; all else of an operation stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import pytest

from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.audit.store.event_port import Event
from core.credits.records import ContactId, Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.rows import erasure
from core.mirror.store.outbox_port import Due
from core.operations.plans import Plan, Row
from core.operations.states import Item, ItemState, OperationState
from tests.contract.journal.given import (
    ADMIN,
    NOW,
    REFUND,
    after,
    operation,
    outcome,
    plan_of,
    saved,
    write,
)

LATER = after(1000)
N = TypeVar("N", Row, Item)


def item_of(plan: Plan, n: int) -> Item:
    row = plan.rows[n]
    return Item(
        operation_id=plan.id,
        booking_id=row.booking_id,
        n=n,
        credit=row.credit,
        contact_id=row.contact_id,
        exam_id=row.exam_id,
        booking_name=row.booking_name,
        new_name=row.booking_name,
        contact_name=row.contact_name,
        contact_email=row.contact_email,
        exam_date=row.exam_date,
        mock_type=row.mock_type,
    )


def ended(
    journal: Journal,
    id_: str = "op",
    *,
    selection: str = "contact Ada Lovelace",
    state: ItemState = ItemState.DONE,
    at: datetime = NOW,
) -> Plan:
    """An operation of two items, which ended then, with what it wrote."""
    plan = replace(plan_of(2, plan_id=id_), selection=selection)
    journal.save_plan(plan)
    items = [item_of(plan, n) for n in range(2)]
    journal.confirm(operation(id_, selection=selection), items)
    journal.move(id_, OperationState.RUNNING, at=NOW, actor="")
    run, _ = journal.begin_run(id_, at=NOW)
    journal.claim(run, ["b0"], REFUND)
    saved(journal, run, [write(f"w-{id_}", "b0", operation_id=id_)])
    done = [replace(item, state=state, after=3) for item in items]
    journal.settle(run, [outcome(f"w-{id_}")], items=done, at=NOW)
    journal.move(id_, OperationState.DONE, at=at, actor="")
    return plan


def unnamed(each: N) -> N:
    return replace(each, booking_name="", new_name="", contact_name="", contact_email="")


def forgotten(journal: Journal, before: datetime = LATER) -> list[str]:
    ids = journal.naming_students(before=before, limit=10)
    for id_ in ids:
        journal.forget_students(id_, by=ADMIN, at=LATER)
    return ids


def test_nobody_is_named_any_more_in_what_ended(journal: Journal) -> None:
    ended(journal)

    assert ["op"] == journal.naming_students(before=LATER, limit=10)
    assert 4 == journal.forget_students("op", by=ADMIN, at=LATER)

    plan = journal.plan("op")
    told = (plan, plan.rows, journal.items("op"), journal.operation("op"))
    for name in ("Ada", "Lovelace", "ada@", "Clinical Skills-"):
        assert name not in repr(told)
    assert "students" == journal.operation("op").selection == plan.selection


def test_what_people_typed_is_forgotten_too(journal: Journal) -> None:
    ended(journal)
    typed = {"reason": "Ada is ill", "why": "Ada said so", "bookings": 2}
    for id_ in ("op", "other"):
        journal.record(Event(at=NOW, actor="ann", what="confirmed", operation_id=id_, detail=typed))

    forgotten(journal)

    assert "" == journal.operation("op").reason
    (told, *_) = journal.events(operation_id="op")
    assert {"bookings": 2} == told.detail
    (others,) = journal.events(operation_id="other")
    assert typed == others.detail


def test_ids_movements_claims_and_writes_stay(journal: Journal) -> None:
    plan = ended(journal)
    items = [unnamed(item) for item in journal.items("op")]
    kept = (journal.writes("op"), journal.progress("op"), journal.events())

    forgotten(journal)

    assert [unnamed(row) for row in plan.rows] == list(journal.plan("op").rows)
    assert items == journal.items("op")
    assert kept == (journal.writes("op"), journal.progress("op"), journal.events())
    assert {"b0"} == journal.claimed(["b0"], REFUND)


def test_forgetting_again_finds_nothing(journal: Journal) -> None:
    ended(journal)

    assert ["op"] == forgotten(journal)
    assert [] == forgotten(journal)
    assert 0 == journal.forget_students("op", by=ADMIN, at=LATER)


def test_only_what_ended_before_is_forgotten_oldest_first(journal: Journal) -> None:
    journal.save_plan(plan_of(1, plan_id="older", made_at=after(-20)))
    journal.save_plan(plan_of(1, plan_id="old", made_at=after(-10)))
    journal.save_plan(plan_of(1, plan_id="new", made_at=after(10)))

    assert ["older"] == journal.naming_students(before=NOW, limit=1)
    assert ["older", "old"] == journal.naming_students(before=NOW, limit=10)


@pytest.mark.parametrize(("at", "found"), [(after(-1), ["op"]), (NOW, [])])
def test_the_end_of_the_operation_counts_not_its_plan(
    journal: Journal, at: datetime, found: list[str]
) -> None:
    ended(journal, at=at)

    assert found == journal.naming_students(before=NOW, limit=10)


def test_what_still_runs_or_waits_for_a_person_keeps_its_names(journal: Journal) -> None:
    ended(journal, "undecided", state=ItemState.UNDECIDED)
    plan = plan_of(2, plan_id="held")
    journal.save_plan(plan)
    journal.confirm(operation("held"), [item_of(plan, 0)])

    assert [] == forgotten(journal)
    assert "Ada Lovelace" == journal.items("held")[0].contact_name


def test_an_exam_is_no_student(journal: Journal) -> None:
    ended(journal, selection="exam Clinical Skills, 4 May 2026, Toronto")

    forgotten(journal)

    assert "exam Clinical Skills, 4 May 2026, Toronto" == journal.operation("op").selection


def test_a_student_in_other_words_is_forgotten_too(journal: Journal) -> None:
    ended(journal, selection="Ada Lovelace: Clinical Skills, 4 May 2026")

    forgotten(journal)

    assert "a student: Clinical Skills, 4 May 2026" == journal.operation("op").selection


def test_one_student_is_erased_from_plans_and_operations_and_the_others_stay(
    journal: Journal,
) -> None:
    plan = ended(journal)
    rows = list(plan.rows)
    other = replace(rows[1], contact_id=ContactId("c9"), contact_name="Grace Hopper")
    preview = replace(plan_of(2, plan_id="preview"), rows=(rows[0], other))
    preview = replace(preview, selection="exam 7 with Ada Lovelace and Grace Hopper")
    journal.save_plan(preview)
    student = str(rows[0].contact_id)

    assert journal.erase_student(student, row_deleted=True, at=LATER)

    told = repr((journal.plan("op"), journal.items("op"), journal.operation("op")))
    assert not any(name in told for name in ("Ada", "Lovelace", "ada@"))
    assert (unnamed(rows[0]), other) == journal.plan("preview").rows
    assert "exam 7 with a student and Grace Hopper" == journal.plan("preview").selection
    assert 1 == len(journal.audit(Sought(what=(What.ERASED,))))
    assert 0 == journal.erase_student(student, row_deleted=False, at=LATER)
    assert 1 == len(journal.audit(Sought(what=(What.ERASED,)))), "nothing was left to erase"


def test_drift_and_repairs_of_an_erased_student_keep_balances_alone(journal: Journal) -> None:
    values = {"email": "ada@example.test", "sj_credits": 2}
    drifts = [
        Drift(
            kind=kind,
            record_id=id_,
            cause=Cause.UNEXPLAINED,
            columns=("sj_credits", "email"),
            truth=values,
            mirror=values,
            evidence="",
            since=NOW,
        )
        for kind, id_ in ((Kind.CONTACT, "1"), (Kind.CONTACT, "2"), (Kind.EXAM, "1"))
    ]
    asked = Sweep(id="s", mode=SweepMode.FULL, state=SweepState.ASKED, started_at=NOW, saved_at=NOW)
    journal.ask_sweep(asked)
    journal.save_sweep(journal.take_sweep("s"), drifts)
    repair = Repair(id="r", asked_by=ADMIN, asked_at=NOW, digest="d")
    lines = [RepairRow(drift=each, n=n, truth_now=values) for n, each in enumerate(drifts)]
    journal.ask_repair(repair, lines)

    assert 2 == journal.erase_student("1", row_deleted=False, at=LATER)

    kept = {"sj_credits": 2}
    swept = {(each.kind, each.record_id): each for each in journal.drifts("s")}
    mended = journal.repair_rows("r")
    assert kept == swept[Kind.CONTACT, "1"].truth == swept[Kind.CONTACT, "1"].mirror
    assert values == swept[Kind.CONTACT, "2"].truth == swept[Kind.EXAM, "1"].truth
    assert [kept, values, values] == [row.drift.truth for row in mended]
    assert [kept, values, values] == [row.truth_now for row in mended]


def test_an_erasure_replaces_what_waits_for_a_student_and_stays_until_it_is_made(
    journal: Journal,
) -> None:
    row = {"hubspot_id": "1", "source_modified_at": NOW.isoformat(), "email": "ada@example.test"}
    copy = Due(kind=Kind.CONTACT, record_id="1", row=row)
    journal.put_due([copy], at=NOW)

    journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=erasure("1"))], at=NOW)
    assert erasure("1") == journal.waiting(Kind.CONTACT, ["1"])["1"].row
    for later in (copy, Due(kind=Kind.CONTACT, record_id="1", row=None)):
        journal.put_due([later], at=after(1))
        assert erasure("1") == journal.waiting(Kind.CONTACT, ["1"])["1"].row
