"""A second admin's yes: another person's, at that very moment, to a plan that still holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.app.assembly.parts import Core
from core.audit.entries import Sought, What
from core.credits.errors import BadList, GatewayError, NotSent, StateConflict
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.approval_rules import SecondAdmin
from core.operations.approve import NotApproved
from core.operations.commands import NotConfirmed
from core.operations.plans import Plan
from core.operations.states import Operation, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Request
from tests.unit.services.desk import ADMIN, TestDesk

BEN = Actor(email="ben@example.test", role=Role.ADMIN)
CY = Actor(email="cy@example.test", role=Role.ADMIN)
LOUD_CY = Actor(email="CY@example.test", role=Role.ADMIN)
MIA = Actor(email="mia@example.test", role=Role.MANAGER)
S = OperationState


class Watched(TestDesk):
    """Two bookings need a second admin. Three students are owed one each."""

    def __init__(self, second: SecondAdmin | None = None) -> None:
        super().__init__(second=second or SecondAdmin(above_bookings=1), admins=[ADMIN.email])
        for actor in (BEN, CY, MIA):
            self.core.access.grant(actor.email, actor.role, ADMIN)
        for n in range(3):
            self.crm.add_contact(f"10{n}", {"cs_credits": 1})
            self.booked(f"50{n}", f"10{n}")

    def asked(self) -> Operation:
        return self.confirm("500", "501", "502")

    def state(self, operation: Operation) -> OperationState:
        return self.journal.operation(operation.id).state

    def given_back(self) -> int:
        return sum(self.held(f"10{n}", "cs_credits") - 1 for n in range(3))

    def look(self, operation: Operation) -> None:
        self.core.operation_runner.carry_out(operation.id)

    def whats(self, operation: Operation) -> list[str]:
        return [
            event.what
            for event in reversed(self.core.operation_commands.history(operation.id, ADMIN))
        ]


@pytest.fixture
def desk() -> Watched:
    return Watched()


def test_a_large_plan_waits_and_nothing_of_it_begins(desk: Watched) -> None:
    operation = desk.asked()

    assert (S.AWAITING, "more than 1 booking") == (operation.state, operation.needs_approval)
    assert desk.time + timedelta(hours=24) == operation.hold_until
    for _ in range(3):
        assert operation.hold_until == desk.core.operation_runner.carry_out(operation.id)
        desk.time += timedelta(hours=7)
    assert [] == desk.journal.unended(at=desk.time)
    assert (S.AWAITING, 0) == (desk.state(operation), desk.given_back())


def test_another_admin_s_yes_begins_the_hold_and_then_the_run(desk: Watched) -> None:
    operation = desk.asked()
    desk.time += timedelta(hours=3)

    held = desk.core.approvals.approve(operation.id, BEN)

    assert (S.HELD, desk.time + timedelta(seconds=10)) == (held.state, held.hold_until)
    assert (BEN.email, desk.time) == (held.approved_by, held.approved_at)
    desk.look(operation)
    assert 0 == desk.given_back(), "still held"
    assert S.DONE is desk.carry(operation).state
    assert 3 == desk.given_back()
    assert ["confirmed", "approved", "running", "done"] == desk.whats(operation)


def test_a_small_plan_asks_nobody(desk: Watched) -> None:
    assert S.DONE is desk.run("500").state


def test_who_asked_cannot_approve_however_the_address_is_written(desk: Watched) -> None:
    operation = desk.asked()

    for email in (ADMIN.email, ADMIN.email.upper(), f" {ADMIN.email} "):
        with pytest.raises(NotApproved, match=r"another admin has to approve it: ben@.* or cy@"):
            desk.core.approvals.approve(operation.id, Actor(email=email, role=Role.ADMIN))

    assert S.AWAITING is desk.state(operation)


def test_an_admin_made_after_the_request_cannot_approve_it(desk: Watched) -> None:
    """One admin alone: asks, makes a second one of their own, and approves as that one."""
    operation = desk.asked()
    desk.time += timedelta(minutes=1)
    eve = Actor(email="eve@example.test", role=Role.ADMIN)
    desk.core.access.grant(eve.email, Role.ADMIN, ADMIN)

    with pytest.raises(NotApproved, match=r"became an admin after .*: ben@.* or cy@"):
        desk.core.approvals.approve(operation.id, eve)
    assert [BEN.email, CY.email] == desk.core.approvals.whom_to_ask(operation)
    assert S.AWAITING is desk.state(operation)


def test_a_plus_address_of_who_asked_cannot_approve(desk: Watched) -> None:
    alias = Actor(email=ADMIN.email.replace("@", "+two@"), role=Role.ADMIN)
    desk.core.access.grant(alias.email, Role.ADMIN, ADMIN)
    operation = desk.asked()

    with pytest.raises(NotApproved, match="both addresses are one mailbox"):
        desk.core.approvals.approve(operation.id, alias)
    assert alias.email not in desk.core.approvals.whom_to_ask(operation)
    forged = replace(desk.journal.operation(operation.id), approved_by=alias.email)
    assert not forged.may_begin, "nor does the engine begin it"


@pytest.mark.parametrize("role", [Role.MANAGER, Role.STAFF])
def test_only_an_admin_approves_or_refuses(desk: Watched, role: Role) -> None:
    operation = desk.asked()
    desk.core.access.grant(MIA.email, role, ADMIN)
    acts: list[Callable[[Actor], object]] = [
        lambda actor: desk.core.approvals.approve(operation.id, actor),
        lambda actor: desk.core.approvals.refuse(operation.id, actor, "no"),
        lambda actor: desk.core.approvals.renew(operation.id, actor),
    ]

    for claimed in (role, Role.ADMIN):  # whatever role a page once read
        for act in acts:
            with pytest.raises(NotAllowed):
                act(Actor(email=MIA.email, role=claimed))

    assert S.AWAITING is desk.state(operation)


def test_a_role_withdrawn_while_the_plan_was_read_again_approves_nothing(desk: Watched) -> None:
    operation = desk.asked()

    def withdrawn(_: Request) -> None:
        if desk.journal.granted(BEN.email):
            desk.core.access.withdraw(BEN.email, ADMIN)

    desk.crm.answered = withdrawn

    with pytest.raises(NotAllowed):
        desk.core.approvals.approve(operation.id, BEN)
    assert S.AWAITING is desk.state(operation)


def test_approving_twice_is_once(desk: Watched) -> None:
    operation = desk.asked()
    first = desk.core.approvals.approve(operation.id, BEN)
    desk.time += timedelta(seconds=5)

    assert first == desk.core.approvals.approve(operation.id, BEN)
    assert 1 == desk.whats(operation).count("approved")


def test_a_second_approver_is_told_who_was_quicker(desk: Watched) -> None:
    operation = desk.asked()
    held = desk.core.approvals.approve(operation.id, BEN)

    with pytest.raises(StateConflict, match=r"ben@example\.test approved it"):
        desk.core.approvals.approve(operation.id, CY)

    assert held == desk.journal.operation(operation.id)


def test_one_who_was_overtaken_while_reading_is_told_so(desk: Watched) -> None:
    operation = desk.asked()

    def quicker(_: Request) -> None:
        desk.crm.answered = lambda _: None
        desk.core.approvals.approve(operation.id, CY)

    desk.crm.answered = quicker

    with pytest.raises(StateConflict, match=r"cy@example\.test approved it"):
        desk.core.approvals.approve(operation.id, BEN)
    assert 1 == desk.whats(operation).count("approved")


def test_what_was_called_off_or_refused_cannot_be_approved(desk: Watched) -> None:
    one, other = desk.asked(), desk.asked()
    desk.core.operation_commands.call_off(one.id, ADMIN)
    desk.core.approvals.refuse(other.id, BEN, "wrong exam")

    for operation in (one, other):
        with pytest.raises(StateConflict, match="nothing was changed"):
            desk.core.approvals.approve(operation.id, CY)
        assert S.CALLED_OFF is desk.state(operation)
    event = desk.core.operation_commands.called_off(other.id)
    assert event is not None
    assert (BEN.email, "refused: wrong exam") == (event.actor, event.detail["detail"])
    assert 0 == desk.given_back()


def test_a_no_without_a_reason_is_none(desk: Watched) -> None:
    operation = desk.asked()

    with pytest.raises(NotApproved, match="say why"):
        desk.core.approvals.refuse(operation.id, BEN, "  ")

    assert S.AWAITING is desk.state(operation)


def test_the_asker_and_any_admin_may_call_it_off_and_nobody_else(desk: Watched) -> None:
    for actor in (ADMIN, CY):
        operation = desk.asked()
        assert S.CALLED_OFF is desk.core.operation_commands.stop(operation.id, actor).state
    operation = desk.asked()
    with pytest.raises(NotAllowed):
        desk.core.operation_commands.call_off(operation.id, MIA)


def test_a_request_that_nobody_approved_in_time_is_called_off_and_says_so(desk: Watched) -> None:
    operation = desk.asked()
    desk.time = operation.hold_until

    with pytest.raises(NotApproved, match="in time"):
        desk.core.approvals.approve(operation.id, BEN)
    assert [operation.id] == [task.key for task in desk.journal.unended(at=desk.time)]
    assert desk.core.operation_runner.carry_out(operation.id) is None

    event = desk.core.operation_commands.called_off(operation.id)
    assert event is not None
    assert "nobody approved it in time" == event.detail["detail"]
    assert (S.CALLED_OFF, 0) == (desk.state(operation), desk.given_back())


def test_a_plan_that_no_longer_matches_is_refused_with_what_changed(desk: Watched) -> None:
    operation = desk.asked()
    desk.crm.foreign_write(Kind.BOOKING, "501", {"token_refunded": "true"})

    with pytest.raises(NotApproved, match="now already refunded") as refused:
        desk.core.approvals.approve(operation.id, BEN)

    assert 2 == len(refused.value.faults), "one row, and what to do"
    assert S.AWAITING is desk.state(operation)
    assert ["confirmed", "approval refused"] == desk.whats(operation)
    assert ["501"] == desk.core.operation_commands.history(operation.id, ADMIN)[0].detail["changed"]
    (entry,) = [link.entry for link in desk.journal.audit(Sought(what=(What.NOT_APPROVED,)))]
    assert (BEN.email, operation.id) == (entry.actor, entry.operation_id)
    assert (1, ["501"]) == (entry.detail["differ"], entry.detail["bookings"])


def test_a_balance_that_moved_meanwhile_is_shown_and_does_not_stop_it(desk: Watched) -> None:
    operation = desk.asked()
    desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 0})

    found = desk.core.approvals.read(operation.id, BEN)

    assert ((0, 1), ()) == (
        (found.plan.rows[0].before, found.plan.rows[0].after),
        found.differences,
    )
    assert S.HELD is desk.core.approvals.approve(operation.id, BEN).state


def test_a_new_preview_ends_the_old_request_and_asks_again(desk: Watched) -> None:
    operation = desk.asked()
    desk.crm.foreign_write(Kind.BOOKING, "501", {"token_refunded": "true"})

    plan = desk.core.approvals.renew(operation.id, BEN)
    again = desk.core.operation_commands.confirm(plan.id, BEN, reason="the same, as it is now")

    assert S.CALLED_OFF is desk.state(operation)
    assert {"500", "501", "502"} == {row.booking_id for row in plan.rows}
    assert 2 == len(plan.will_change)
    assert S.AWAITING is again.state
    with pytest.raises(NotApproved):
        desk.core.approvals.approve(again.id, BEN)
    desk.core.approvals.approve(again.id, ADMIN)
    desk.carry(again)
    assert 2 == desk.given_back()


def test_what_was_approved_is_not_previewed_anew(desk: Watched) -> None:
    operation = desk.asked()
    desk.core.approvals.approve(operation.id, BEN)

    with pytest.raises(StateConflict, match="approved it"):
        desk.core.approvals.renew(operation.id, CY)
    assert S.HELD is desk.state(operation)


def test_while_hubspot_is_away_nothing_is_approved_and_it_waits_on(desk: Watched) -> None:
    operation = desk.asked()

    def away(_: Request) -> None:
        raise NotSent("no connection")

    desk.crm.answered = away

    with pytest.raises(GatewayError):
        desk.core.approvals.approve(operation.id, BEN)
    assert S.AWAITING is desk.state(operation)


@pytest.mark.parametrize("gone", [ADMIN.email, BEN.email])
def test_whose_role_is_withdrawn_before_it_begins_their_word_counts_no_more(gone: str) -> None:
    desk = Watched()
    asker = CY
    plan = desk.plan("500", "501", actor=asker)
    operation = desk.core.operation_commands.confirm(plan.id, asker, reason="r")
    desk.core.approvals.approve(operation.id, BEN)
    desk.core.access.withdraw(BEN.email if gone == BEN.email else CY.email, ADMIN)

    assert S.CALLED_OFF is desk.carry(operation).state
    assert 0 == desk.given_back()


def test_an_asker_who_is_no_admin_any_more_is_named_at_the_approval(desk: Watched) -> None:
    plan = desk.plan("500", "501", actor=CY)
    operation = desk.core.operation_commands.confirm(plan.id, CY, reason="r")
    desk.core.access.withdraw(CY.email, ADMIN)

    with pytest.raises(NotApproved, match=r"cy@example\.test, who asked, may no longer"):
        desk.core.approvals.approve(operation.id, BEN)


def test_a_request_that_nobody_could_grant_is_not_made() -> None:
    desk = Watched()
    for actor in (BEN, CY):
        desk.core.access.withdraw(actor.email, ADMIN)
    plan = desk.plan("500", "501")

    with pytest.raises(NotConfirmed, match="there is none"):
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="r")
    assert [] == desk.journal.operations()


def test_confirming_it_again_is_no_approval_whoever_does(desk: Watched) -> None:
    operation = desk.asked()

    for actor in (ADMIN, BEN):
        again = desk.core.operation_commands.confirm(operation.id, actor, reason="go", at_once=True)
        assert operation == again
    with pytest.raises(StateConflict, match="only an ended one can be retried"):
        desk.core.operation_commands.retry(operation.id, BEN)
    desk.core.operation_commands.call_off(operation.id, ADMIN)
    with pytest.raises(StateConflict):
        desk.core.operation_commands.retry(operation.id, BEN)
    assert (
        S.CALLED_OFF is desk.core.operation_commands.confirm(operation.id, BEN, reason="go").state
    )


def test_a_process_without_the_setting_cannot_smuggle_one_past_a_worker_with_it() -> None:
    desk = Watched(SecondAdmin())
    operation = desk.asked()
    assert S.HELD is operation.state
    object.__setattr__(desk.core.operation_runner, "second", SecondAdmin(above_credits=2))

    assert S.CALLED_OFF is desk.carry(operation).state
    event = desk.core.operation_commands.called_off(operation.id)
    assert event is not None
    assert "more than 2 credits, and no second admin approved it" == event.detail["detail"]


def test_what_was_approved_is_retried_without_asking_again(desk: Watched) -> None:
    operation = desk.asked()
    desk.core.approvals.approve(operation.id, BEN)
    desk.crm.archive(Kind.CONTACT, "100")
    desk.carry(operation)
    desk.crm.truth.restore(desk.crm.truth._by_id[Kind.CONTACT]["100"])
    assert 2 == desk.given_back()

    desk.core.operation_commands.retry(operation.id, ADMIN)

    desk.carry(operation)
    assert 3 == desk.given_back()


def test_a_recount_does_not_wait_for_what_waits_for_a_person(desk: Watched) -> None:
    """It is the exam of the bookings that wait; its count is one too high."""
    desk.asked()
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 4})
    desk.time += timedelta(minutes=10)

    recount = desk.core.seat_recount.recount(["70"], ADMIN)  # type: ignore[list-item]

    assert S.DONE is desk.carry(recount).state
    assert 0 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")


def test_a_correction_asks_by_its_credits_and_is_judged_anew(desk: Watched) -> None:
    plan = _correction(desk)
    assert OperationKind.CORRECT is plan.kind
    object.__setattr__(desk.core.operation_commands, "second", SecondAdmin(above_credits=0))
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="give it its due")
    assert S.AWAITING is operation.state

    desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 5})
    assert () == desk.core.approvals.read(operation.id, BEN).differences
    desk.core.approvals.approve(operation.id, BEN)
    desk.carry(operation)

    assert 4 == desk.held("100", "cs_credits")


def _correction(desk: Watched) -> Plan:
    """The student spent one between our read and our write."""

    def meddle(request: Request) -> object:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.sending = before
            desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 0})
        return before(request)

    before = desk.crm.sending
    desk.crm.sending = meddle  # type: ignore[assignment]
    refund = desk.run("500")
    return desk.core.corrections.preview(refund.id, ADMIN)


DOES: dict[str, Callable[[Core, Watched, str], object]] = {
    "ask": lambda core, _, id_: core.operation_commands.confirm(id_, CY, reason="again"),
    "approve-self": lambda core, _, id_: core.approvals.approve(id_, LOUD_CY),
    "approve-other": lambda core, _, id_: core.approvals.approve(id_, BEN),
    "approve-manager": lambda core, _, id_: core.approvals.approve(id_, MIA),
    "refuse": lambda core, _, id_: core.approvals.refuse(id_, BEN, "no"),
    "call-off": lambda core, _, id_: core.operation_commands.call_off(id_, CY),
    "confirm": lambda core, _, id_: core.operation_commands.confirm(
        id_, BEN, reason="go", at_once=True
    ),
    "retry": lambda core, _, id_: core.operation_commands.retry(id_, BEN),
    "renew": lambda core, _, id_: core.approvals.renew(id_, BEN),
    "withdraw-asker": lambda core, *_: core.access.withdraw(CY.email, ADMIN),
    "withdraw-other": lambda core, *_: core.access.withdraw(BEN.email, ADMIN),
    "grant": lambda core, *_: core.access.grant(CY.email, Role.ADMIN, ADMIN),
    "hours": lambda _, desk, __: setattr(desk, "time", desk.time + timedelta(hours=9)),
    "look": lambda core, _, id_: core.operation_runner.carry_out(id_),
    "world": lambda _, desk, __: desk.crm.foreign_write(
        Kind.BOOKING, "501", {"token_used": "Shared Token"}
    ),
}


@example(["approve-other", "hours", "look"])
@example(["approve-self", "approve-other", "withdraw-asker", "grant", "hours", "look"])
@given(st.lists(st.sampled_from(sorted(DOES)), max_size=14))
def test_whatever_people_do_nothing_begins_unapproved_or_by_the_asker_alone(
    acts: list[str],
) -> None:
    desk = Watched()
    operation = desk.core.operation_commands.confirm(
        desk.plan("500", "501", actor=CY).id, CY, reason="r"
    )
    for act in acts:
        _try(desk, operation, act)
        found = desk.journal.operation(operation.id)
        begun = found.state not in {S.AWAITING, S.HELD, S.CALLED_OFF}
        if begun or desk.given_back():
            assert found.approved_by.casefold() in {BEN.email, ADMIN.email}
            assert desk.whats(operation).index("approved") < desk.whats(operation).index("running")


def _try(desk: Watched, operation: Operation, act: str) -> None:
    """What is refused changes nothing, which is the point."""
    with suppress(NotAllowed, NotApproved, NotConfirmed, StateConflict, BadList):
        DOES[act](desk.core, desk, operation.id)


@pytest.mark.parametrize(
    ("ids", "told"),
    [("all", "500.*; now another booking now"), ("kept", "503.*they were merged in HubSpot")],
)
def test_a_plan_whose_bookings_were_merged_since_is_asked_for_anew(
    desk: Watched, ids: str, told: str
) -> None:
    """Under the id that they have now: under those of the plan nothing would be done."""
    desk.crm.truth.merge_ids = ids
    desk.booked("503", "100")
    operation = desk.confirm("500", "503")
    desk.crm.merge(Kind.BOOKING, "500", "503")

    with pytest.raises(NotApproved, match=told):
        desk.core.approvals.approve(operation.id, BEN)

    assert (S.AWAITING, 0) == (desk.state(operation), desk.given_back())
