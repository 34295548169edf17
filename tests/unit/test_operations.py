from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import SCHOOL
from core.credits.records import Booking, BookingId, BookingStatus, Contact, ContactId, ExamId
from core.credits.roles import ALLOWED, Act, Actor, NotAllowed, Role
from core.operations.kinds.base import ChosenKind
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.refund import REFUND
from core.operations.owed.double_refunds import after_cancel_without_credit
from core.operations.states import ENDED, OPERATION_MOVES, Item, ItemState, group_items
from core.operations.steps.recheck import judge_again
from tests.unit.given import CS, TERMS, booking, contact


def item(id_: str = "500", n: int = 0, **fields: object) -> Item:
    made = Item(
        operation_id="op",
        booking_id=BookingId(id_),
        n=n,
        credit=CS,
        contact_id=ContactId("100"),
        exam_id=ExamId("70"),
        state=ItemState.CLAIMED,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=40), st.integers(1, 10), st.integers(1, 6))
def test_a_contact_is_never_split_and_nothing_is_lost_or_repeated(
    owners: list[str], size: int, contacts: int
) -> None:
    items = [item(str(n), n, contact_id=ContactId(owner)) for n, owner in enumerate(owners)]
    by_key = {each.booking_id: each for each in items}
    grouped = group_items(items, size, contacts)
    groups = [[by_key[key] for key in group] for group in grouped]

    assert sorted(items, key=lambda i: i.n) == sorted(
        chain.from_iterable(groups), key=lambda i: i.n
    )
    owners_of = [{each.contact_id for each in group} for group in groups]
    assert all(not (one & other) for one, other in pairwise(owners_of))
    assert sum(len(each) for each in owners_of) == len(set(owners))
    for group, owner in zip(groups, owners_of, strict=True):
        assert len(group) <= size or len(owner) == 1
        assert len(owner) <= contacts


def test_an_ended_operation_only_moves_by_a_retry() -> None:
    for state in ENDED:
        assert {move.value for move in OPERATION_MOVES[state]} <= {"running"}


def judged_again(
    kind: ChosenKind, mine: Item, fresh: Booking | None, person: Contact | None
) -> Item:
    judge = partial(kind.judge_begun, mine)
    return judge_again(judge, mine, fresh, person, SCHOOL, TERMS, cancels=kind.cancels)


@pytest.mark.parametrize(
    ("given_item", "fresh", "person", "state", "told"),
    [
        (item(), booking(), contact(), ItemState.CLAIMED, ""),
        (item(), None, contact(), ItemState.BLOCKED, "no such booking"),
        (item(), booking(refunded=True), contact(), ItemState.SKIPPED, "already refunded"),
        (item(), booking(status=BookingStatus.ACTIVE), contact(), ItemState.SKIPPED, "not canc"),
        (item(), booking(token="Shared Token"), contact(), ItemState.SKIPPED, "'Shared Token'"),
        (item(), booking(), None, ItemState.BLOCKED, "archived or deleted"),
        (item(), booking(contact_ids=("7",)), contact(), ItemState.SKIPPED, "contact 7"),
        (item(), booking(contact_ids=("7",)), contact("7"), ItemState.CLAIMED, ""),
    ],
)
def test_what_changed_since_the_preview_is_told_and_not_applied(
    given_item: Item, fresh: Booking | None, person: Contact | None, state: ItemState, told: str
) -> None:
    judged = judged_again(REFUND, given_item, fresh, person)

    assert state is judged.state
    assert told in judged.why


@pytest.mark.parametrize("ours", [True, False])
def test_a_cancelled_booking_goes_on_whoever_cancelled_it(ours: bool) -> None:
    cancelled = item(state=ItemState.CANCELLED, cancelled=ours, cancel_sent=not ours)
    judged = judged_again(CANCEL, cancelled, booking(), contact())

    assert judged == cancelled


def test_a_booking_without_a_credit_that_somebody_else_cancelled_ends_here() -> None:
    theirs = item(credit=None, state=ItemState.CANCELLED, cancel_sent=True, why="cancelled by lee")
    judged = judged_again(CANCEL, theirs, booking(), contact())
    ended = after_cancel_without_credit(judged, None, ())

    assert (ItemState.SKIPPED, "already cancelled by lee") == (ended.state, ended.why)


def test_a_booking_without_a_credit_whose_history_hubspot_does_not_give_ends_by_its_answer() -> (
    None
):
    answered = item(credit=None, state=ItemState.CANCELLED, cancelled=True)

    ended = after_cancel_without_credit(answered, {}, ())

    assert (ItemState.DONE, True) == (ended.state, ended.cancelled)


def test_a_booking_somebody_else_cancelled_is_not_ours_to_refund() -> None:
    judged = judged_again(CANCEL, item(), booking(), contact())

    assert (ItemState.SKIPPED, False) == (judged.state, judged.cancelled)


def test_a_cancelled_booking_whose_credit_cannot_return_says_that_it_is_owed() -> None:
    ours = item(state=ItemState.CANCELLED, cancelled=True)
    judged = judged_again(CANCEL, ours, booking(), None)

    assert judged.state is ItemState.BLOCKED
    assert "still owed" in judged.why


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_its_row_says_and_nothing_else(role: Role) -> None:
    actor = Actor(email="x@example.test", role=role)
    for act in Act:
        if act in ALLOWED[role]:
            actor.require(act)
        else:
            with pytest.raises(NotAllowed, match="may not"):
                actor.require(act)
