from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.app.journal import Journal
from core.credits.errors import UnknownId
from core.credits.records import TOTAL_BOOKINGS, ExamId, Kind
from core.credits.writes import MovementKind, WriteState
from core.operations.states import RETRYABLE, ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import (
    ADMIN,
    CS,
    NOW,
    REFUND,
    SJ,
    item,
    operation,
    outcome,
    running,
    saved,
    write,
)


def test_items_come_back_in_plan_order(journal: Journal) -> None:
    items = [item(n) for n in range(12)]
    journal.confirm(operation(), [*items[6:], *items[:6]])

    assert items == journal.items("op")
    assert items[4:7] == journal.items("op", limit=3, offset=4)


def test_items_of_another_operation_stay_apart(journal: Journal) -> None:
    running(journal, "op", 2)
    running(journal, "other", 1)

    assert ["b0", "b1"] == [i.booking_id for i in journal.items("op")]


def test_items_can_be_asked_for_by_state_and_by_booking(journal: Journal) -> None:
    run = running(journal)
    journal.update_items(run, [item(1, state=ItemState.CLAIMED), item(3, state=ItemState.DONE)])

    of_state = journal.items("op", states={ItemState.CLAIMED, ItemState.DONE})
    of_booking = journal.items("op", bookings=[item(1).booking_id, item(2).booking_id])
    of_both = journal.items("op", states={ItemState.PENDING}, bookings=[item(1).booking_id])

    assert [1, 3] == [i.n for i in of_state]
    assert [1, 2] == [i.n for i in of_booking]
    assert [] == of_both


def test_what_is_learned_of_items_is_saved(journal: Journal) -> None:
    run = running(journal)
    learned: dict[str, Any] = {
        "state": ItemState.UNDECIDED,
        "why": "HubSpot keeps no history of it: look at both balances",
        "cancelled": True,
        "cancel_sent": True,
        "before": 2,
        "after": 3,
        "exam_id": ExamId("moved there"),
        "new_name": "Clinical Skills-1-May 11, 2026",
    }
    alike = [replace(item(n), **learned) for n in (0, 2)]
    other = replace(
        alike[0], booking_id=item(3).booking_id, contact_id=item(3).contact_id, n=3, after=4
    )

    journal.update_items(run, [*alike, other])
    journal.update_items(run, [])

    assert [alike[0], item(1), alike[1], other] == journal.items("op")


def test_an_item_that_the_operation_does_not_have_is_refused_and_nothing_saved(
    journal: Journal,
) -> None:
    run = running(journal, items=2)

    with pytest.raises(UnknownId, match="has not all of"):
        journal.update_items(run, [item(0, state=ItemState.DONE), item(7, state=ItemState.DONE)])

    assert [item(0), item(1)] == journal.items("op")


def test_retry_takes_each_item_up_where_it_stood(journal: Journal) -> None:
    run = running(journal, items=6, state=OperationState.RUNNING)
    journal.update_items(
        run,
        [
            item(0, state=ItemState.FAILED, why="refused"),
            item(1, state=ItemState.BLOCKED, why="no contact", cancelled=True),
            item(2, state=ItemState.FAILED, why="no mark", cancelled=True, before=2, after=3),
            item(3, state=ItemState.DONE, cancelled=True),
            item(4, state=ItemState.UNDECIDED, why="who knows"),
            item(5, state=ItemState.STOPPED, why="stopped"),
        ],
    )

    journal.end(run, at=NOW, actor=ADMIN)
    count = journal.reopen("op", RETRYABLE, at=NOW, actor=ADMIN)

    assert 4 == count
    assert [
        (ItemState.PENDING, ""),
        (ItemState.CANCELLED, ""),
        (ItemState.GIVEN_BACK, ""),
        (ItemState.DONE, ""),
        (ItemState.UNDECIDED, "who knows"),
        (ItemState.PENDING, ""),
    ] == [(i.state, i.why) for i in journal.items("op")]


def test_progress_counts_items_and_credits_that_landed(journal: Journal) -> None:
    run = running(journal, items=6)
    journal.update_items(run, [item(0, state=ItemState.DONE), item(1, state=ItemState.CLAIMED)])
    saved(journal, run, [write("w1", "b0", "b1"), write("w2", "b2", credit=SJ, target="c1")])
    saved(journal, run, [write("w3", "b4", target="c2"), write("w4", "b5", target="c3")])
    settled = [outcome("w1"), outcome("w2"), outcome("w3", WriteState.VOID)]
    journal.settle(run, settled, at=NOW)

    progress = journal.progress("op")

    assert {ItemState.DONE: 1, ItemState.CLAIMED: 1, ItemState.PENDING: 4} == progress.states
    assert {CS: 2, SJ: 1} == progress.net
    assert (6, 1) == (progress.total, progress.settled)


def test_a_counter_of_an_exam_is_no_credit_given_back(journal: Journal) -> None:

    run = running(journal)
    seat = write(
        "w1",
        "b0",
        target="e1",
        kind=Kind.EXAM,
        credit=TOTAL_BOOKINGS,
        movement=MovementKind.SEAT_FREED,
    )
    saved(journal, run, [seat])
    journal.settle(run, [outcome("w1")], at=NOW)

    assert {} == journal.progress("op").net
    assert {"b0"} == journal.moving("op", MovementKind.SEAT_FREED)
    assert set() == journal.moving("op", REFUND)


def test_what_was_spent_counts_too_and_not_what_went_back(journal: Journal) -> None:
    """A booking that could not be made gives back what it took, in the same operation."""
    run = running(journal)
    spend, undo = MovementKind.SPEND, MovementKind.UNDO_SPEND
    saved(journal, run, [write("w1", "b0", movement=spend, delta=-1)])
    saved(journal, run, [write("w2", "b1", target="c1", movement=spend, credit=SJ, delta=-1)])
    journal.settle(run, [outcome("w1"), outcome("w2")], at=NOW)
    assert {CS: -1, SJ: -1} == journal.progress("op").net

    saved(journal, run, [write("w3", "b1", target="c1", movement=undo, credit=SJ)])
    journal.settle(run, [outcome("w3")], at=NOW)

    assert {CS: -1} == journal.progress("op").net


def test_corrections_count_with_their_sign(journal: Journal) -> None:
    run = running(journal, kind=OperationKind.CORRECT)
    correction = MovementKind.CORRECTION
    saved(journal, run, [write("w1", "b0", "b1", movement=correction, delta=-1)])
    saved(journal, run, [write("w2", "b2", target="c1", movement=correction, credit=SJ)])
    journal.settle(run, [outcome("w1"), outcome("w2")], at=NOW)

    assert {CS: -2, SJ: 1} == journal.progress("op").net
