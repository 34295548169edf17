from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import SCHOOL
from core.credits.records import Booking, BookingId, BookingStatus, Contact, ContactId, ExamId
from core.operations.kinds.base import ChosenKind
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.refund import REFUND
from core.operations.plans import judged, plan_rows
from core.operations.verdicts import Verdict, Why
from tests.unit.given import CS, SHARED, TERMS, booking, contact

KINDS: list[ChosenKind] = [CANCEL, REFUND]
ACTIVE = BookingStatus.ACTIVE


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        (REFUND, {}, Why.GIVE_BACK),
        (REFUND, {"status": ACTIVE}, Why.NOT_CANCELLED),
        (REFUND, {"status": BookingStatus.COMPLETED}, Why.NOT_CANCELLED),
        (REFUND, {"status": BookingStatus.UNKNOWN, "raw_status": "?"}, Why.STATUS_UNKNOWN),
        (REFUND, {"refunded": True}, Why.ALREADY_REFUNDED),
        (REFUND, {"token": ""}, Why.NO_TOKEN),
        (REFUND, {"token": "admin override"}, Why.OVERRIDE),
        (REFUND, {"token": "Gold Token"}, Why.UNKNOWN_TOKEN),
        (REFUND, {"contact_ids": ()}, Why.NO_CONTACT),
        (REFUND, {"contact_ids": ("1", "2")}, Why.SEVERAL_CONTACTS),
        (REFUND, {"contact_hint": "999"}, Why.HINT_DISAGREES),
        (REFUND, {"exam_ids": ()}, Why.GIVE_BACK),
        (CANCEL, {"status": ACTIVE}, Why.CANCEL_AND_GIVE_BACK),
        (CANCEL, {"status": ACTIVE, "token": ""}, Why.CANCEL_ONLY),
        (CANCEL, {"status": ACTIVE, "token": "Admin Override"}, Why.CANCEL_ONLY),
        (CANCEL, {"status": ACTIVE, "token": "Gold Token"}, Why.UNKNOWN_TOKEN),
        (CANCEL, {"status": ACTIVE, "refunded": True}, Why.REFUNDED_YET_ACTIVE),
        (CANCEL, {"status": ACTIVE, "exam_ids": ()}, Why.NO_EXAM),
        (CANCEL, {"status": ACTIVE, "exam_ids": ("1", "2")}, Why.SEVERAL_EXAMS),
        (CANCEL, {"status": ACTIVE, "contact_ids": ()}, Why.NO_CONTACT),
        (CANCEL, {"status": ACTIVE, "contact_hint": "999"}, Why.HINT_DISAGREES),
        (CANCEL, {}, Why.ALREADY_CANCELLED),
        (CANCEL, {"status": BookingStatus.COMPLETED}, Why.COMPLETED),
        (CANCEL, {"status": BookingStatus.UNKNOWN}, Why.STATUS_UNKNOWN),
    ],
)
def test_each_booking_is_judged_by_what_it_says(
    kind: ChosenKind, fields: dict[str, Any], why: Why
) -> None:
    assert why == kind.judge(booking(**fields), SCHOOL, TERMS).why


def test_a_booking_that_is_not_there_is_blocked() -> None:
    _, judgement = judged(REFUND.judge, None, {}, SCHOOL, TERMS)

    assert (Verdict.BLOCKED, Why.NOT_FOUND) == (judgement.verdict, judgement.why)


def rows(kind: ChosenKind, bookings: list[Booking], *contacts: Contact) -> Any:
    by_id: dict[BookingId, Booking | None] = {each.id: each for each in bookings}
    read: dict[ContactId, Contact | None] = {ContactId(each.id): each for each in contacts}
    return plan_rows(kind.judge, by_id, by_id, read, SCHOOL, TERMS)


def test_two_bookings_of_one_contact_give_back_two_credits_one_after_the_other() -> None:
    first, second = rows(REFUND, [booking("1"), booking("2")], contact())

    assert (1, 2) == (first.before, first.after)
    assert (2, 3) == (second.before, second.after)


def test_a_shared_token_gives_back_a_shared_credit() -> None:
    (row,) = rows(REFUND, [booking(token="Shared Token")], contact())

    assert row.credit == SHARED


def test_a_contact_that_is_gone_blocks_its_rows() -> None:
    (row,) = rows(REFUND, [booking()])

    assert row.why is Why.CONTACT_GONE


def test_one_unreadable_balance_blocks_the_contact_with_its_value() -> None:
    (row,) = rows(REFUND, [booking()], contact(unreadable={CS: "holds 'abc'"}))

    assert row.why is Why.BALANCE_UNREADABLE
    assert "abc" in row.detail


def test_a_booking_named_twice_is_one_row() -> None:
    ids = [BookingId("500")] * 3

    assert 1 == len(plan_rows(REFUND.judge, ids, {}, {}, SCHOOL, TERMS))


bookings = st.builds(
    booking,
    st.integers(1, 12).map(str),
    status=st.sampled_from(list(BookingStatus)),
    token=st.sampled_from(["", "Admin Override", "Gold", *(c.token for c in SCHOOL.credits)]),
    refunded=st.booleans(),
    contact_ids=st.lists(st.sampled_from([ContactId("100"), ContactId("101")]), max_size=2).map(
        tuple
    ),
    contact_hint=st.sampled_from(["", "100", "102"]),
    exam_ids=st.lists(st.just(ExamId("70")), max_size=2).map(tuple),
)


@given(st.sampled_from(KINDS), st.lists(bookings, unique_by=lambda b: b.id))
def test_every_booking_gets_one_verdict_with_a_reason(
    kind: ChosenKind, batch: list[Booking]
) -> None:
    planned = rows(kind, batch, contact("100"))

    assert [each.id for each in batch] == [row.booking_id for row in planned]
    for row in planned:
        assert row.why
        assert (row.credit is None) or row.verdict is Verdict.WILL_CHANGE


@given(st.sampled_from(KINDS), st.lists(bookings, unique_by=lambda b: b.id))
def test_one_row_moves_one_credit(kind: ChosenKind, batch: list[Booking]) -> None:
    for row in rows(kind, batch, contact("100"), contact("101")):
        if row.credit is not None:
            assert row.after == row.before + 1
            assert row.contact_id in {"100", "101"}


@given(st.lists(bookings, unique_by=lambda b: b.id))
def test_nothing_is_both_cancelled_and_refunded_as_owed(batch: list[Booking]) -> None:
    for each in batch:
        verdicts = [kind.judge(each, SCHOOL, TERMS).verdict for kind in KINDS]
        assert verdicts.count(Verdict.WILL_CHANGE) <= 1
