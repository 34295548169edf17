"""What a refund gave and an undo took: which claims are free when, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.app.journal import Journal
from core.audit.entries import Sought
from core.credits.errors import JournalError, Superseded
from core.credits.records import BookingId
from core.credits.writes import MovementKind, Run, WriteState
from core.operations.owed.forfeited import Forfeited
from core.operations.owed.rules import TakenBack
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import (
    ADMIN,
    CS,
    NOW,
    REFUND,
    after,
    item,
    operation,
    outcome,
    plan_of,
    running,
    saved,
    write,
)

B0, B1 = BookingId("b0"), BookingId("b1")
UNDO = MovementKind.UNDO_REFUND
BEN = "ben@example.test"


def refunded(journal: Journal, id_: str = "one", write_id: str = "w1") -> Run:
    """It gave the credits of two bookings back."""
    run = running(journal, id_, kind=OperationKind.REFUND)
    journal.claim(run, [B0, B1], REFUND)
    saved(journal, run, [write(write_id, "b0", "b1", operation_id=id_)])
    done = [item(n, operation_id=id_, state=ItemState.DONE) for n in range(2)]
    journal.settle(run, [outcome(write_id)], items=done, at=NOW)
    return run


def taken(journal: Journal, id_: str = "undo", of: str = "one", **changes: Any) -> Run:
    """It took them again; both bookings are still marked."""
    run = running(journal, id_, kind=OperationKind.UNDO, undoes=of, **changes)
    journal.claim(run, [B0, B1], UNDO)
    saved(journal, run, [write(f"w-{id_}", "b0", "b1", operation_id=id_, movement=UNDO, delta=-1)])
    back = [item(n, operation_id=id_, state=ItemState.GIVEN_BACK) for n in range(2)]
    journal.settle(run, [outcome(f"w-{id_}")], items=back, at=NOW)
    return run


def done(journal: Journal, run: Run, *numbers: int) -> None:
    """Their marks are cleared."""
    items = [item(n, operation_id=run.operation_id, state=ItemState.DONE) for n in numbers]
    journal.update_items(run, items)


def test_a_credit_that_was_taken_keeps_both_claims_until_its_item_is_done(
    journal: Journal,
) -> None:
    refunded(journal)
    undo = taken(journal)
    other = running(journal, "other")
    assert {B0: "one", B1: "one"} == journal.claim(other, [B0, B1], REFUND)
    assert {B0: "undo", B1: "undo"} == journal.owners([B0, B1], UNDO)

    done(journal, undo, 0)

    assert {B0: "other", B1: "one"} == journal.claim(other, [B0, B1], REFUND)
    assert {B1: "undo"} == journal.owners([B0, B1], UNDO)


@pytest.mark.parametrize("state", [ItemState.FAILED, ItemState.UNDECIDED])
def test_one_whose_mark_could_not_be_cleared_keeps_both(journal: Journal, state: ItemState) -> None:
    refunded(journal)
    undo = taken(journal)

    journal.update_items(undo, [item(0, operation_id="undo", state=state)])

    assert {B0: "one"} == journal.owners([B0], REFUND)
    assert {B0: "undo"} == journal.owners([B0], UNDO)
    assert {} == journal.taken_back([B0])


def test_one_that_took_nothing_frees_its_own_claim_and_no_other(journal: Journal) -> None:
    refunded(journal)
    undo = running(journal, "undo", kind=OperationKind.UNDO, undoes="one")
    journal.claim(undo, [B0], UNDO)

    journal.update_items(undo, [item(0, operation_id="undo", state=ItemState.SKIPPED)])

    assert ({B0: "one"}, {}) == (journal.owners([B0], REFUND), journal.owners([B0], UNDO))


def test_an_item_said_to_be_done_whose_write_did_not_land_frees_no_refund(
    journal: Journal,
) -> None:
    refunded(journal)
    undo = running(journal, "undo", kind=OperationKind.UNDO, undoes="one")
    journal.claim(undo, [B0], UNDO)
    saved(journal, undo, [write("w2", "b0", operation_id="undo", movement=UNDO)])
    journal.settle(undo, [outcome("w2", WriteState.VOID)], at=NOW)

    done(journal, undo, 0)

    assert {B0: "one"} == journal.owners([B0], REFUND)


def test_an_item_that_a_refund_is_done_with_frees_nothing(journal: Journal) -> None:
    run = refunded(journal)

    done(journal, run, 0, 1)

    assert {B0: "one", B1: "one"} == journal.owners([B0, B1], REFUND)


def test_a_refund_that_was_undone_can_be_given_and_undone_again(journal: Journal) -> None:
    refunded(journal)
    done(journal, taken(journal), 0, 1)
    refunded(journal, "two", "w2")
    third = running(journal, "three")
    with pytest.raises(JournalError, match="already moved by w2"):
        saved(journal, third, [write("w3", "b0", operation_id="three")])

    done(journal, taken(journal, "again", of="two"), 0)

    assert {B1: "two"} == journal.owners([B0, B1], REFUND)
    assert {B0, B1} == journal.moving("one", REFUND) == journal.moving("two", REFUND)
    assert {B0, B1} == journal.moving("undo", UNDO)


def test_progress_counts_what_was_given_and_what_was_taken_whatever_came_after(
    journal: Journal,
) -> None:
    refunded(journal)
    undo = taken(journal)
    counted = [journal.progress(id_).net for id_ in ("one", "undo")]

    done(journal, undo, 0, 1)

    assert [{CS: 2}, {CS: -2}] == counted
    assert counted == [journal.progress(id_).net for id_ in ("one", "undo")]


def test_the_latest_undo_of_each_booking_is_told_with_who_and_why(journal: Journal) -> None:
    refunded(journal)
    done(journal, taken(journal, confirmed_at=after(10), reason="wrong exam"), 0, 1)
    refunded(journal, "two", "w2")
    later = taken(
        journal, "again", of="two", confirmed_at=after(20), reason="and again", confirmed_by=BEN
    )
    done(journal, later, 0)

    found = journal.taken_back([B0, B1, BookingId("b9")])

    last = TakenBack(operation_id="again", by=BEN, at=after(20), reason="and again")
    first = TakenBack(operation_id="undo", by=ADMIN, at=after(10), reason="wrong exam")
    assert {B0: last, B1: first} == found
    assert {} == journal.taken_back([])


def test_the_operations_that_undo_one_are_found_newest_first(journal: Journal) -> None:
    refunded(journal)
    for n, of in enumerate(["one", "other", "one", ""]):
        journal.confirm(operation(f"u{n}", undoes=of, confirmed_at=after(n)), [])

    assert ["u2", "u0"] == [found.id for found in journal.undoing("one")]
    assert [] == journal.undoing("") == journal.undoing("nothing")


def test_which_refund_is_undone_stands_in_the_plan_and_the_operation(journal: Journal) -> None:
    undo = replace(plan_of(plan_id="undo"), kind=OperationKind.UNDO, undoes="one")

    journal.save_plan(undo)
    journal.confirm(operation("undo", undoes="one"), [])

    assert undo == journal.plan("undo")
    assert "one" == journal.operation("undo").undoes
    kept = journal.audit(Sought(operation_id="undo"), limit=10)
    assert ["one", "one"] == [link.entry.detail["undoes"] for link in kept]


def test_only_the_newest_run_is_still_ours(journal: Journal) -> None:
    run = running(journal)
    journal.still_ours(run)
    later, _ = journal.begin_run("op", at=NOW)

    journal.still_ours(later)
    with pytest.raises(Superseded):
        journal.still_ours(run)


def test_asking_for_thousands_of_owners_claims_nothing(journal: Journal) -> None:
    refunded(journal)
    asked = [BookingId(f"b{n}") for n in range(2500)]

    assert {B0: "one", B1: "one"} == journal.owners(asked, REFUND)
    assert {} == journal.taken_back(asked)
    assert {} == journal.owners([], REFUND)


def keeping(journal: Journal, id_: str, *, cancelled: bool = True, at: int = 0) -> Run:
    """An operation without refund that cancelled b0 and b1 (or did not, it is not known)."""
    run = running(
        journal, id_, kind=OperationKind.FORFEIT, confirmed_at=after(at), reason=f"why {id_}"
    )
    changed = [replace(item(n, operation_id=id_), cancelled=cancelled) for n in (0, 1)]
    journal.update_items(run, changed)
    return run


def test_the_latest_word_on_a_kept_credit_is_told_once_its_cancel_is_known(
    journal: Journal,
) -> None:
    keeping(journal, "one", at=1)
    keeping(journal, "two", at=2)
    keeping(journal, "unsure", at=3, cancelled=False)
    refunded(journal, "plain")

    found = journal.forfeited([B0, BookingId("b9")])

    told = Forfeited(operation_id="two", by=ADMIN, at=after(2), reason="why two")
    assert {B0: told} == found
    assert {} == journal.forfeited([])


def test_a_credit_that_was_given_back_and_taken_again_is_kept_by_nobody(journal: Journal) -> None:
    keeping(journal, "kept", at=1)
    refunded(journal)
    done(journal, taken(journal, confirmed_at=after(10)), 0)

    assert {B1} == journal.forfeited([B0, B1]).keys()
    keeping(journal, "again", at=20)
    assert {B0: "again", B1: "again"} == {
        id_: one.operation_id for id_, one in journal.forfeited([B0, B1]).items()
    }


def test_the_seat_of_a_cancelled_booking_stays_claimed_until_it_is_counted(
    journal: Journal,
) -> None:
    """Else another operation could count it too, or fail at its own count."""
    run = keeping(journal, "kept")
    for kind in (MovementKind.SEAT_FREED, REFUND):
        journal.claim(run, [B0, B1], kind)
    ended = [
        replace(item(0, operation_id="kept"), cancelled=True, state=ItemState.DONE),
        replace(item(1, operation_id="kept"), cancelled=False, state=ItemState.SKIPPED),
    ]
    journal.update_items(run, ended)

    assert {B0: "kept"} == journal.owners([B0, B1], MovementKind.SEAT_FREED)
    assert {} == journal.owners([B0, B1], REFUND)
