"""Cancelling an exam as one act: closed, moved, cancelled, told in one report."""

from __future__ import annotations

import pytest

from core.credits.errors import BadList, StateConflict
from core.credits.records import TOTAL_BOOKINGS, ContactId, ExamId, Kind
from core.credits.roles import Role
from core.hubspot.ports.channels import NO_TELLING, Channel, TellBy
from core.operations.approval_rules import SecondAdmin
from core.operations.commands import NotConfirmed
from core.operations.kinds.telling import NO_REASON as NO_REASON_FOR_STUDENTS
from core.operations.kinds.telling import OFF
from core.operations.states import OperationState
from core.operations.verdicts import Why
from core.students.cancel_exam import ExamActReport
from core.students.exam_acts import ExamAct, ExamActState
from core.work.work import Task, Work
from tests.fakes.crm import Fault
from tests.unit.services.desk import ADMIN, CS, TestDesk

HERE, THERE = ExamId("80"), ExamId("81")
FREE = "cs_credits"
BEN = "ben@example.test"


def school(
    *,
    students: int = 3,
    left: int = 2,
    second: SecondAdmin | None = None,
    tell_by: TellBy = NO_TELLING,
) -> TestDesk:
    """``left``: seats that are free at the other exam."""
    desk = TestDesk(second=second or SecondAdmin(), tell_by=tell_by)
    exam = {"mock_type": "Clinical Skills", "capacity": "10"}
    desk.crm.add_exam(HERE, students, exam_date="2026-06-01", **exam)
    desk.crm.add_exam(THERE, 10 - left, exam_date="2026-06-08", **exam)
    for n in range(students):
        desk.crm.add_contact(
            f"10{n}", {FREE: 2}, student_id=f"S{n}", firstname=f"Ada{n}", email=f"s{n}@example.test"
        )
        desk.crm.add_booking(
            f"50{n}", contact=f"10{n}", exam=HERE, token=CS,
            booking_id=f"Clinical Skills-S{n}-June 1, 2026",
        )  # fmt: skip
    return desk


def ask(
    desk: TestDesk, *, to: ExamId | None = THERE, keeps: bool = False, tell: str | None = None
) -> ExamAct:
    return desk.core.whole_exam_cancellation.ask(
        HERE, ADMIN, to=to, keeps=keeps, reason="the room is closed", tell=tell
    )


def carry(desk: TestDesk, act: ExamAct) -> ExamActReport:
    """As an engine carries all that has not ended."""
    for _ in range(200):
        tasks = [task for task in desk.journal.unended(at=desk.time) if not _follows(task)]
        if not tasks:
            break
        for task in tasks:
            again = desk.core.carries[task.work](task.id)
            if again is not None:
                desk.time = max(desk.time, again)
    report = desk.core.whole_exam_cancellation.report(HERE, ADMIN)
    assert report is not None
    assert act.id == report.act.id
    return report


def _follows(task: Task) -> bool:
    return task.work is Work.FOLLOW_UPS


def held(desk: TestDesk, students: int = 3) -> list[int]:
    return [desk.held(f"10{n}", FREE) for n in range(students)]


def seats(desk: TestDesk) -> tuple[int, int]:
    here, there = (desk.crm.balance(Kind.EXAM, id_, TOTAL_BOOKINGS) for id_ in (HERE, THERE))
    return here, there


def test_the_exam_is_closed_those_who_fit_are_moved_and_the_others_cancelled() -> None:
    desk = school()

    report = carry(desk, ask(desk))

    assert (ExamActState.DONE, "", True) == (report.act.state, report.act.fault, report.closed)
    assert report.move is not None
    assert report.cancel is not None
    assert (2, 1) == (report.move.done, report.cancel.done)
    assert {FREE: 1} == report.cancel.progress.net
    assert () == report.not_done
    assert [2, 2, 3] == held(desk)
    assert (0, 10) == seats(desk)
    assert "false" == desk.crm.truth.need(Kind.EXAM, HERE).properties["is_active"]


def test_each_student_is_told_once_what_became_of_their_own_booking() -> None:
    desk = school(tell_by=TellBy(channel=Channel.SINGLE_SEND, email_id=77))

    report = carry(desk, ask(desk, tell=" no heating "))
    for part in (report.move, report.cancel):
        assert part is not None
        desk.follow_up(part.operation)

    said = {mail.message.contact_id: mail.message for mail in desk.crm.mails.values()}
    assert {"100": "moved", "101": "moved", "102": "cancelled"} == {
        id_: message.act for id_, message in said.items()
    }
    assert (
        "Your booking for Clinical Skills on 1 June 2026 was moved. "
        "It is now Clinical Skills-S0-June 8, 2026.\n"
        "No credit is taken for it.\n"
        "Reason: no heating"
    ) == said[ContactId("100")].text
    assert 3 == len(desk.crm.mails)
    again = desk.core.whole_exam_cancellation.report(HERE, ADMIN)
    assert again is not None
    assert (3, 0) == again.told


@pytest.mark.parametrize(
    ("by", "tell", "fault"),
    [
        (NO_TELLING, "no heating", OFF),
        (TellBy(channel=Channel.PROPERTIES), " ", NO_REASON_FOR_STUDENTS),
    ],
    ids=["off", "no reason"],
)
def test_what_speaks_against_telling_is_said_once_and_nothing_begins(
    by: TellBy, tell: str, fault: str
) -> None:
    desk = school(tell_by=by)

    with pytest.raises(NotConfirmed) as refused:
        ask(desk, tell=tell)

    assert (fault,) == refused.value.faults
    assert desk.journal.last_exam_act(HERE) is None


def test_kept_credits_stay_where_they_are() -> None:
    desk = school()

    report = carry(desk, ask(desk, to=None, keeps=True))

    assert report.move is None
    assert report.cancel is not None
    assert 3 == report.cancel.done
    assert ([2, 2, 2], (0, 8)) == (held(desk), seats(desk))


def test_a_preview_changes_nothing_and_counts_what_the_act_does() -> None:
    desk = school()

    found = desk.core.whole_exam_cancellation.preview(HERE, ADMIN, to=THERE, keeps=False)

    assert (2, 1, 1, 3) == (
        len(found.moving), len(found.cancelling), found.credits_, found.number,
    )  # fmt: skip
    assert () == found.left
    assert {} == desk.journal.cancelled_exams([HERE])
    assert [] == desk.journal.unended()


def test_what_cannot_be_cancelled_is_left_and_told_with_the_reason() -> None:
    desk = school()
    desk.crm.foreign_write(Kind.BOOKING, "500", {"attendance": "Yes"})

    found = desk.core.whole_exam_cancellation.preview(HERE, ADMIN, to=None, keeps=False)
    report = carry(desk, ask(desk, to=None))

    assert [("500", Why.ATTENDED)] == [(row.booking_id, row.why) for row in found.left]
    (left,) = report.not_done
    assert "500" == left.booking_id
    assert left.why.startswith("attended")
    assert [2, 3, 3] == held(desk)


def test_completed_bookings_are_no_part_of_it() -> None:
    desk = school()
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Completed"})

    report = carry(desk, ask(desk, to=None))

    assert report.cancel is not None
    assert (2, 2) == (report.cancel.done, report.cancel.progress.total)
    assert () == report.not_done


def test_an_exam_whose_bookings_all_stay_ends_with_the_reason() -> None:
    desk = school(students=1)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"attendance": "Yes"})

    report = carry(desk, ask(desk, to=None))

    assert report.cancel is None
    assert "none of 1 bookings can be changed; the first: attended" in report.act.fault


def test_an_exam_without_bookings_is_closed() -> None:
    desk = school(students=0)

    report = carry(desk, ask(desk))

    assert (ExamActState.DONE, True, ()) == (
        report.act.state, report.closed, report.act.operations,
    )  # fmt: skip


def test_asking_again_while_it_goes_on_is_the_same_act() -> None:
    desk = school()

    assert ask(desk) == ask(desk, to=None, keeps=True)


def test_a_second_act_of_the_exam_cancels_what_is_active_there_since() -> None:
    desk = school()
    first = carry(desk, ask(desk)).act
    desk.crm.add_booking("509", contact="102", exam=HERE, token=CS, booking_id="late")

    report = carry(desk, second := ask(desk, to=None))

    assert first.id != second.id
    assert report.cancel is not None
    assert 1 == report.cancel.done


@pytest.mark.parametrize(("typed", "told"), [(3, ""), (2, "type 3 to confirm"), (None, "")])
def test_a_large_act_is_confirmed_by_its_number(typed: int | None, told: str) -> None:
    desk = school()
    object.__setattr__(desk.core.operation_commands, "typed_above", 2)
    refused = ""
    try:
        desk.core.whole_exam_cancellation.ask(
            HERE, ADMIN, to=THERE, keeps=False, reason="r", typed=typed
        )
    except NotConfirmed as error:
        refused = str(error)

    assert told == refused


def test_no_act_without_a_reason_or_to_the_exam_itself() -> None:
    desk = school()

    with pytest.raises(NotConfirmed, match="give a reason"):
        desk.core.whole_exam_cancellation.ask(HERE, ADMIN, to=None, keeps=False, reason=" ")
    with pytest.raises(BadList, match="choose another exam"):
        ask(desk, to=HERE)

    assert {} == desk.journal.cancelled_exams([HERE])


def test_an_act_above_the_limit_has_each_operation_approved_however_small() -> None:
    """Three bookings are above the limit of two; neither operation alone is."""
    desk = school(second=SecondAdmin(above_bookings=2))
    with pytest.raises(NotConfirmed, match="a second admin must approve it, and there is none"):
        ask(desk)
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)

    act = ask(desk)
    for _ in range(3):
        desk.core.whole_exam_cancellation.carry_out(act.id)
    move_id = desk.journal.exam_act(act.id).move_id

    operation = desk.journal.operation(move_id)
    assert OperationState.AWAITING is operation.state
    assert "more than 2 bookings" == operation.needs_approval
    assert f"operation {move_id}: {operation.state}" == desk.journal.exam_act(act.id).waiting_for
    desk.core.approvals.approve(move_id, desk.core.access.actor(BEN))
    report = carry_to_approval(desk, act)
    assert report.move is not None
    assert report.cancel is not None
    assert 2 == report.move.done
    assert OperationState.AWAITING is report.cancel.operation.state


def carry_to_approval(desk: TestDesk, act: ExamAct) -> ExamActReport:
    """Until its second operation waits for an admin; the clock stays far from its end."""
    for _ in range(60):
        held = desk.journal.exam_act(act.id)
        for id_ in held.operations:
            if desk.journal.operation(id_).state is not OperationState.AWAITING:
                desk.core.operation_runner.carry_out(id_)
        desk.core.whole_exam_cancellation.carry_out(act.id)
        desk.time = max(desk.time, desk.journal.operation(held.move_id).hold_until)
    report = desk.core.whole_exam_cancellation.report(HERE, ADMIN)
    assert report is not None
    return report


def test_a_withdrawn_move_ends_the_act_and_cancels_nobody() -> None:
    desk = school()
    act = ask(desk)
    desk.core.whole_exam_cancellation.carry_out(act.id)
    move_id = desk.journal.exam_act(act.id).move_id
    desk.core.operation_commands.call_off(move_id, ADMIN)

    report = carry(desk, act)

    assert (ExamActState.STOPPED, True, None) == (report.act.state, report.closed, report.cancel)
    assert f"operation {move_id} was withdrawn" == report.act.fault
    assert ([2, 2, 2], (3, 8)) == (held(desk), seats(desk))


def test_a_stop_withdraws_what_is_held_and_begins_nothing_more() -> None:
    desk = school()
    act = ask(desk)
    desk.core.whole_exam_cancellation.carry_out(act.id)
    now = desk.journal.exam_act(act.id)
    assert f"operation {now.move_id} is confirmed and has not begun" == now.waiting_for

    desk.core.whole_exam_cancellation.stop(act.id, ADMIN)
    report = carry(desk, act)

    assert (ExamActState.STOPPED, f"stopped by {ADMIN.email}") == (
        report.act.state, report.act.fault,
    )  # fmt: skip
    assert report.closed
    assert ([2, 2, 2], (3, 8)) == (held(desk), seats(desk))
    with pytest.raises(StateConflict):
        desk.core.whole_exam_cancellation.stop(act.id, ADMIN)


def test_an_exam_is_not_reopened_while_its_bookings_are_being_cancelled() -> None:
    desk = school()
    act = ask(desk)
    desk.core.whole_exam_cancellation.carry_out(act.id)

    with pytest.raises(BadList, match="stop that first"):
        desk.core.exam_cancellation.reopen(HERE, ADMIN, reason="a mistake")

    assert carry(desk, act).closed
    desk.core.exam_cancellation.reopen(HERE, ADMIN, reason="another room")


def test_a_person_who_lost_the_role_begins_nothing_more() -> None:
    desk = school()
    desk.core.access.grant(BEN, Role.ADMIN, ADMIN)
    ben = desk.core.access.actor(BEN)
    act = desk.core.whole_exam_cancellation.ask(HERE, ben, to=None, keeps=False, reason="r")
    desk.core.access.grant(BEN, Role.STAFF, ADMIN)

    report = carry(desk, act)

    assert ExamActState.STOPPED is report.act.state
    assert "ben@example.test is staff and may not" in report.act.fault
    assert ([2, 2, 2], (3, 8)) == (held(desk), seats(desk))


def test_an_exam_that_hubspot_refuses_to_close_keeps_its_bookings() -> None:
    desk = school()
    act = ask(desk)
    desk.crm.sending = lambda r: Fault.REFUSED if r.changes and r.kind is Kind.EXAM else Fault.NONE

    report = carry(desk, act)

    assert ExamActState.STOPPED is report.act.state
    assert "HubSpot refused to close it, so no booking was changed" in report.act.fault
    assert ([2, 2, 2], (3, 8)) == (held(desk), seats(desk))


def test_an_act_that_cannot_go_on_is_tried_ever_more_seldom_and_goes_on_by_itself() -> None:
    """Each try reads every booking of the exam: HubSpot is not asked every two seconds for it."""
    desk = school(tell_by=TellBy(channel=Channel.SINGLE_SEND, email_id=77))
    act = ask(desk, tell="no heating")
    said = desk.core.operation_commands.tell_by
    object.__setattr__(desk.core.operation_commands, "tell_by", NO_TELLING)
    waits = []
    for _ in range(7):
        again = desk.core.whole_exam_cancellation.carry_out(act.id)
        assert again is not None
        waits.append((again - desk.time).total_seconds())
        desk.time = again

    assert [2, 4, 8, 16, 32, 60, 60] == waits
    assert OFF in desk.journal.exam_act(act.id).waiting_for
    object.__setattr__(desk.core.operation_commands, "tell_by", said)
    report = carry(desk, act)

    assert ExamActState.DONE is report.act.state
