"""A token that HubSpot refuses is an outage: the operation waits, and goes on when it works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.credits.records import ContactId, ExamId, Kind
from core.operations.booking_rules import Wish
from core.operations.states import FollowUps, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import NO_TOKEN, Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

CREDITS = "cs_credits"


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("100", {CREDITS: 1}, student_id="S1")
    made.booked("500", "100")
    made.booked("501", "100", status="Active")
    return made


def barring(what: str, kind: Kind) -> Callable[[Request], Fault]:
    return lambda r: Fault.BARRED if (r.what, r.kind) == (what, kind) else Fault.NONE


def looked(desk: TestDesk, operation: Operation, looks: int = 5) -> Operation:
    for _ in range(looks):
        again = desk.core.operation_runner.carry_out(operation.id)
        assert again is not None, "it must not end while the token is refused"
        desk.time = max(desk.time, again)
    return desk.journal.operation(operation.id)


@pytest.mark.parametrize(
    ("kind", "booking", "what", "of"),
    [
        (OperationKind.REFUND, "500", "write", Kind.CONTACT),
        (OperationKind.REFUND, "500", "write", Kind.BOOKING),
        (OperationKind.REFUND, "500", "read", Kind.BOOKING),
        (OperationKind.CANCEL, "501", "write", Kind.CONTACT),
        (OperationKind.CANCEL, "501", "write", Kind.BOOKING),
    ],
)
def test_an_operation_waits_for_the_token_and_then_gives_each_credit_once(
    desk: TestDesk, kind: OperationKind, booking: str, what: str, of: Kind
) -> None:
    operation = desk.confirm(booking, kind=kind)
    desk.time = operation.hold_until
    desk.crm.sending = barring(what, of)

    waiting = looked(desk, operation)

    assert (OperationState.RUNNING, NO_TOKEN) == (waiting.state, waiting.waiting_for)
    assert ItemState.FAILED is not desk.item(operation, booking).state

    desk.crm.sending = lambda _: Fault.NONE
    ended = desk.carry(waiting)

    assert (OperationState.DONE, "") == (ended.state, ended.waiting_for)
    assert ItemState.DONE is desk.item(operation, booking).state
    assert 2 == desk.held("100", CREDITS)
    seats = 9 if kind is OperationKind.CANCEL else 10
    assert seats == desk.crm.balance(Kind.EXAM, "70", "total_bookings")


def test_seats_wait_for_the_token_after_their_operation_has_ended(desk: TestDesk) -> None:
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = barring("write", Kind.EXAM)

    assert desk.core.operation_runner.carry_out(operation.id) is None
    again = desk.core.operation_runner.follow_up(operation.id)
    assert again is not None
    waiting = desk.journal.operation(operation.id)
    assert (OperationState.DONE, FollowUps.DUE) == (waiting.state, waiting.follow_ups)
    assert "token" in waiting.waiting_for
    assert 2 == desk.held("100", CREDITS)
    assert 10 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")

    desk.crm.sending = lambda _: Fault.NONE
    desk.time = again
    desk.follow_up(waiting)

    assert 9 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")


def test_an_undo_waits_for_the_token_before_it_clears_the_mark(desk: TestDesk) -> None:
    refund = desk.run("500")
    plan = desk.core.undo_planner.preview(refund.id, ADMIN)
    undo = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="wrong exam")
    desk.time = undo.hold_until
    desk.crm.sending = barring("write", Kind.BOOKING)

    assert NO_TOKEN == looked(desk, undo).waiting_for

    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(undo)
    assert (1, ItemState.DONE) == (desk.held("100", CREDITS), desk.item(undo, "500").state)


@pytest.mark.parametrize("of", [Kind.EXAM, Kind.CONTACT, Kind.BOOKING])
def test_a_booking_waits_for_the_token_with_what_it_has_taken(desk: TestDesk, of: Kind) -> None:
    desk.crm.add_exam("80", 3, mock_type="Clinical Skills", exam_date="2026-06-01")
    wish = Wish(contact_id=ContactId("100"), exam_id=ExamId("80"), dominant_hand="Left")
    plan = desk.core.booking_preview.preview(wish, ADMIN)
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="on the phone")
    desk.crm.sending = barring("write", of)

    assert NO_TOKEN == looked(desk, operation).waiting_for

    desk.crm.sending = lambda _: Fault.NONE
    ended = desk.carry(operation)
    (item,) = desk.journal.items(operation.id)
    assert (OperationState.DONE, ItemState.DONE) == (ended.state, item.state)
    assert (0, 4) == (
        desk.held("100", CREDITS),
        desk.crm.balance(Kind.EXAM, "80", "total_bookings"),
    )


def test_a_stop_is_obeyed_while_the_token_is_refused(desk: TestDesk) -> None:
    operation = desk.confirm("500")
    desk.time = operation.hold_until
    desk.crm.sending = barring("read", Kind.BOOKING)
    looked(desk, operation)
    desk.core.operation_commands.stop(operation.id, ADMIN)

    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(operation)

    assert desk.journal.operation(operation.id).state in {
        OperationState.STOPPED,
        OperationState.DONE,
    }
