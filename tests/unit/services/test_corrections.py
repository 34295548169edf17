"""Corrections: what our write took from somebody else's change, given its due once."""

from __future__ import annotations

import pytest

from core.audit.store.event_port import Event
from core.credits.errors import BadList
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.states import ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, SJ, TestDesk

MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)


class Meddled(TestDesk):
    """The student app spends between our read and our write, as often as ``spends`` says."""

    def __init__(self, **spends: int) -> None:
        super().__init__()
        self.spends = spends
        self.crm.sending = self._meddle
        self.crm.add_contact("1", {"cs_credits": 5, "sj_credits": 5}, firstname="Ada")
        self.booked("51", "1", token=CS)
        self.booked("52", "1", token=SJ)

    def _meddle(self, request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT and self.spends:
            spends, self.spends = self.spends, {}
            held = {key: self.crm.balance(Kind.CONTACT, "1", key) for key in spends}
            self.crm.foreign_write(
                Kind.CONTACT, "1", {key: held[key] - n for key, n in spends.items()}
            )
        return Fault.NONE

    def balance(self, key: str = "cs_credits") -> int:
        return self.crm.balance(Kind.CONTACT, "1", key)

    def correct(self, operation: Operation) -> Operation:
        plan = self.core.corrections.preview(operation.id, ADMIN)
        confirmed = self.core.operation_commands.confirm(plan.id, ADMIN, reason="give it its due")
        return self.carry(confirmed)


def test_a_correction_gives_the_foreign_change_its_due_on_the_balance_of_now() -> None:
    desk = Meddled(cs_credits=1)
    refund = desk.run("51")
    assert desk.balance() == 6, "their spending was written over"
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 9})  # and the world moved on

    plan = desk.core.corrections.preview(refund.id, ADMIN)
    done = desk.correct(refund)

    (row,) = plan.rows
    assert (row.before, row.after, row.contact_name) == (9, 8, "Ada")
    assert desk.balance() == 8
    (item,) = desk.journal.items(done.id)
    assert (item.state, item.before, item.after) == (ItemState.DONE, 9, 8)
    assert done.kind is OperationKind.CORRECT


def test_several_credits_of_one_contact_come_in_one_write() -> None:
    desk = Meddled(cs_credits=3, sj_credits=1)
    refund = desk.run("51", "52")

    done = desk.correct(refund)

    assert (desk.balance(), desk.balance("sj_credits")) == (3, 5)
    (write,) = desk.journal.writes(done.id)
    assert len(write.write.movements) == 4


def test_a_change_is_made_up_for_once_however_often_it_is_asked() -> None:
    desk = Meddled(cs_credits=1)
    refund = desk.run("51")
    first = desk.core.corrections.preview(refund.id, ADMIN)
    second = desk.core.corrections.preview(refund.id, ADMIN)
    confirmed = [
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="two tabs")
        for plan in (first, second)
    ]

    ended = [desk.carry(operation) for operation in confirmed]

    assert desk.balance() == 5
    states = [desk.journal.items(operation.id)[0].state for operation in ended]
    assert states == [ItemState.DONE, ItemState.SKIPPED]
    assert desk.core.corrections.open(refund.id, ADMIN) == []
    (row,) = desk.core.corrections.preview(refund.id, ADMIN).rows
    assert (row.verdict, row.why) == (Verdict.SKIP, Why.CORRECTED)


def test_a_balance_never_falls_below_zero_for_a_correction() -> None:
    desk = Meddled(cs_credits=1)
    refund = desk.run("51")
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 0})

    (row,) = desk.core.corrections.preview(refund.id, ADMIN).rows

    assert (row.verdict, row.why, row.detail) == (Verdict.BLOCKED, Why.OUT_OF_RANGE, "0 → -1")


def test_one_that_was_refused_is_on_offer_again() -> None:
    desk = Meddled(cs_credits=1)
    refund = desk.run("51")
    plan = desk.core.corrections.preview(refund.id, ADMIN)
    confirmed = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="late")
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 0})
    refused = desk.carry(confirmed)

    (item,) = desk.journal.items(refused.id)
    assert (item.state, desk.balance()) == (ItemState.FAILED, 0)
    assert "nothing was changed: cs_credits is 0 and would become -1" in item.why
    assert len(desk.core.corrections.open(refund.id, ADMIN)) == 1
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 2})
    again = desk.carry(desk.core.operation_commands.retry(refused.id, ADMIN))
    assert (again.state, desk.balance()) == (OperationState.DONE, 1)


def test_an_operation_that_wrote_over_nobody_has_nothing_to_correct() -> None:
    desk = Meddled()
    refund = desk.run("51")

    with pytest.raises(BadList, match="no balance to correct"):
        desk.core.corrections.preview(refund.id, ADMIN)


def test_only_an_admin_may() -> None:
    desk = Meddled(cs_credits=1)
    refund = desk.run("51")

    with pytest.raises(NotAllowed):
        desk.core.corrections.preview(refund.id, MANAGER)


def test_who_asked_and_why_is_kept() -> None:
    desk = Meddled(cs_credits=1)
    done = desk.correct(desk.run("51"))

    told: list[Event] = desk.core.operation_commands.history(done.id, ADMIN)
    confirmed = next(event for event in told if event.what == "confirmed")
    assert confirmed.actor == ADMIN.email
    assert confirmed.detail["reason"] == "give it its due"
