"""What an undo would do, decided from what was read alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import CreditType
from core.credits.records import Booking, BookingId, BookingStatus, Contact, ContactId
from core.operations.kinds.registry import kind_of
from core.operations.kinds.rules.undos import Facts, judge_again, last_sent, plan_rows
from core.operations.owed.rules import Owed, TakenBack, taken, waiting
from core.operations.states import ENDED, Item, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why

AT = datetime(2026, 5, 4, 9, 0, 0, 123456, tzinfo=UTC)
CREDITS = [CreditType("cs_credits"), CreditType("sj_credits")]
ANN = "ann@example.test"
WILL = Verdict.WILL_CHANGE


def operation(id_: str = "refund", **changes: object) -> Operation:
    made = Operation(
        id=id_,
        kind=OperationKind.REFUND,
        state=OperationState.DONE,
        selection="one",
        reason="r",
        confirmed_by=ANN,
        confirmed_at=AT,
        hold_until=AT,
        ended_at=AT + timedelta(minutes=1),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


REFUND = operation()
UNDO = operation("undo", kind=OperationKind.UNDO, undoes="refund")


def booking(id_: str, contact: str, **changes: object) -> Booking:
    made = Booking(
        id=BookingId(id_),
        status=BookingStatus.CANCELLED,
        refunded=True,
        refunded_at=AT.replace(microsecond=123000),  # HubSpot keeps milliseconds
        refund_admin=ANN.upper(),
        contact_ids=(ContactId(contact),),
        modified_at=AT,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def contact(id_: str, **balances: int) -> Contact:
    held = {credit: balances.get(credit, 0) for credit in CREDITS}
    return Contact(id=id_, balances=held, modified_at=AT)


def item(n: int, id_: str, whose: str, credit: CreditType, of: str = "refund") -> Item:
    return Item(
        operation_id=of,
        booking_id=BookingId(id_),
        n=n,
        credit=credit,
        contact_id=ContactId(whose),
        state=ItemState.DONE if of == "refund" else ItemState.CLAIMED,
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Item], Facts]:
    """Bookings that a refund gave back, and all that may have become of them since."""
    whose = draw(st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=8))
    items = [
        item(n, str(50 + n), contact, draw(st.sampled_from(CREDITS)))
        for n, contact in enumerate(whose)
    ]
    changes: list[dict[str, Any]] = [
        {},
        {},
        {},
        {"refunded": False},
        {"status": BookingStatus.ACTIVE},
        {"refund_admin": "zoe@example.test"},
        {"refunded_at": None},
        {"contact_ids": ()},
        {"contact_ids": (ContactId("9"),)},
    ]
    bookings: dict[BookingId, Booking | None] = {}
    for n, each in enumerate(items):
        became = booking(each.booking_id, whose[n], **draw(st.sampled_from(changes)))
        bookings[BookingId(each.booking_id)] = draw(st.sampled_from([became, became, None]))
    counts = st.integers(0, 3)
    contacts: dict[ContactId, Contact | None] = {
        ContactId(id_): draw(
            st.one_of(
                st.none(),
                st.builds(
                    lambda cs, sj, i=id_: contact(i, cs_credits=cs, sj_credits=sj), counts, counts
                ),
            )
        )
        for id_ in ("1", "2", "3")
    }
    owners = st.sampled_from(["refund", "refund", "refund", "another", ""])
    facts = Facts(
        bookings=bookings,
        contacts=contacts,
        refunded_by={BookingId(i.booking_id): by for i in items if (by := draw(owners))},
        undone_by={
            BookingId(i.booking_id): "another" for i in items if draw(st.integers(0, 5)) == 0
        },
    )
    return items, facts


@given(worlds())
def test_no_more_is_taken_than_there_is_and_each_credit_once(
    world: tuple[list[Item], Facts],
) -> None:
    items, facts = world

    rows = plan_rows(REFUND, items, facts)

    assert [each.booking_id for each in items] == [row.booking_id for row in rows]
    taken_by = Counter((row.contact_id, row.credit) for row in rows if row.verdict is WILL)
    for (whose, credit), n in taken_by.items():
        holder = facts.contacts[whose or ContactId("")]
        assert holder is not None
        assert credit is not None
        assert n <= holder.balances[credit]
    for row in rows:
        if row.verdict is WILL:
            assert row.before is not None
            assert row.after == row.before - 1 >= 0
        else:
            assert (row.before, row.after) == (None, None)


@given(worlds())
def test_only_what_this_refund_gave_and_still_stands_is_taken(
    world: tuple[list[Item], Facts],
) -> None:
    items, facts = world

    for row in plan_rows(REFUND, items, facts):
        if row.verdict is WILL:
            id_ = BookingId(row.booking_id)
            held = facts.bookings[id_]
            assert held is not None
            assert held.refunded
            assert held.status is BookingStatus.CANCELLED
            assert facts.refunded_by[id_] == REFUND.id
            assert row.booking_id not in facts.undone_by


@given(worlds())
def test_the_run_judges_as_the_preview_did(world: tuple[list[Item], Facts]) -> None:
    """Its own claim on the undo is nobody else's."""
    items, facts = world
    mine = [replace(i, operation_id="undo", state=ItemState.CLAIMED) for i in items]
    own = {BookingId(i.booking_id): "undo" for i in items} | dict(facts.undone_by)

    judged = judge_again(UNDO, REFUND, mine, replace(facts, undone_by=own))

    expected = {
        WILL: ItemState.CLAIMED,
        Verdict.SKIP: ItemState.SKIPPED,
        Verdict.BLOCKED: ItemState.BLOCKED,
    }
    rows = plan_rows(REFUND, items, facts)
    assert [expected[row.verdict] for row in rows] == [each.state for each in judged]
    assert all(str(r.why) in i.why for r, i in zip(rows, judged, strict=True) if not _goes_on(i))


def _goes_on(one: Item) -> bool:
    return one.state is ItemState.CLAIMED


def test_a_spent_credit_is_told_with_what_is_left() -> None:
    facts = Facts(
        bookings={BookingId(id_): booking(id_, "1") for id_ in ("50", "51")},
        contacts={ContactId("1"): contact("1", cs_credits=1)},
        refunded_by={BookingId("50"): "refund", BookingId("51"): "refund"},
        undone_by={},
    )
    items = [item(0, "50", "1", CREDITS[0]), item(1, "51", "1", CREDITS[0])]

    first, second = plan_rows(REFUND, items, facts)

    assert (WILL, 1, 0) == (first.verdict, first.before, first.after)
    assert (Verdict.BLOCKED, Why.SPENT, "0 left") == (second.verdict, second.why, second.detail)


def test_a_credit_that_another_undo_is_taking_is_skipped_and_says_by_which() -> None:
    facts = Facts(
        bookings={BookingId("50"): booking("50", "1")},
        contacts={ContactId("1"): contact("1", cs_credits=1)},
        refunded_by={BookingId("50"): "refund"},
        undone_by={BookingId("50"): "another"},
    )

    (row,) = plan_rows(REFUND, [item(0, "50", "1", CREDITS[0])], facts)

    assert (Verdict.SKIP, Why.BEING_TAKEN_BACK, "another") == (row.verdict, row.why, row.detail)


@pytest.mark.parametrize("kind", list(OperationKind))
def test_two_kinds_are_undone_and_each_other_one_says_why_not(kind: OperationKind) -> None:
    assert (kind in {OperationKind.REFUND, OperationKind.ADJUST}) is (
        not kind_of(kind).not_undone(operation(kind=kind))
    )


@pytest.mark.parametrize("state", list(OperationState))
def test_only_an_ended_one_is_undone(state: OperationState) -> None:
    assert (state in ENDED) is (
        not kind_of(OperationKind.REFUND).not_undone(operation(state=state))
    )


def test_no_mark_of_a_refund_is_sent_after_it_ended() -> None:
    ended = AT + timedelta(minutes=1)
    later = AT + timedelta(hours=1)

    assert ended == last_sent(REFUND, later)
    going_on = operation(ended_at=None)  # taken up again: what is undone was done before
    assert later == last_sent(going_on, later)


def test_what_was_taken_back_is_told_apart_from_what_students_wait_for() -> None:
    undone = TakenBack(operation_id="1a", by=ANN, at=AT, reason="wrong exam")
    one = Owed(booking=booking("50", "1"), credit=CREDITS[0], since=AT)
    two = replace(one, taken_back=undone)

    assert ([one], [two]) == (waiting([one, two]), taken([one, two]))
    assert f"taken back by {ANN} on 4 May 2026: wrong exam (operation 1a)" == str(undone)
