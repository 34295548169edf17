"""A stop is heeded within a few requests, however many bookings are in hand."""

from __future__ import annotations

import pytest

from core.credits.records import BookingId, Kind
from core.credits.writes import MovementKind
from core.operations.choosing.select import ByReference
from core.operations.protocol.batches import BATCH_MAX
from core.operations.protocol.starts import NOT_BEGUN, STARTS_AT_ONCE
from core.operations.states import ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

BOOKINGS = 1500


def a_desk(status: str) -> TestDesk:
    desk = TestDesk()
    for n in range(BOOKINGS):
        desk.crm.add_contact(str(10_000 + n), {"cs_credits": 1})
        desk.booked(str(50_000 + n), str(10_000 + n), token=CS, status=status)
    return desk


def ids() -> tuple[str, ...]:
    return tuple(str(50_000 + n) for n in range(BOOKINGS))


def confirmed(desk: TestDesk, kind: OperationKind) -> Operation:
    if kind is not OperationKind.UNDO:
        return desk.confirm(*ids(), kind=kind)
    refund = desk.run(*ids())
    plan = desk.core.undo_planner.preview(refund.id, ADMIN)
    return desk.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")


KINDS = {
    OperationKind.CANCEL: ("Active", Kind.BOOKING, 1),
    OperationKind.REFUND: ("Cancelled", Kind.CONTACT, 1),
    OperationKind.UNDO: ("Cancelled", Kind.CONTACT, -1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_leaves_all_but_a_few_requests_of_bookings_as_they_were(
    kind: OperationKind,
) -> None:
    status, begins, by = KINDS[kind]
    desk = a_desk(status)
    operation = confirmed(desk, kind)
    desk.time = operation.hold_until
    before = 2 if kind is OperationKind.UNDO else 1

    def stop(request: Request) -> None:
        if request.what == "write" and request.kind is begins:
            desk.crm.answered = lambda _: None
            desk.core.operation_commands.stop(operation.id, ADMIN)

    desk.crm.answered = stop
    assert None is desk.core.operation_runner.carry_out(operation.id), "nothing is left to wait for"

    ended = desk.journal.operation(operation.id)
    states = desk.journal.progress(operation.id).states
    done = states[ItemState.DONE]
    assert OperationState.STOPPED is ended.state
    assert {ItemState.DONE: done, ItemState.STOPPED: BOOKINGS - done} == states
    assert BATCH_MAX <= done <= STARTS_AT_ONCE * BATCH_MAX
    for item in desk.journal.items(operation.id):
        moved = by if item.state is ItemState.DONE else 0
        assert before + moved == desk.held(str(item.contact_id), "cs_credits")
        assert item.state is ItemState.DONE or (NOT_BEGUN, False) == (item.why, item.cancel_sent)


def test_what_a_stop_left_can_be_retried_and_is_free_for_others() -> None:
    desk = a_desk("Active")
    operation = confirmed(desk, OperationKind.CANCEL)
    desk.time = operation.hold_until

    def stop(request: Request) -> None:
        if request.what == "write":
            desk.crm.answered = lambda _: None
            desk.core.operation_commands.stop(operation.id, ADMIN)

    desk.crm.answered = stop
    desk.carry(operation)
    stopped = desk.journal.items(operation.id, states={ItemState.STOPPED})
    bookings = [BookingId(item.booking_id) for item in stopped]

    assert set() == desk.journal.claimed(bookings, MovementKind.REFUND)
    desk.core.operation_commands.retry(operation.id, ADMIN)
    desk.carry(operation)

    assert {ItemState.DONE: BOOKINGS} == desk.journal.progress(operation.id).states
    assert {2} == {desk.held(str(10_000 + n), "cs_credits") for n in range(BOOKINGS)}


def test_a_cancel_that_may_still_arrive_is_waited_for_after_a_stop() -> None:
    """Else it would be cancelled by us unseen, and its credit lost."""
    desk = TestDesk()
    desk.crm.add_contact("101", {"cs_credits": 1})
    desk.booked("501", "101", status="Active")
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = lambda r: Fault.LATE if r.what == "write" else Fault.NONE
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.sending = lambda _: Fault.NONE
    desk.core.operation_commands.stop(operation.id, ADMIN)
    assert ItemState.CLAIMED is desk.item(operation, "501").state
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.deliver_late()

    desk.carry(operation)

    assert ItemState.DONE is desk.item(operation, "501").state
    assert 2 == desk.held("101", "cs_credits")


def test_a_cancel_that_never_arrived_is_not_sent_again_after_a_stop() -> None:
    desk = TestDesk()
    desk.crm.add_contact("101", {"cs_credits": 1})
    desk.booked("501", "101", status="Active")
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = lambda r: Fault.REQUEST_LOST if r.what == "write" else Fault.NONE
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.sending = lambda _: Fault.NONE
    desk.core.operation_commands.stop(operation.id, ADMIN)

    ended = desk.carry(operation)

    assert OperationState.STOPPED is ended.state
    assert ItemState.STOPPED is desk.item(operation, "501").state
    assert 1 == desk.held("101", "cs_credits")
    plan = desk.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=("501",)), ADMIN
    )
    assert 1 == len(plan.will_change)
