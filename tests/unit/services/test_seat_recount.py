"""Seat counts set right by the protocol, whatever our own operations do meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.credits.errors import BadList, JournalError
from core.credits.records import BookingId, ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.choosing.recount import SeatRecount
from core.operations.choosing.select import ByReference
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind, Verdict
from tests.fakes.crm import Fault, Request
from tests.pages.stage import ACTOR, Stage, stage
from tests.unit.services.desk import DiesAfter

EXAM = ExamId("70")
STAFF = Actor(email="staff@example.test", role=Role.STAFF)


@pytest.fixture
def made() -> Stage:
    """An exam that counts 5 seats and has 3 bookings, one of them cancelled."""
    made = stage()
    made.crm.add_exam(EXAM, 5, mock_type="Clinical Skills")
    made.crm.add_contact("52", {"cs_credits": 1})
    for n, status in enumerate(("Active", "Completed", "Active", "Cancelled")):
        made.crm.add_booking(
            f"88{n}", contact="52", exam=EXAM, status=status, token="Clinical Skills Token"
        )
    made.clock.pass_(minutes=5)
    return made


def seats(made: Stage) -> int:
    return made.crm.balance(Kind.EXAM, EXAM, "total_bookings")


def cancel(made: Stage, *ids: str) -> str:
    plan = made.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=ids), ACTOR
    )
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="Ill")
    return plan.id


def events(made: Stage, operation_id: str) -> list[str]:
    return [event.what for event in made.journal.events(operation_id=operation_id)]


def test_a_count_is_set_to_what_the_bookings_hold_in_both_stores(made: Stage) -> None:
    operation = made.core.seat_recount.recount([EXAM], ACTOR)
    made.carry(operation.id)
    made.core.mirror_copier.drain()

    assert 3 == seats(made)
    assert OperationState.DONE is made.journal.operation(operation.id).state
    assert "Clinical Skills, 2 June 2036 5 → 3" == operation.reason
    (write,) = made.journal.writes(operation.id)
    assert ({"total_bookings": 5}, {"total_bookings": 3}) == (
        dict(write.write.before),
        dict(write.write.after),
    )
    assert "clean" == write.verified


def test_a_process_that_dies_at_a_recount_leaves_its_line_in_the_history(made: Stage) -> None:
    recount: SeatRecount = replace(
        made.core.seat_recount, journal=DiesAfter(made.journal, "confirm")
    )

    with pytest.raises(JournalError, match="dead"):
        recount.recount([EXAM], ACTOR)

    (told,) = [each for each in made.journal.events() if each.what == "confirmed"]
    assert [EXAM] == told.detail["exams"]


def test_a_count_that_is_too_low_is_raised(made: Stage) -> None:
    made.crm.foreign_write(Kind.EXAM, EXAM, {"total_bookings": 1})
    made.clock.pass_(minutes=1)

    made.carry(made.core.seat_recount.recount([EXAM], ACTOR).id)

    assert 3 == seats(made)


def test_carrying_it_again_changes_nothing_more(made: Stage) -> None:
    operation = made.core.seat_recount.recount([EXAM], ACTOR)
    made.carry(operation.id)
    made.core.operation_commands.journal.begin_run(operation.id, at=made.clock())

    made.carry(operation.id)

    assert 3 == seats(made)


def test_two_asked_for_at_once_correct_once(made: Stage) -> None:
    first = made.core.seat_recount.recount([EXAM], ACTOR)
    second = made.core.seat_recount.recount([EXAM], ACTOR)

    assert made.core.operation_runner.carry_out(second.id) is not None  # it waits for the earlier
    assert 5 == seats(made)
    made.carry(first.id)
    made.carry(second.id)

    assert 3 == seats(made)
    assert [] == made.journal.writes(second.id)


def test_it_waits_for_a_cancellation_that_is_between_booking_and_count(made: Stage) -> None:
    cancelling = cancel(made, "880")
    # as its run does first, and then is held up
    # as its run does first, and then is held up
    made.crm.cancel_bookings([BookingId("880")], marker="op-1", sent_at=made.clock())
    made.clock.pass_(minutes=1)
    operation = made.core.seat_recount.recount([EXAM], ACTOR)

    assert made.core.operation_runner.carry_out(operation.id) is not None
    assert 5 == seats(made)
    made.carry(cancelling)
    made.carry(operation.id)

    assert 2 == seats(made)


def test_a_cancellation_that_begins_after_the_measure_is_not_counted_twice(made: Stage) -> None:
    """It cancels between our read of the bookings and our write of the count."""
    operation = made.core.seat_recount.recount([EXAM], ACTOR)
    reads, begun = [0], []

    def in_between(request: Request) -> Fault:
        if (request.what, request.kind) == ("read", Kind.EXAM):
            reads[0] += 1
            if reads[0] == 2:  # the first measured, this one is the write's own
                begun.append(cancel(made, "880"))
                made.clock.pass_(seconds=11)
                made.core.operation_runner.carry_out(begun[0])
                assert made.core.operation_runner.follow_up(begun[0]) is not None
        return Fault.NONE

    made.crm.sending = in_between
    made.carry(operation.id)
    assert 3 == seats(made)
    made.carry(begun[0])

    assert 2 == seats(made)


def test_while_somebody_books_it_waits(made: Stage) -> None:
    made.crm.add_booking("889", contact="52", exam=EXAM)
    operation = made.core.seat_recount.recount([EXAM], ACTOR)

    assert made.core.operation_runner.carry_out(operation.id) is not None
    made.crm.foreign_write(Kind.EXAM, EXAM, {"total_bookings": 6})  # the app's second call
    made.carry(operation.id)

    assert 4 == seats(made)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.NOT_SENT])
def test_a_lost_request_or_answer_corrects_once(made: Stage, fault: Fault) -> None:
    faults = [fault]
    made.crm.sending = lambda r: faults.pop() if r.changes and faults else Fault.NONE

    made.carry(made.core.seat_recount.recount([EXAM], ACTOR).id)

    assert 3 == seats(made)


def test_a_count_that_was_mended_meanwhile_is_left_alone(made: Stage) -> None:
    operation = made.core.seat_recount.recount([EXAM], ACTOR)
    made.crm.foreign_write(Kind.EXAM, EXAM, {"total_bookings": 3})

    made.carry(operation.id)

    assert [] == made.journal.writes(operation.id)


def test_a_right_count_is_skipped_and_an_unreadable_one_blocked(made: Stage) -> None:
    made.crm.add_exam("71", 0)
    made.crm.add_exam("72", "abc")

    plan = made.core.seat_recount.preview([EXAM, ExamId("71"), ExamId("72")], ACTOR)

    assert [Verdict.WILL_CHANGE, Verdict.SKIP, Verdict.BLOCKED] == [r.verdict for r in plan.rows]
    assert (5, 3) == (plan.rows[0].before, plan.rows[0].after)


def test_only_admins_correct_counts_and_only_of_exams_that_there_are(made: Stage) -> None:
    with pytest.raises(NotAllowed):
        made.core.seat_recount.recount([EXAM], STAFF)
    with pytest.raises(BadList, match="no exam 99"):
        made.core.seat_recount.recount([ExamId("99")], ACTOR)
    with pytest.raises(BadList, match="at least one"):
        made.core.seat_recount.recount([], ACTOR)


def test_what_hubspot_refuses_is_told_in_the_operations_history(made: Stage) -> None:
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE
    operation = made.core.seat_recount.recount([EXAM], ACTOR)
    made.carry(operation.id)

    (warned,) = made.journal.warnings(operation.id)
    assert warned.told.startswith(f"exam {EXAM} was not counted anew: HubSpot refused it")
    assert 5 == seats(made)
