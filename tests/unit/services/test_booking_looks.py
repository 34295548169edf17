"""Others who undo what an operation made of a booking: who, when, from what to what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credits.records import Kind
from core.operations.foreign.when_to_look import LOOKS
from core.operations.leftovers import About, Warned
from core.operations.states import Operation
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

ADMIN_APP = {"source": "INTEGRATION", "source_id": "admin-app", "user_id": ""}


class Undone(TestDesk):
    def __init__(self) -> None:
        super().__init__()
        self.crm.add_contact("1", {"cs_credits": 2}, firstname="Ada")
        self.booked("51", "1", token=CS, status="Active")
        self.booked("52", "1", token="Admin Override", status="Active")
        self.time += timedelta(hours=1)
        self.cancelled = self.run("51", "52", kind=OperationKind.CANCEL)
        self.time += timedelta(seconds=5)

    def others_set(self, booking: str = "51", **changes: str) -> None:
        self.crm.foreign_write(Kind.BOOKING, booking, changes, **ADMIN_APP)

    def look(self, by: timedelta = LOOKS[0]) -> list[Warned]:
        self.time += by
        self.core.late_looks.look()
        return self.journal.warnings(self.cancelled.id)


def test_bookings_that_stayed_as_they_were_left_are_not_told_of() -> None:
    assert [] == Undone().look()


@pytest.mark.parametrize("booking", ["51", "52"])
def test_a_booking_set_active_again_is_told_with_who_and_when(booking: str) -> None:
    desk = Undone()
    desk.others_set(booking, is_active="Active")
    at = f"{desk.time:%-d %B %Y %H:%M:%S} UTC"

    (warned,) = desk.look()

    assert (About.STATUS, booking) == (warned.about, warned.record)
    assert "is Active again" in warned.told
    assert f"Cancelled → Active by an app (admin-app) at {at}" in warned.told


def test_a_mark_that_was_cleared_is_told_and_no_more_when_it_is_set_again() -> None:
    desk = Undone()
    desk.others_set(token_refunded="")
    (warned,) = desk.look()
    assert (About.MARK, "51") == (warned.about, warned.record)
    assert "is not marked refunded any more" in warned.told
    assert "true → empty by an app (admin-app)" in warned.told

    desk.others_set(token_refunded="true")

    assert [] == desk.look(LOOKS[1])


@pytest.mark.parametrize(
    ("name", "by", "now"),
    [
        ("eve@example.test", "eve@example.test", "eve@example.test"),
        ("", "nobody named", "empty"),
    ],
    ids=["another", "none"],
)
def test_a_mark_without_our_name_is_told_with_both_as_what_may_be_a_second_refund(
    name: str, by: str, now: str
) -> None:
    desk = Undone()
    desk.others_set(token_refund_admin=name)

    (warned,) = desk.look()

    assert f"is marked refunded by {by}" in warned.told
    assert "its credit may have been given twice" in warned.told
    assert f"ann@example.test → {now} by an app (admin-app)" in warned.told


def test_a_mark_that_our_own_undo_cleared_is_nobodys_mischief() -> None:
    desk = TestDesk()
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    desk.time += timedelta(hours=1)
    refund: Operation = desk.run("51")
    undo = desk.core.undo_planner.preview(refund.id, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(undo.id, ADMIN, reason="a mistake"))

    desk.time += LOOKS[0]
    desk.core.late_looks.look()

    assert [] == desk.journal.warnings(refund.id)
    assert [] == desk.journal.warnings(undo.id)


def refunded_with_a_late_mark(*, others_give: bool) -> list[Warned]:
    """A worker ends between a credit and its mark; its booking looks owed for a minute."""
    desk = TestDesk()
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    desk.time += timedelta(hours=1)
    desk.crm.sending = lambda request: (
        Fault.NOT_SENT if request.changes and request.kind is Kind.BOOKING else Fault.NONE
    )
    refund = desk.confirm("51")
    held = desk.core.operation_runner.carry_out(refund.id)
    assert held is not None
    desk.time = held
    desk.core.operation_runner.carry_out(refund.id)
    assert 3 == desk.held("1", "cs_credits")
    desk.time += timedelta(minutes=1)
    if others_give:
        desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 4}, **ADMIN_APP)
    desk.time += timedelta(minutes=1)
    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(refund)

    desk.time += LOOKS[1]
    desk.core.late_looks.look()

    return desk.journal.warnings(refund.id)


def test_a_credit_that_others_gave_before_our_late_mark_is_told_with_both() -> None:
    (warned,) = refunded_with_a_late_mark(others_give=True)

    assert (About.REFUNDED_TWICE, "51") == (warned.about, warned.record)
    assert "was refunded by this operation (2 → 3) at 4 May 2026 10:00:10 UTC" in warned.told
    assert "UTC, and marked at 4 May 2026 10:02:10 UTC; between" in warned.told
    assert "the balance went 3 → 4 by an app (admin-app)" in warned.told


def test_a_late_mark_alone_is_no_refund_given_twice() -> None:
    assert [] == refunded_with_a_late_mark(others_give=False)


def test_a_credit_that_is_found_landed_after_others_gave_theirs_is_told_with_both() -> None:
    """HubSpot's answer got lost: what it says when it is asked again is as others left it."""
    desk = TestDesk()
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    desk.time += timedelta(hours=1)
    refund = desk.confirm("51")
    desk.time = desk.core.operation_runner.carry_out(refund.id) or desk.time
    answered = False

    def lost(request: Request) -> Fault:
        """Its answer, and whatever is asked from then on."""
        nonlocal answered
        if request.changes and request.kind is Kind.CONTACT:
            answered = True
            return Fault.ANSWER_LOST
        return Fault.NOT_SENT if answered else Fault.NONE

    desk.crm.sending = lost
    desk.core.operation_runner.carry_out(refund.id)
    assert 3 == desk.held("1", "cs_credits")
    desk.time += timedelta(seconds=61)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 4}, **ADMIN_APP)
    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(refund)

    desk.time += LOOKS[1]
    desk.core.late_looks.look()

    (warned,) = desk.journal.warnings(refund.id)
    assert (About.REFUNDED_TWICE, "51") == (warned.about, warned.record)
    assert "(2 → 3) at 4 May 2026 10:00:10 UTC" in warned.told
    assert "the balance went 3 → 4 by an app (admin-app)" in warned.told


def test_of_two_cancelled_bookings_with_late_marks_each_may_be_the_one_that_others_paid() -> None:
    """A credit that the student spends meanwhile is nobody's refund, and is not told."""
    desk = TestDesk()
    desk.crm.add_contact("1", {"cs_credits": 2})
    for booking in ("51", "52"):
        desk.booked(booking, "1", token=CS, status="Active")
    desk.time += timedelta(hours=1)
    cancelled = desk.confirm("51", "52", kind=OperationKind.CANCEL)
    desk.time = desk.core.operation_runner.carry_out(cancelled.id) or desk.time
    sent: list[str] = []

    def no_mark(request: Request) -> Fault:
        """The first change of bookings is the cancel, what follows is the mark."""
        if request.changes and request.kind is Kind.BOOKING:
            sent.append(request.what)
            return Fault.NOT_SENT if len(sent) > 1 else Fault.NONE
        return Fault.NONE

    desk.crm.sending = no_mark
    desk.core.operation_runner.carry_out(cancelled.id)
    assert 4 == desk.held("1", "cs_credits")
    desk.time += timedelta(minutes=1)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3}, **ADMIN_APP)
    desk.time += timedelta(seconds=10)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 4}, **ADMIN_APP)
    desk.time += timedelta(minutes=1)
    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(cancelled)

    desk.time += LOOKS[1]
    desk.core.late_looks.look()

    told = [w for w in desk.journal.warnings(cancelled.id) if w.about is About.REFUNDED_TWICE]
    assert ["51", "52"] == sorted(warned.record for warned in told)
    assert all("the balance went 3 → 4 by an app" in warned.told for warned in told)
    assert not any("4 → 3" in warned.told for warned in told)
