"""While another desk runs, nothing is begun again here: by approval, retry, decision or recount."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from core.credits.records import BookingId, ExamId, Kind
from core.credits.roles import Actor, Role
from core.operations.approval_rules import SecondAdmin
from core.operations.approve import NotApproved
from core.operations.desks.rules import Process
from core.operations.desks.takeover import AnotherDesk
from core.operations.states import ItemState, Operation, OperationState
from tests.commands import app
from tests.fakes.crm import Fault, Request
from tests.fakes.desks import FakeRegister
from tests.unit.services.desk import ADMIN, TestDesk
from tests.unit.test_cli_roles import WHO, desk

__all__ = ["desk"]  # a fixture

BEN = Actor(email="ben@example.test", role=Role.ADMIN)
NAMED = "desk bbbb on laptop"


def joined_by_a_laptop(made: TestDesk) -> FakeRegister:
    register = FakeRegister(made.now)
    made.core.desks.register = register
    register.register(
        Process(name="laptop-1", desk="bbbb", host="laptop", version="1", started_at=made.time)
    )
    return register


def failed(made: TestDesk) -> Operation:
    """A refund whose write HubSpot refused."""

    def refuse(request: Request) -> Fault:
        return Fault.REFUSED if request.what == "write" else Fault.NONE

    made.crm.sending = refuse
    operation = made.run("53")
    made.crm.sending = lambda _: Fault.NONE
    assert ItemState.FAILED is made.item(operation, "53").state
    return operation


def unclear(made: TestDesk) -> Operation:
    """A refund of a booking whose history HubSpot does not give."""
    operation = made.confirm("53")
    made.crm.unreadable_histories.add("53")
    made.carry(operation)
    assert ItemState.UNDECIDED is made.item(operation, "53").state
    return operation


def test_a_retry_waits_for_the_other_desk_to_end(desk: TestDesk) -> None:
    operation = failed(desk)
    joined_by_a_laptop(desk)

    with pytest.raises(AnotherDesk, match=NAMED):
        desk.core.operation_commands.retry(operation.id, ADMIN)

    assert ItemState.FAILED is desk.item(operation, "53").state


@pytest.mark.parametrize("refunded", [True, False])
def test_a_decision_from_which_a_refund_follows_waits_for_the_other_desk_to_end(
    desk: TestDesk, refunded: bool
) -> None:
    operation = unclear(desk)
    joined_by_a_laptop(desk)

    def rule() -> None:
        desk.core.resolution.rule(
            operation.id, BookingId("53"), ADMIN, refunded=refunded, why="looked"
        )

    if refunded:
        rule()
        assert ItemState.SKIPPED is desk.item(operation, "53").state
        return
    with pytest.raises(AnotherDesk, match=NAMED):
        rule()
    assert ItemState.UNDECIDED is desk.item(operation, "53").state


def test_a_recount_waits_for_the_other_desk_to_end(desk: TestDesk) -> None:
    joined_by_a_laptop(desk)

    with pytest.raises(AnotherDesk, match=NAMED):
        desk.core.seat_recount.recount([ExamId("70")], ADMIN)

    assert [] == desk.journal.operations()


def awaiting() -> tuple[TestDesk, Operation]:
    made = TestDesk(second=SecondAdmin(above_bookings=1), admins=[ADMIN.email])
    made.core.access.grant(BEN.email, BEN.role, ADMIN)
    for n in range(2):
        made.crm.add_contact(f"10{n}", {"cs_credits": 1})
        made.booked(f"50{n}", f"10{n}")
    return made, made.confirm("500", "501")


def test_an_approval_is_refused_while_another_desk_runs() -> None:
    made, operation = awaiting()
    joined_by_a_laptop(made)

    with pytest.raises(NotApproved, match=NAMED):
        made.core.approvals.approve(operation.id, BEN)

    assert OperationState.AWAITING is made.journal.operation(operation.id).state


def test_an_approval_is_given_once_the_other_desk_was_taken_over_from() -> None:
    made, operation = awaiting()
    joined_by_a_laptop(made)
    made.core.desks.take_over(BEN, reason="the laptop was a trial")

    made.core.approvals.approve(operation.id, BEN)

    assert OperationState.HELD is made.journal.operation(operation.id).state


# --- the command line


def run(*args: str) -> Result:
    return CliRunner().invoke(app, [*args, "--as", WHO[Role.ADMIN], "--json"])


def blocked(made: TestDesk) -> Operation:
    """A booking whose attendance could not be read at the preview, and now can."""
    made.crm.foreign_write(Kind.BOOKING, "53", {"attendance": "perhaps"})
    operation = made.run("53", "54")
    made.crm.foreign_write(Kind.BOOKING, "53", {"attendance": ""})
    return operation


@pytest.mark.parametrize(
    ("begun", "command"),
    [(failed, ["retry"]), (blocked, ["retry", "--blocked"])],
    ids=["retry", "retry --blocked"],
)
def test_a_retry_takes_over_when_it_is_told_to(
    desk: TestDesk, begun: Callable[[TestDesk], Operation], command: list[str]
) -> None:
    desk.crm.add_contact("3", {"cs_credits": 1})
    desk.booked("54", "3")
    operation = begun(desk)
    register = joined_by_a_laptop(desk)

    refused = run(*command, operation.id, *_reason(command))
    done = run(*command, operation.id, "--takeover", "--reason", "the laptop was a trial")

    assert (1, True) == (refused.exit_code, NAMED in refused.stderr)
    assert 0 == done.exit_code, done.stderr
    (entry,) = [one for one in register.registered() if one.process.name == "laptop-1"]
    assert desk.core.desks.id() == entry.taken_over_by


def _reason(command: list[str]) -> list[str]:
    return ["--reason", "again"] if "--blocked" in command else []


def test_a_dry_run_of_an_approval_tells_of_the_other_desk_and_takeover_ends_it(
    desk: TestDesk,
) -> None:
    made, operation = awaiting()
    desk.core = made.core  # the commands act on it
    made.core.access.grant(WHO[Role.ADMIN], Role.ADMIN, ADMIN)
    joined_by_a_laptop(made)

    shown = run("approve", operation.id, "--dry-run")
    refused = run("approve", operation.id)
    no_reason = run("approve", operation.id, "--takeover")
    done = run("approve", operation.id, "--takeover", "--reason", "the laptop was a trial")

    assert NAMED in shown.stdout
    assert (1, True) == (refused.exit_code, NAMED in refused.stderr)
    assert "give a reason for the takeover" in no_reason.stderr
    assert (0, True) == (done.exit_code, '"state": "held"' in done.stdout), done.stderr
