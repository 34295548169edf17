"""A plan becomes an operation: an item for each of its rows, all of them or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.audit.entries import Entry, Sought, What
from core.credits.errors import UnknownId
from core.credits.records import BookingId, ContactId, ExamId
from core.operations.plans import Plan, Row
from core.operations.states import UNCHANGED, ItemState, item_of
from core.operations.store.plans import PORTION
from core.operations.verdicts import Verdict, Why
from tests.contract.journal.given import operation, plan_of


def of_every_verdict() -> Plan:
    """Each with all that a row can say, with a detail and without, and with little."""
    full = replace(
        plan_of(1).rows[0],
        contact_id=ContactId("c1"),
        exam_id=ExamId("e1"),
        attending_location="Calgary",
        dominant_hand="left",
        new_name="Clinical Skills-1-May 4, 2026",
        before=2,
        after=3,
    )
    both = ("", "5 credits")
    rows = [replace(full, verdict=verdict, detail=told) for verdict in Verdict for told in both]
    rows.append(Row(booking_id=BookingId(""), verdict=Verdict.BLOCKED, why=Why.NOT_FOUND))
    named = (replace(row, booking_id=BookingId(f"b{n}")) for n, row in enumerate(rows))
    return replace(plan_of(0), rows=tuple(named))


def confirmations(journal: Journal) -> list[Entry]:
    return [link.entry for link in journal.audit(Sought(what=(What.CONFIRMED,)))]


def test_an_operation_begins_with_an_item_for_each_row_of_its_plan(journal: Journal) -> None:
    plan = of_every_verdict()
    journal.save_plan(plan)

    assert journal.confirm_plan(operation(), plan)

    items = journal.items("op")
    assert [item_of("op", n, row) for n, row in enumerate(plan.rows)] == items
    assert {ItemState.PENDING, *UNCHANGED.values()} == {item.state for item in items}


def test_a_plan_of_several_portions_is_confirmed_whole(journal: Journal) -> None:
    plan = plan_of(PORTION + 7)
    journal.save_plan(plan)

    journal.confirm_plan(operation(), plan)

    assert [row.booking_id for row in plan.rows] == [i.booking_id for i in journal.items("op")]


def test_a_plan_is_confirmed_once(journal: Journal) -> None:
    plan = plan_of(3)
    journal.save_plan(plan)

    assert journal.confirm_plan(operation(reason="first"), plan)
    assert not journal.confirm_plan(operation(reason="second"), plan)

    assert ("first", 3) == (journal.operation("op").reason, len(journal.items("op")))
    assert 1 == len(confirmations(journal))


def test_a_plan_that_was_forgotten_is_not_confirmed(journal: Journal) -> None:
    with pytest.raises(UnknownId):
        journal.confirm_plan(operation(), plan_of(3))

    with pytest.raises(UnknownId):
        journal.operation("op")
    assert [] == confirmations(journal)


@pytest.mark.parametrize("journal", ["sqlite", "postgres"], indirect=True)
def test_a_plan_that_lost_a_row_is_not_confirmed(journal: SqlJournal) -> None:
    journal.save_plan(plan_of(3))

    with pytest.raises(UnknownId):
        journal.confirm_plan(operation(), plan_of(4))

    with pytest.raises(UnknownId):
        journal.operation("op")


def test_the_audit_says_what_the_plan_changes_and_what_stays(journal: Journal) -> None:
    plan = of_every_verdict()
    journal.save_plan(plan)

    journal.confirm_plan(operation(), plan)

    (entry,) = confirmations(journal)
    assert 2 == entry.detail["bookings"]
    assert {"skipped": 2, "blocked": 3, "excluded": 2} == entry.detail["left_as_they_are"]
    assert ("contact", "c1") == (entry.subject, entry.subject_id)
