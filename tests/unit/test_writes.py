from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.adjustments import Adjustment, Change
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import MARKER, ContactId, Counted, Kind, Version, WriteId
from core.credits.writes import (
    QUIET_PERIOD,
    Belief,
    Movement,
    MovementKind,
    Write,
    WriteRefused,
    judge_outcome,
    plan_balances,
)
from tests.unit.given import AT, CS, contact

OURS = WriteId("w1")


def movement(credit: CreditType = CS, delta: int = 1) -> Movement:
    return Movement(booking_id="500", kind=MovementKind.REFUND, credit=credit, delta=delta)


def write(**fields: Any) -> Write:
    ordinary: dict[str, Any] = {
        "id": OURS,
        "operation_id": "op",
        "kind": Kind.CONTACT,
        "target_id": "100",
        "movements": (movement(),),
        "before": {CS: 1},
        "after": {CS: 2},
        "marker_before": "w0",
        "sent_at": AT,
    }
    return Write(**(ordinary | fields))


def target(marker: str, balance: int = 1, id_: str = "100") -> Counted:
    return contact(id_, balances={CS: balance}, marker=marker)


SOON, LATER = AT + QUIET_PERIOD / 2, AT + QUIET_PERIOD
FOUND = {MARKER: (Version(value="w2", at=AT), Version(value=OURS, at=AT))}
NOT_FOUND = {MARKER: (Version(value="w2", at=AT), Version(value="w0", at=AT))}


@pytest.mark.parametrize(
    ("read", "now", "history", "belief"),
    [
        (target(OURS, 2), SOON, None, Belief.LANDED),
        (target(OURS, 0), SOON, None, Belief.LANDED),
        (target("w0"), SOON, None, Belief.WAIT),
        (target("w0"), LATER, None, Belief.SEND_AGAIN),
        (target("w0", 0), LATER, None, Belief.PLAN_AFRESH),
        (target("w2"), SOON, None, Belief.LOOK_IN_HISTORY),
        (target("w2"), SOON, FOUND, Belief.LANDED),
        (target("w2"), SOON, NOT_FOUND, Belief.WAIT),
        (target("w2"), LATER, NOT_FOUND, Belief.PLAN_AFRESH),
        (target("w2"), LATER, {}, Belief.ASK_A_PERSON),
        (None, LATER, None, Belief.ASK_A_PERSON),
        (target("w0", id_="999"), LATER, None, Belief.ASK_A_PERSON),
        (target(OURS, id_="999"), LATER, None, Belief.LANDED),
    ],
)
def test_what_is_believed_of_a_write(
    read: Counted | None, now: Any, history: Any, belief: Belief
) -> None:
    assert belief == judge_outcome(write(), read, now=now, history=history)


@given(st.lists(st.sampled_from(SCHOOL.keys), min_size=1, max_size=8))
def test_a_write_adds_every_movement_and_touches_nothing_else(moved: list[CreditType]) -> None:
    before, after = plan_balances(contact(), [movement(credit) for credit in moved])

    assert set(before) == set(after) == set(moved)
    assert sum(after.values()) - sum(before.values()) == len(moved)


@pytest.mark.parametrize(
    ("held", "delta", "told"),
    [
        (contact(unreadable={CS: "holds 'abc'"}), 1, "abc"),
        (contact(balances={}), 1, "not read"),
        (contact(balances={CS: 0}), -1, "would become -1"),
        (contact(balances={CS: 1_000_000}), 1, "would become 1000001"),
    ],
)
def test_a_balance_that_cannot_be_trusted_is_never_written_over(
    held: Counted, delta: int, told: str
) -> None:
    with pytest.raises(WriteRefused, match=told):
        plan_balances(held, [movement(delta=delta)])


def test_a_movement_is_one_credit() -> None:
    with pytest.raises(ValueError, match="not 2"):
        movement(delta=2)


def test_a_counter_that_stays_as_it_was_is_not_sent_unless_it_mends_text() -> None:
    sj = SCHOOL.keys[0]
    still = write(before={CS: 1, sj: 3}, after={CS: 2, sj: 3})
    mending = Movement(
        booking_id=Adjustment(
            request="p", contact_id=ContactId("100"), credit=CS, change=Change(to=0), stood="abc"
        ).name,
        kind=MovementKind.ADJUSTMENT,
        credit=CS,
        delta=0,
    )

    assert {CS: 2} == still.sets
    assert {CS: 0} == write(before={CS: 0}, after={CS: 0}, movements=(mending,)).sets
