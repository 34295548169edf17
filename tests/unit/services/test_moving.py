"""Moving bookings to another exam: a seat there, the booking, its seat here; or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from core.audit.entries import What
from core.credits.catalogue import SCHOOL
from core.credits.errors import BadList, StateConflict
from core.credits.records import (
    MARKER,
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    ContactId,
    ExamId,
    Kind,
)
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.writes import QUIET_PERIOD, MovementKind
from core.drift.sweeps import SweepMode
from core.mirror.outgoing.rules import EventType, event_of
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByExam, ByReference, Selection
from core.operations.kinds.move import MOVE
from core.operations.kinds.refund import REFUND
from core.operations.leftovers import About
from core.operations.plans import Plan, Row
from core.operations.states import Item, ItemState, Operation, OperationState
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict, Why
from core.work.work import Work
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

STAFF = Actor(email="sam@example.test", role=Role.STAFF)
HERE, THERE = ExamId("80"), ExamId("81")
OLD, NEW = "Clinical Skills-S1-June 1, 2026", "Clinical Skills-S1-June 8, 2026"
FREE = "cs_credits"


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    exam(made, HERE, 3, day="2026-06-01")
    exam(made, THERE, 4, day="2026-06-08")
    made.core.access.grant(STAFF.email, Role.STAFF, ADMIN)
    student(made, "101", "S1")
    booked(made, "501", "101", booking_id=OLD)
    return made


def exam(
    desk: TestDesk,
    id_: str,
    taken: int,
    *,
    day: str,
    mock_type: str = "Clinical Skills",
    capacity: str = "10",
    **more: str,
) -> None:
    desk.crm.add_exam(id_, taken, mock_type=mock_type, exam_date=day, capacity=capacity, **more)


def student(desk: TestDesk, id_: str, student_id: str) -> None:
    desk.crm.add_contact(id_, {FREE: 2}, student_id=student_id, firstname=f"Ada{id_}")


def booked(desk: TestDesk, id_: str, contact: str, *, at: str = HERE, **more: str) -> None:
    desk.crm.add_booking(id_, contact=contact, exam=at, **{"token": CS, **more})


def three(desk: TestDesk) -> tuple[str, ...]:
    """Two more students with a booking of the same exam."""
    for n in (2, 3):
        student(desk, f"10{n}", f"S{n}")
        booked(desk, f"50{n}", f"10{n}", booking_id=OLD.replace("S1", f"S{n}"))
    return ("501", "502", "503")


def plan(
    desk: TestDesk,
    *ids: str,
    actor: Actor = ADMIN,
    to: ExamId | None = THERE,
    chosen: Selection | None = None,
    include: frozenset[Inclusion] = frozenset(),
) -> Plan:
    selection = chosen or ByReference(references=ids or ("501",))
    return desk.core.operation_planner.preview(MOVE.key, selection, actor, to=to, include=include)


def row(desk: TestDesk, *ids: str, **more: object) -> Row:
    return plan(desk, *ids, **more).rows[0]  # type: ignore[arg-type]


def confirmed(desk: TestDesk, *ids: str, actor: Actor = ADMIN) -> Operation:
    made = plan(desk, *ids, actor=actor)
    assert made.will_change, made.rows
    return desk.core.operation_commands.confirm(made.id, actor, reason="the room is closed")


def moved(desk: TestDesk, *ids: str) -> Operation:
    return desk.carry(confirmed(desk, *ids))


def item(desk: TestDesk, operation: Operation, id_: str = "501") -> Item:
    return desk.item(operation, id_)


def booking(desk: TestDesk, id_: str = "501") -> Booking:
    found = desk.crm.bookings([BookingId(id_)])[BookingId(id_)]
    assert found is not None
    return found


def where(desk: TestDesk, id_: str = "501") -> tuple[tuple[str, ...], str]:
    """Its exams and its name."""
    held = booking(desk, id_)
    return held.exam_ids, held.booking_id


def seats(desk: TestDesk) -> tuple[int, int]:
    """Here and there."""
    here, there = (desk.crm.balance(Kind.EXAM, id_, TOTAL_BOOKINGS) for id_ in (HERE, THERE))
    return here, there


def at_write(desk: TestDesk, act: Callable[[], object], *, of: Kind, nth: int = 1) -> None:
    """Somebody else acts in the moment before the nth write of this kind goes out."""
    count = 0

    def sending(request: Request) -> Fault:
        nonlocal count
        if request.what == "write" and request.kind is of:
            count += 1
            if count == nth:
                act()
        return Fault.NONE

    desk.crm.sending = sending


def faulty(desk: TestDesk, fault: Fault, *, nth: int = 1, of: Kind = Kind.BOOKING) -> None:
    """What becomes of the nth write of this kind."""
    count = 0

    def sending(request: Request) -> Fault | Mapping[str, Fault]:
        nonlocal count
        if request.what == "write" and request.kind is of:
            count += 1
            if count == nth:
                return fault
        return Fault.NONE

    desk.crm.sending = sending


# what it does


def test_booking_takes_a_seat_there_frees_its_own_and_keeps_its_credit(desk: TestDesk) -> None:
    operation = moved(desk)

    assert OperationState.DONE is operation.state
    assert ItemState.DONE is item(desk, operation).state
    assert ((THERE,), NEW) == where(desk)
    assert (2, 5) == seats(desk)
    held = booking(desk)
    assert (BookingStatus.ACTIVE, CS, False) == (held.status, held.token, held.refunded)
    assert {FREE: 2} == {
        key: n for key in SCHOOL.keys if (n := desk.crm.balance(Kind.CONTACT, "101", key))
    }


def test_seat_there_is_taken_before_anything_else_is_changed(desk: TestDesk) -> None:
    order: list[tuple[Kind, tuple[str, ...]]] = []

    def sending(request: Request) -> Fault:
        if request.changes and request.kind is not Kind.CONTACT:  # its note
            order.append((request.kind, request.ids))
        return Fault.NONE

    desk.crm.sending = sending
    moved(desk)

    of_booking = (Kind.BOOKING, ("501",))
    kinds = [(Kind.EXAM, (THERE,)), *[of_booking] * 3, (Kind.EXAM, (HERE,))]
    assert kinds == order


def test_preview_tells_the_new_name_and_that_no_credit_moves(desk: TestDesk) -> None:
    made = plan(desk)

    (only,) = made.rows
    assert (Verdict.WILL_CHANGE, Why.MOVE, NEW) == (only.verdict, only.why, only.new_name)
    assert NEW in only.detail
    assert {} == made.credits
    assert "to Clinical Skills, 8 June 2026" in made.selection
    assert "Move 1 booking" == MOVE.confirming(made)


def test_note_on_the_timeline_tells_both_names(desk: TestDesk) -> None:
    moved(desk)

    (note,) = desk.crm.notes
    assert OLD in note.text
    assert NEW in note.text
    assert "the room is closed" in note.text


def test_supabase_has_the_booking_at_its_exam_and_both_counts(desk: TestDesk) -> None:
    moved(desk)
    desk.drain()

    kept = desk.mirror.rows(Kind.BOOKING, ["501"])["501"]
    assert (THERE, NEW, "2026-06-08") == (
        kept["exam_hubspot_id"],
        kept["booking_id"],
        kept["exam_date"],
    )
    counts = desk.mirror.rows(Kind.EXAM, [HERE, THERE])
    assert {"2", "5"} == {str(each["total_bookings"]) for each in counts.values()}


def test_audit_and_the_event_for_other_apps_name_both_exams(desk: TestDesk) -> None:
    moved(desk)

    (entry,) = [e for e in desk.journal.recorded() if e.what == What.BOOKING_MOVED]
    told = event_of(entry, "e1")
    assert told is not None
    assert EventType.BOOKING_MOVED is told.type
    assert {
        "record_id": "501",
        "contact_id": "101",
        "exam_id": THERE,
        "exam_date": "2026-06-08",
        "from_exam_id": HERE,
        "from_exam_date": "2026-06-01",
    } == {name: value for name, value in told.data.items() if name != "operation"}


def test_moving_back_is_another_move(desk: TestDesk) -> None:
    moved(desk)
    back = desk.core.operation_planner.preview(
        MOVE.key, ByReference(references=("501",)), ADMIN, to=HERE
    )
    desk.carry(desk.core.operation_commands.confirm(back.id, ADMIN, reason="back"))

    assert ((HERE,), OLD) == where(desk)
    assert (3, 4) == seats(desk)


def test_moved_booking_can_be_cancelled_and_frees_its_new_seat(desk: TestDesk) -> None:
    moved(desk)
    desk.run("501", kind=OperationKind.CANCEL)

    assert BookingStatus.CANCELLED is booking(desk).status
    assert (2, 4) == seats(desk)
    assert 3 == desk.crm.balance(Kind.CONTACT, "101", FREE)


def test_moved_booking_is_neither_owed_nor_drift(desk: TestDesk) -> None:
    desk.core.mirror_copier.put(
        [
            Due(kind=kind, record_id=record.id, row=None)
            for kind in Kind
            for record in desk.crm.truth.all(kind)
        ]
    )
    desk.drain()
    moved(desk)
    desk.drain()

    asked = desk.core.sweep_runner.ask(SweepMode.FULL, ADMIN)
    desk.carry_on(Work.SWEEP, asked.id)
    assert [] == desk.journal.drifts(asked.id)
    assert [] == desk.core.owed_credits.owed(ADMIN)


def test_name_that_a_cancelled_booking_of_that_day_has_counts_on(desk: TestDesk) -> None:
    booked(desk, "502", "101", at=THERE, status="Cancelled", booking_id=NEW)

    assert f"{NEW} (2)" == row(desk).new_name
    moved(desk)
    assert ((THERE,), f"{NEW} (2)") == where(desk)


def test_session_of_the_same_day_keeps_the_name(desk: TestDesk) -> None:
    exam(desk, "82", 0, day="2026-06-01")
    made = plan(desk, to=ExamId("82"))
    desk.carry(desk.core.operation_commands.confirm(made.id, ADMIN, reason="another room"))

    assert (("82",), OLD) == where(desk)


def test_name_taken_since_the_preview_is_not_fought_for(desk: TestDesk) -> None:
    operation = confirmed(desk)
    student(desk, "109", "S9")
    exam(desk, "89", 0, day="2026-07-01")
    booked(desk, "509", "109", at="89", booking_id=NEW)

    desk.carry(operation)

    assert ((THERE,), f"{NEW} (2)") == where(desk)
    assert f"{NEW} (2)" == item(desk, operation).new_name


# who fits


def test_first_of_the_list_have_the_seats_and_the_others_stay(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.EXAM, THERE, {TOTAL_BOOKINGS: 8})
    made = plan(desk, *reversed(three(desk)))

    assert [Verdict.WILL_CHANGE, Verdict.WILL_CHANGE, Verdict.BLOCKED] == [
        each.verdict for each in made.rows
    ]
    assert ["503", "502", "501"] == [each.booking_id for each in made.rows]
    assert Why.NO_SEAT_LEFT is made.rows[2].why
    operation = desk.carry(desk.core.operation_commands.confirm(made.id, ADMIN, reason="a test"))
    assert (1, 10) == seats(desk)
    assert ((HERE,), OLD) == where(desk)
    assert ItemState.BLOCKED is item(desk, operation).state


def test_seats_taken_since_the_preview_leave_the_last_where_they_are(desk: TestDesk) -> None:
    operation = confirmed(desk, *three(desk))
    desk.crm.foreign_write(Kind.EXAM, THERE, {TOTAL_BOOKINGS: 9})

    desk.carry(operation)

    states = [each.state for each in desk.journal.items(operation.id)]
    assert [ItemState.DONE, ItemState.BLOCKED, ItemState.BLOCKED] == states
    assert str(Why.NO_SEAT_LEFT) in item(desk, operation, "503").why
    assert (2, 10) == seats(desk)
    assert HERE == booking(desk, "503").exam_id


def test_seats_taken_at_the_moment_of_the_write_are_not_overbooked(desk: TestDesk) -> None:
    """Judged with room for three; the count that the write goes out from has room for one."""
    operation = confirmed(desk, *three(desk))
    read = 0

    def sending(request: Request) -> Fault:
        nonlocal read
        if request.what == "read" and request.kind is Kind.EXAM:
            read += 1
            if read == 3:  # the third is the read of the write
                desk.crm.foreign_write(Kind.EXAM, THERE, {TOTAL_BOOKINGS: 9})
        return Fault.NONE

    desk.crm.sending = sending
    desk.carry(operation)

    states = [each.state for each in desk.journal.items(operation.id)]
    assert [ItemState.DONE, ItemState.BLOCKED, ItemState.BLOCKED] == states
    assert (2, 10) == seats(desk)


def test_exam_without_a_capacity_takes_all(desk: TestDesk) -> None:
    exam(desk, "82", 500, day="2026-06-09", capacity="")

    made = plan(desk, *three(desk), to=ExamId("82"))

    assert 3 == len(made.will_change)


def test_student_with_another_booking_on_that_day_stays(desk: TestDesk) -> None:
    exam(desk, "82", 1, day="2026-06-08", mock_type="Mini-mock")
    booked(desk, "502", "101", at="82", booking_id="the other one")

    blocked = row(desk)

    assert (Verdict.BLOCKED, Why.BOOKED_THAT_DAY) == (blocked.verdict, blocked.why)
    assert "the other one" in blocked.detail


def test_two_bookings_of_a_student_do_not_meet_on_one_day(desk: TestDesk) -> None:
    exam(desk, "82", 1, day="2026-06-02")
    booked(desk, "502", "101", at="82", booking_id="the other one")

    made = plan(desk, "502", "501")

    assert [Why.MOVE, Why.BOOKED_THAT_DAY] == [each.why for each in made.rows]


def test_booking_of_that_day_made_since_the_preview_keeps_the_other_where_it_is(
    desk: TestDesk,
) -> None:
    operation = confirmed(desk)
    exam(desk, "82", 1, day="2026-06-08", mock_type="Mini-mock")
    booked(desk, "502", "101", at="82", booking_id="the other one")

    desk.carry(operation)

    assert ItemState.BLOCKED is item(desk, operation).state
    assert (3, 4) == seats(desk)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_active": "false"}, Why.EXAM_CLOSED),
        ({"is_active": "scheduled"}, Why.EXAM_CLOSED),
        ({"exam_date": ""}, Why.EXAM_DATELESS),
        ({"exam_date": "2026-05-01"}, Why.EXAM_PAST),
        ({"exam_date": "2026-05-04", "start_time": "08:00"}, Why.TARGET_BEGUN),
        ({"capacity": "many"}, Why.SEATS_UNREADABLE),
        ({"total_bookings": "abc"}, Why.SEATS_UNREADABLE),
        ({"mock_type": "Mini-mock"}, Why.OTHER_CREDIT),
    ],
)
def test_exam_that_cannot_take_it_blocks(
    desk: TestDesk, changes: Mapping[str, str], why: Why
) -> None:
    desk.crm.foreign_write(Kind.EXAM, THERE, changes)

    blocked = row(desk)

    assert (Verdict.BLOCKED, why) == (blocked.verdict, blocked.why)


def test_nothing_moves_to_a_cancelled_exam_whatever_hubspot_says(desk: TestDesk) -> None:
    desk.core.exam_cancellation.cancel(THERE, ADMIN, reason="the room is closed")
    desk.crm.foreign_write(Kind.EXAM, THERE, {"is_active": "true"})

    blocked = row(desk)

    assert (Verdict.BLOCKED, Why.EXAM_CANCELLED) == (blocked.verdict, blocked.why)


def test_move_to_an_exam_that_is_cancelled_after_the_preview_leaves_the_booking(
    desk: TestDesk,
) -> None:
    operation = confirmed(desk)
    desk.core.exam_cancellation.cancel(THERE, ADMIN, reason="the room is closed")
    desk.crm.foreign_write(Kind.EXAM, THERE, {"is_active": "true"})

    desk.carry(operation)

    assert ItemState.BLOCKED is item(desk, operation).state
    assert Why.EXAM_CANCELLED in item(desk, operation).why
    assert (3, 4) == seats(desk)


def test_bookings_move_away_from_a_cancelled_exam(desk: TestDesk) -> None:
    operation = confirmed(desk)
    desk.core.exam_cancellation.cancel(HERE, ADMIN, reason="the room is closed")

    desk.carry(operation)

    assert ItemState.DONE is item(desk, operation).state
    assert (2, 5) == seats(desk)


def test_refusal_for_the_credit_names_both_types(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.EXAM, THERE, {"mock_type": "Situational Judgment"})

    told = row(desk).detail

    assert "Clinical Skills" in told
    assert "Situational Judgment or Shared" in told


def test_shared_credit_pays_for_another_type_whose_questions_are_answered(
    desk: TestDesk,
) -> None:
    desk.crm.foreign_write(Kind.EXAM, THERE, {"mock_type": "Situational Judgment"})
    desk.crm.foreign_write(Kind.BOOKING, "501", {"token_used": "Shared Token"})
    assert Why.ANSWER_MISSING is row(desk).why

    desk.crm.foreign_write(Kind.BOOKING, "501", {"attending_location": "Calgary"})

    assert "Situational Judgment-S1-June 8, 2026" == row(desk).new_name


def test_booking_without_a_credit_goes_to_any_type(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.BOOKING, "501", {"token_used": "Admin Override"})
    desk.crm.foreign_write(Kind.EXAM, THERE, {"mock_type": "Mock Discussion"})

    assert Verdict.WILL_CHANGE is row(desk).verdict


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_active": "Cancelled"}, Why.NOT_ACTIVE),
        ({"is_active": "Completed"}, Why.NOT_ACTIVE),
        ({"is_active": "perhaps"}, Why.STATUS_UNKNOWN),
        ({"attendance": "Yes"}, Why.ATTENDED),
        ({"token_refunded": "true"}, Why.REFUNDED_YET_ACTIVE),
        ({"token_refunded": "maybe"}, Why.REFUND_UNCLEAR),
        ({"token_used": "Gold Token"}, Why.UNKNOWN_TOKEN),
    ],
)
def test_booking_that_is_not_to_move_says_why(
    desk: TestDesk, changes: Mapping[str, str], why: Why
) -> None:
    desk.crm.foreign_write(Kind.BOOKING, "501", changes)

    assert why is row(desk).why


def test_booking_that_is_there_already_is_skipped(desk: TestDesk) -> None:
    there = row(desk, to=HERE)

    assert (Verdict.SKIP, Why.ALREADY_THERE) == (there.verdict, there.why)


def test_booking_of_a_past_exam_moves_when_it_is_included_on_purpose(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.EXAM, HERE, {"exam_date": "2026-05-01"})

    assert Why.EXAM_PAST is row(desk).why
    assert Why.MOVE is row(desk, include=frozenset({Inclusion.PAST})).why


def test_student_without_a_student_id_stays(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "101", {"student_id": ""})

    assert Why.NO_STUDENT_ID is row(desk).why


def test_no_such_exam_blocks_every_booking(desk: TestDesk) -> None:
    assert Why.EXAM_GONE is row(desk, to=ExamId("404")).why


def test_move_needs_an_exam_and_others_have_none(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="choose the exam"):
        plan(desk, to=None)
    with pytest.raises(BadList, match="no exam to go to"):
        desk.core.operation_planner.preview(
            REFUND.key, ByReference(references=("501",)), ADMIN, to=THERE
        )


# who may


def test_staff_move_one_students_bookings_and_admins_many(desk: TestDesk) -> None:
    made = plan(desk, actor=STAFF)
    assert desk.core.operation_commands.confirm(made.id, STAFF, reason="asked for it").id == made.id

    with pytest.raises(NotAllowed):
        plan(desk, *three(desk), actor=STAFF)
    with pytest.raises(NotAllowed):
        plan(desk, actor=STAFF, chosen=ByExam(ids=(HERE,)))


def test_move_is_neither_undone_nor_retried(desk: TestDesk) -> None:
    operation = moved(desk)

    assert "move the bookings back" in MOVE.not_undone(operation)
    with pytest.raises(StateConflict, match="not retried"):
        desk.core.operation_commands.retry(operation.id, ADMIN)


def test_blocked_bookings_are_previewed_again_for_the_same_exam(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.EXAM, THERE, {TOTAL_BOOKINGS: 9})
    operation = moved(desk, *three(desk))
    desk.crm.foreign_write(Kind.EXAM, THERE, {TOTAL_BOOKINGS: 5})

    again = desk.core.blocked_items.look_again(operation.id, ADMIN)

    assert THERE == again.to_exam
    assert ["502", "503"] == [each.booking_id for each in again.will_change]


# what goes wrong


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.NOT_SENT])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_change_that_is_lost_at_any_of_its_requests_comes_to_its_end(
    desk: TestDesk, fault: Fault, nth: int
) -> None:
    operation = confirmed(desk)
    faulty(desk, fault, nth=nth)

    desk.carry(operation)

    assert ItemState.DONE is item(desk, operation).state
    assert ((THERE,), NEW) == where(desk)
    assert (2, 5) == seats(desk)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_change_that_hubspot_refuses_leaves_the_booking_as_it_was(desk: TestDesk, nth: int) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.REFUSED, nth=nth)

    desk.carry(operation)

    left = item(desk, operation)
    assert ItemState.FAILED is left.state
    assert "HubSpot refused it" in left.why
    assert ((HERE,), OLD) == where(desk)
    assert (3, 4) == seats(desk)


def test_change_that_arrives_late_is_waited_for(desk: TestDesk) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.LATE, nth=1)
    for _ in range(3):
        again = desk.core.operation_runner.carry_out(operation.id)
        assert again is not None
        desk.time = max(desk.time, again)
    assert ((HERE,), OLD) == where(desk)
    desk.crm.deliver_late()
    assert {HERE, THERE} == set(booking(desk).exam_ids)

    desk.carry(operation)

    assert ((THERE,), NEW) == where(desk)
    assert (2, 5) == seats(desk)


def test_booking_cancelled_once_its_seat_was_taken_gives_it_back(desk: TestDesk) -> None:
    operation = confirmed(desk)
    cancel = {"is_active": "Cancelled"}
    answered = desk.crm.answered

    def after(request: Request) -> None:
        answered(request)
        if request.changes and request.kind is Kind.EXAM:
            desk.crm.foreign_write(Kind.BOOKING, "501", cancel)

    desk.crm.answered = after
    desk.carry(operation)

    left = item(desk, operation)
    assert ItemState.FAILED is left.state
    assert str(Why.NOT_ACTIVE) in left.why
    assert ((HERE,), OLD) == where(desk)
    assert (3, 4) == seats(desk)


def test_booking_moved_by_a_colleague_gives_the_seat_back_and_is_left(desk: TestDesk) -> None:
    operation = confirmed(desk)
    exam(desk, "82", 1, day="2026-06-09")

    def after(request: Request) -> None:
        if request.changes and request.kind is Kind.EXAM and booking(desk).exam_id == HERE:
            desk.crm.unlink("501", Kind.EXAM, HERE)
            desk.crm.link("501", Kind.EXAM, "82")

    desk.crm.answered = after
    desk.carry(operation)

    left = item(desk, operation)
    assert ItemState.FAILED is left.state
    assert "it was moved to exam 82" in left.why
    assert (("82",), OLD) == where(desk)
    assert (3, 4) == seats(desk)


def test_booking_cancelled_as_it_moved_is_moved_and_both_counts_are_named(
    desk: TestDesk,
) -> None:
    operation = confirmed(desk)
    at_write(
        desk,
        lambda: desk.crm.foreign_write(Kind.BOOKING, "501", {"is_active": "Cancelled"}),
        of=Kind.BOOKING,
        nth=2,
    )

    desk.carry(operation)

    assert ItemState.DONE is item(desk, operation).state
    assert ((THERE,), NEW) == where(desk)
    (warned,) = desk.journal.warnings(operation.id)
    assert (About.SEATS, THERE) == (warned.about, warned.record)
    assert f"recount exams {HERE}, {THERE}" in warned.told


def test_exam_closed_since_the_preview_changes_nothing(desk: TestDesk) -> None:
    operation = confirmed(desk)
    desk.crm.foreign_write(Kind.EXAM, THERE, {"is_active": "false"})

    desk.carry(operation)

    assert ItemState.BLOCKED is item(desk, operation).state
    assert (3, 4) == seats(desk)


def test_seat_that_hubspot_refuses_changes_nothing(desk: TestDesk) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.REFUSED, of=Kind.EXAM)

    desk.carry(operation)

    left = item(desk, operation)
    assert ItemState.FAILED is left.state
    assert "nothing was changed" in left.why
    assert ((HERE,), OLD) == where(desk)


def test_seat_whose_answer_is_lost_is_taken_once(desk: TestDesk) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.ANSWER_LOST, of=Kind.EXAM)

    desk.carry(operation)

    assert (2, 5) == seats(desk)


def test_seat_here_that_cannot_be_freed_yet_is_freed_later(desk: TestDesk) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.NOT_SENT, of=Kind.EXAM, nth=2)

    desk.carry(operation)

    assert (2, 5) == seats(desk)


def test_stop_leaves_what_has_no_seat_there_as_it_was(desk: TestDesk) -> None:
    operation = confirmed(desk, *three(desk))
    at_read = 0

    def sending(request: Request) -> Fault:
        nonlocal at_read
        if request.what == "read" and request.kind is Kind.EXAM:
            at_read += 1
            if at_read == 2:
                desk.core.operation_commands.stop(operation.id, ADMIN)
        return Fault.NONE

    desk.crm.sending = sending
    ended = desk.carry(operation)

    assert OperationState.STOPPED is ended.state
    assert {ItemState.STOPPED} == {each.state for each in desk.journal.items(operation.id)}
    assert (3, 4) == seats(desk)


def test_of_a_move_and_a_cancellation_of_one_booking_one_is_skipped(desk: TestDesk) -> None:
    move, cancel = confirmed(desk), desk.confirm("501", kind=OperationKind.CANCEL)
    desk.journal.claim(
        desk.journal.begin_run(cancel.id, at=desk.time)[0],
        [BookingId("501")],
        MovementKind.SEAT_FREED,
    )

    desk.carry(move)

    left = item(desk, move)
    assert ItemState.SKIPPED is left.state
    assert str(Why.BEING_CHANGED) in left.why
    desk.carry(cancel)
    assert (2, 4) == seats(desk)


def test_booking_of_the_other_day_waits_for_the_move_to_end(desk: TestDesk) -> None:
    """Of two that want one day of a student, the second judges what the first has done."""
    exam(desk, "82", 1, day="2026-06-08", mock_type="Mini-mock")
    desk.crm.foreign_write(Kind.CONTACT, "101", {"sjmini_credits": 1})
    move = confirmed(desk)
    wish = Wish(contact_id=ContactId("101"), exam_id=ExamId("82"), attending_location="Calgary")
    book = desk.core.booking_preview.preview(wish, ADMIN)
    desk.core.operation_commands.confirm(book.id, ADMIN, reason="a test")

    def sending(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            desk.core.operation_runner.carry_out(book.id)
        return Fault.NONE

    desk.time += timedelta(minutes=1)
    desk.crm.sending = sending
    desk.carry(move)
    desk.carry(desk.journal.operation(book.id))

    (left,) = desk.journal.items(book.id)
    assert ItemState.FAILED is left.state
    assert str(Why.BOOKED_THAT_DAY) in left.why
    assert ((THERE,), NEW) == where(desk)


def test_days_are_free_for_others_once_the_bookings_are_settled(desk: TestDesk) -> None:
    operation = moved(desk)
    run, _ = desk.journal.begin_run(confirmed_again(desk).id, at=desk.time)
    days = {"101/2026-06-01", "101/2026-06-08"}

    got = desk.journal.lease(
        run, Kind.BOOKING, days, now=desk.time, until=desk.time + timedelta(minutes=1)
    )

    assert days == got, operation


def confirmed_again(desk: TestDesk) -> Operation:
    made = desk.core.operation_planner.preview(
        MOVE.key, ByReference(references=("501",)), ADMIN, to=HERE
    )
    return desk.core.operation_commands.confirm(made.id, ADMIN, reason="a test")


def test_exam_that_is_deleted_half_way_puts_the_booking_back(desk: TestDesk) -> None:
    operation = confirmed(desk)

    faulty(desk, Fault.REQUEST_LOST, nth=2)
    for _ in range(2):  # its hold, and the first look
        again = desk.core.operation_runner.carry_out(operation.id)
        assert again is not None
        desk.time = max(desk.time, again)
    assert {HERE, THERE} == set(booking(desk).exam_ids)
    desk.crm.archive(Kind.EXAM, THERE)

    desk.carry(operation)

    left = item(desk, operation)
    assert ItemState.FAILED is left.state
    assert str(Why.EXAM_GONE) in left.why
    assert ((HERE,), OLD) == where(desk)
    assert 3 == desk.crm.balance(Kind.EXAM, HERE, TOTAL_BOOKINGS)


def test_copy_of_half_a_move_does_not_stay_when_it_is_put_back(desk: TestDesk) -> None:
    operation = confirmed(desk)
    faulty(desk, Fault.REFUSED, nth=3)
    answered = desk.crm.answered

    def after(request: Request) -> None:
        answered(request)
        if request.changes and request.kind is Kind.BOOKING:
            desk.core.mirror_copier.put([Due(kind=Kind.BOOKING, record_id="501", row=None)])
            desk.drain()

    desk.crm.answered = after
    desk.carry(operation)
    desk.crm.answered = answered
    desk.drain()

    assert HERE == desk.mirror.rows(Kind.BOOKING, ["501"])["501"]["exam_hubspot_id"]


def test_exam_is_named_by_an_id_from_before_a_merge(desk: TestDesk) -> None:
    exam(desk, "82", 4, day="2026-06-08")
    desk.crm.truth.merge_ids = "all"
    new = desk.crm.merge(Kind.EXAM, THERE, "82")

    made = plan(desk, to=ExamId("82"))
    operation = desk.carry(desk.core.operation_commands.confirm(made.id, ADMIN, reason="a test"))

    assert new == made.to_exam
    assert ItemState.DONE is item(desk, operation).state
    assert (new,) == booking(desk).exam_ids


def test_person_decides_on_a_seat_of_which_hubspot_does_not_tell(desk: TestDesk) -> None:
    """Never taken: the booking stays where it is. Taken: the move goes on."""
    for landed, state in ((False, ItemState.FAILED), (True, ItemState.DONE)):
        operation = undecided(desk)
        (record,) = desk.core.resolution.undecided(operation.id, ADMIN)
        assert ItemState.UNDECIDED is item(desk, operation).state
        assert [] == desk.core.resolution.unclear(operation.id, ADMIN)

        desk.core.resolution.decide(
            operation.id, record.write.id, ADMIN, landed=landed, why="looked at the history"
        )
        desk.carry(operation)

        assert state is item(desk, operation).state


def undecided(desk: TestDesk) -> Operation:
    """The answer to the seat's write is lost, somebody writes after it, and no history is told."""
    operation = confirmed(desk)
    desk.crm.unreadable_histories.add(THERE)

    def sending(request: Request) -> Fault:
        if request.changes and request.kind is Kind.EXAM:
            desk.crm.sending = lambda _: Fault.NONE
            return Fault.ANSWER_LOST
        return Fault.NONE

    def after(request: Request) -> None:
        if request.changes and request.kind is Kind.EXAM:
            desk.crm.answered = lambda _: None
            desk.crm.foreign_write(Kind.EXAM, THERE, {MARKER: "w-of-another"})

    desk.crm.sending, desk.crm.answered = sending, after
    ended = desk.carry(operation)
    desk.crm.unreadable_histories.clear()
    desk.crm.foreign_write(Kind.EXAM, THERE, {MARKER: ""})
    return ended


def test_move_waits_for_a_booking_of_the_other_day_that_is_under_way(desk: TestDesk) -> None:
    exam(desk, "82", 1, day="2026-06-08", mock_type="Mini-mock")
    desk.crm.foreign_write(Kind.CONTACT, "101", {"sjmini_credits": 1})
    wish = Wish(contact_id=ContactId("101"), exam_id=ExamId("82"), attending_location="Calgary")
    book = desk.core.booking_preview.preview(wish, ADMIN)
    desk.core.operation_commands.confirm(book.id, ADMIN, reason="a test")
    move = confirmed(desk)
    desk.time += timedelta(minutes=1)
    faulty(desk, Fault.REQUEST_LOST, of=Kind.EXAM)

    for id_ in (book.id, move.id):  # a first look at each: the booking has its day, and no seat
        assert desk.core.operation_runner.carry_out(id_) is not None
    assert ((HERE,), OLD) == where(desk)
    desk.carry(desk.journal.operation(book.id))
    desk.carry(move)

    left = item(desk, move)
    assert ItemState.BLOCKED is left.state
    assert str(Why.BOOKED_THAT_DAY) in left.why
    assert ((HERE,), OLD) == where(desk)


def test_half_moved_booking_that_a_colleague_takes_elsewhere_is_left_there(desk: TestDesk) -> None:
    operation = confirmed(desk)
    exam(desk, "82", 1, day="2026-06-09")
    faulty(desk, Fault.REQUEST_LOST, nth=2)
    for _ in range(2):  # its hold, and the first look
        again = desk.core.operation_runner.carry_out(operation.id)
        assert again is not None
        desk.time = max(desk.time, again)
    for id_ in (HERE, THERE):
        desk.crm.unlink("501", Kind.EXAM, id_)
    desk.crm.link("501", Kind.EXAM, "82")

    desk.carry(operation)

    assert ItemState.FAILED is item(desk, operation).state
    assert (("82",), OLD) == where(desk)
    assert (3, 4) == seats(desk)


def test_nothing_ends_while_a_part_of_putting_it_back_may_still_arrive(desk: TestDesk) -> None:
    operation = confirmed(desk)
    count = 0

    def sending(request: Request) -> Fault:
        nonlocal count
        if request.changes and request.kind is Kind.BOOKING:
            count += 1
            return {3: Fault.REFUSED, 4: Fault.LATE}.get(count, Fault.NONE)
        return Fault.NONE

    desk.crm.sending = sending
    while not desk.crm.late:
        again = desk.core.operation_runner.carry_out(operation.id)
        assert again is not None
        desk.time = max(desk.time, again)
    sent = desk.crm.late[0].since
    desk.carry(operation)

    assert desk.time - sent >= QUIET_PERIOD
    assert ((HERE,), OLD) == where(desk)
    assert (3, 4) == seats(desk)
