"""What is copied of a booking that we wrote is what we set, and nothing that was read before it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credits.records import BookingId, Kind
from core.mirror.copier import HOLD
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import CS, TestDesk


@pytest.fixture
def desk() -> TestDesk:
    desk = TestDesk()
    desk.crm.add_contact("101", {"cs_credits": 1})
    desk.booked("501", "101", status="Active", token=CS)
    desk.core.mirror_copier.read_and_copy([])
    return desk


def copied(desk: TestDesk) -> dict[str, object]:
    desk.time += HOLD
    desk.drain()
    return dict(desk.mirror.rows(Kind.BOOKING, ["501"])["501"])


def test_a_change_of_somebody_else_between_read_and_cancel_is_not_undone_in_the_copy(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until

    def attend(request: Request) -> Fault:
        if request.what == "write" and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(Kind.BOOKING, "501", {"dominant_hand": "left"})
        return Fault.NONE

    desk.crm.sending = attend
    desk.carry(operation)

    row = copied(desk)
    assert ("Cancelled", True, "left") == (
        row["is_active"], row["token_refunded"], row["dominant_hand"],
    )  # fmt: skip


def test_a_cancel_whose_answer_was_lost_reaches_the_copy_though_no_credit_follows(
    desk: TestDesk,
) -> None:
    desk.crm.foreign_write(Kind.BOOKING, "501", {"token_used": "Admin Override"})
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = lambda r: Fault.ANSWER_LOST if r.what == "write" else Fault.NONE
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.sending = lambda _: Fault.NONE

    desk.carry(operation)

    assert ItemState.DONE is desk.item(operation, "501").state
    assert "Cancelled" == copied(desk)["is_active"]


def test_a_mark_that_is_refused_after_its_answer_was_lost_reaches_the_copy(desk: TestDesk) -> None:
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = lambda r: (
        Fault.NOT_SENT if r.what == "write" and r.kind is Kind.CONTACT else Fault.NONE
    )
    desk.core.operation_runner.carry_out(operation.id)
    assert False is copied(desk)["token_refunded"]  # and the copy of the cancel is done with
    marks = iter([Fault.ANSWER_LOST, Fault.REFUSED])
    desk.crm.sending = lambda r: (
        next(marks, Fault.NONE) if r.what == "write" and r.kind is Kind.BOOKING else Fault.NONE
    )
    desk.carry(operation)

    assert ItemState.FAILED is desk.item(operation, "501").state
    assert True is copied(desk)["token_refunded"]


def test_a_booking_that_is_archived_while_it_is_marked_is_copied_when_it_is_back(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("501", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    desk.crm.sending = lambda r: (
        Fault.NOT_SENT if r.what == "write" and r.kind is Kind.CONTACT else Fault.NONE
    )
    desk.core.operation_runner.carry_out(operation.id)
    desk.drain()
    desk.crm.sending = lambda _: Fault.NONE
    record = desk.crm.truth.need(Kind.BOOKING, "501")
    desk.crm.truth.archive(record)
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.truth.restore(record)
    desk.time += timedelta(seconds=5)
    desk.carry(operation)

    row, booking = copied(desk), desk.crm.bookings([BookingId("501")])[BookingId("501")]
    assert booking is not None
    assert (booking.raw_status, booking.refunded) == (row["is_active"], row["token_refunded"])


def test_a_cancel_that_slept_is_not_sent(desk: TestDesk) -> None:
    """What was stopped meanwhile, or made active again, would be cancelled by us unseen."""
    sent_at = desk.now()
    desk.time += timedelta(seconds=11)

    outcomes = desk.crm.cancel_bookings([BookingId("501")], marker="op-1", sent_at=sent_at)

    assert ["not sent"] == [outcome.fate.value for outcome in outcomes.values()]
