from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import CreditType
from core.credits.records import BookingId, ContactId
from core.operations.approval_rules import NO_SECOND, SecondAdmin, differences
from core.operations.kinds.permissions import second_admin_why
from core.operations.plans import Plan, Row
from core.operations.states import OPERATION_MOVES, UNBEGUN, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CS = CreditType("cs_credits")


def row(n: int, **changes: object) -> Row:
    made = Row(
        booking_id=BookingId(f"b{n}"),
        verdict=Verdict.WILL_CHANGE,
        why=Why.GIVE_BACK,
        credit=CS,
        contact_id=ContactId(f"c{n}"),
        before=2,
        after=3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def plan(number: int, kind: OperationKind = OperationKind.REFUND, **changes: object) -> Plan:
    return Plan(
        id="p",
        kind=kind,
        selection="",
        made_by="ann@example.test",
        made_at=NOON,
        expires_at=NOON,
        rows=tuple(row(n, **changes) for n in range(number)),
    )


def test_nobody_is_asked_unless_the_settings_say_so() -> None:
    assert "" == second_admin_why(NO_SECOND, plan(10_000))


@pytest.mark.parametrize(("number", "why"), [(2, ""), (3, "more than 2 bookings")])
def test_a_second_admin_is_asked_above_the_number_of_bookings(number: int, why: str) -> None:
    assert why == second_admin_why(SecondAdmin(above_bookings=2), plan(number))


def test_0_means_always_and_is_not_off() -> None:
    assert "more than 0 bookings" == second_admin_why(SecondAdmin(above_bookings=0), plan(1))
    assert "" == second_admin_why(SecondAdmin(above_bookings=0), plan(0))


def test_credits_are_counted_by_how_many_move() -> None:
    second = SecondAdmin(above_credits=3)

    assert "" == second_admin_why(second, plan(3))
    assert "more than 3 credits" == second_admin_why(
        second, plan(1, OperationKind.CORRECT, before=6, after=2)
    )
    assert "" == second_admin_why(second, plan(9, credit=None, before=None, after=None))


def test_both_limits_are_named_when_both_are_passed() -> None:
    why = second_admin_why(SecondAdmin(above_bookings=1, above_credits=1), plan(2))

    assert "more than 1 booking and more than 1 credit" == why


def test_what_is_skipped_or_blocked_does_not_count() -> None:
    assert "" == second_admin_why(SecondAdmin(above_bookings=0), plan(5, verdict=Verdict.BLOCKED))


def test_what_staff_do_for_one_student_waits_for_nobody() -> None:
    second = SecondAdmin(above_bookings=0, above_credits=0)
    ada = ContactId("c")

    assert "" == second_admin_why(second, plan(2, OperationKind.CANCEL, contact_id=ada))
    assert "" == second_admin_why(second, plan(1, OperationKind.BOOK))
    assert second_admin_why(second, plan(2, OperationKind.CANCEL))
    assert second_admin_why(second, plan(2, OperationKind.REFUND, contact_id=ada))


def test_a_balance_that_moved_meanwhile_is_no_difference() -> None:
    then = [row(0), row(1)]

    assert [] == differences(then, [row(1), row(0, before=5, after=6)])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"verdict": Verdict.SKIP, "why": Why.ALREADY_REFUNDED}, "now already refunded"),
        ({"verdict": Verdict.BLOCKED, "why": Why.UNKNOWN_TOKEN, "detail": "x"}, "types (x)"),
        ({"credit": CreditType("sj_credits")}, "now give its credit back (+1 sj_credits of"),
        ({"contact_id": ContactId("c9")}, "now give its credit back (+1 cs_credits of contact c9)"),
        ({"after": 5}, "(+1 cs_credits of contact c0); now give its credit back (+3 cs_credits"),
    ],
)
def test_another_verdict_credit_student_or_number_is_a_difference(
    change: dict[str, object], told: str
) -> None:
    (found,) = differences([row(0), row(1)], [row(0, **change), row(1)])

    assert told in str(found)
    assert str(found).startswith("b0: give its credit back")


def test_what_could_be_done_now_and_could_not_then_is_a_difference() -> None:
    then = row(0, verdict=Verdict.SKIP, why=Why.NOT_CANCELLED)

    assert 1 == len(differences([then], [row(0)]))
    assert [] == differences([then], [row(0, verdict=Verdict.BLOCKED, why=Why.NO_CONTACT)])


MAIL = st.sampled_from(["ann@x.test", "ANN@x.test", " Ann@X.test ", "ben@x.test", ""])


@given(MAIL, MAIL, st.sampled_from(["", "more than 2 bookings"]))
def test_what_needs_a_second_admin_begins_only_by_another_person_s_word(
    asker: str, approver: str, why: str
) -> None:
    operation = Operation(
        id="op",
        kind=OperationKind.REFUND,
        state=OperationState.HELD,
        selection="",
        reason="r",
        confirmed_by=asker,
        confirmed_at=NOON,
        hold_until=NOON,
        needs_approval=why,
        approved_by=approver,
    )
    another = bool(approver) and approver.strip().lower() != asker.strip().lower()

    assert (another or not why) == operation.may_begin


def test_nothing_comes_to_await_approval_and_what_does_is_held_first() -> None:
    assert not any(OperationState.AWAITING in moves for moves in OPERATION_MOVES.values())
    assert {OperationState.HELD, OperationState.CALLED_OFF} == OPERATION_MOVES[
        OperationState.AWAITING
    ]
    assert {OperationState.AWAITING, OperationState.HELD} == UNBEGUN
