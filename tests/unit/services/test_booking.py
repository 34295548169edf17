"""Booking for a contact: what it takes, what it refuses, and what it gives back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.credits.catalogue import SCHOOL, DayRule
from core.credits.errors import StateConflict
from core.credits.records import TOTAL_BOOKINGS, BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByContact, ByReference
from core.operations.plans import Plan
from core.operations.states import Item, ItemState, Operation
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

STAFF = Actor(email="sam@example.test", role=Role.STAFF)
MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)
CS, SHARED = "cs_credits", "shared_mock_credits"
NAME = "Clinical Skills-S1-June 1, 2026"


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    exam(made, "80")
    made.core.access.grant(STAFF.email, Role.STAFF, ADMIN)
    made.crm.add_contact("101", {CS: 2, SHARED: 1}, student_id="S1", firstname="Ada")
    return made


def exam(
    desk: TestDesk,
    id_: str,
    taken: int = 3,
    *,
    mock_type: str = "Clinical Skills",
    day: str = "2026-06-01",
    capacity: str = "10",
    is_active: str = "true",
) -> None:
    desk.crm.add_exam(
        id_, taken, mock_type=mock_type, exam_date=day, capacity=capacity, is_active=is_active
    )


WISH = Wish(contact_id=ContactId("101"), exam_id=ExamId("80"), dominant_hand="Left")


def plan(desk: TestDesk, wish: Wish = WISH, actor: Actor = STAFF) -> Plan:
    return desk.core.booking_preview.preview(wish, actor)


def confirmed(desk: TestDesk, wish: Wish = WISH, actor: Actor = STAFF) -> Operation:
    made = plan(desk, wish, actor)
    assert made.rows[0].verdict is Verdict.WILL_CHANGE, made.rows[0]
    return desk.core.operation_commands.confirm(made.id, actor, reason="on the phone")


def book(desk: TestDesk, wish: Wish = WISH, actor: Actor = STAFF) -> Item:
    return carried(desk, confirmed(desk, wish, actor))


def carried(desk: TestDesk, operation: Operation) -> Item:
    desk.carry(operation)
    (item,) = desk.journal.items(operation.id)
    return item


def state(desk: TestDesk, credit: str = CS, exam_id: str = "80") -> tuple[int, int, int]:
    """Credit, seats, active bookings of the student."""
    held = desk.crm.bookings_of(ContactId("101"))
    active = [one for one in held if one.status is BookingStatus.ACTIVE]
    return (
        desk.crm.balance(Kind.CONTACT, "101", credit),
        desk.crm.balance(Kind.EXAM, exam_id, TOTAL_BOOKINGS),
        len(active),
    )


def lose(desk: TestDesk, fault: Fault, *, kind: Kind, times: int = 1) -> None:
    left = [fault] * times

    def sending(request: Request) -> Fault:
        hit = request.changes and request.kind is kind and left
        return left.pop() if hit else Fault.NONE

    desk.crm.sending = sending


def test_a_booking_takes_one_credit_and_one_seat_and_is_there_with_all_it_needs(
    desk: TestDesk,
) -> None:
    item = book(desk)

    (made,) = desk.crm.bookings_of(ContactId("101"))
    assert (ItemState.DONE, 2, 1) == (item.state, item.before, item.after)
    assert (1, 4, 1) == state(desk)
    assert (NAME, "Clinical Skills Token", "Left") == (
        made.booking_id, made.token, made.dominant_hand,
    )  # fmt: skip
    assert (("80",), "101", item.operation_id) == (
        made.exam_ids, made.contact_hint, made.idempotency_key,
    )  # fmt: skip


def test_the_mirror_and_the_timeline_hear_of_it(desk: TestDesk) -> None:
    book(desk)
    desk.drain()

    (made,) = desk.crm.bookings_of(ContactId("101"))
    rows = desk.mirror.rows(Kind.BOOKING, [made.id])
    assert ("Active", 1, 4) == (
        rows[made.id]["is_active"],
        desk.mirror.rows(Kind.CONTACT, ["101"])["101"][CS],
        desk.mirror.rows(Kind.EXAM, ["80"])["80"][TOTAL_BOOKINGS],
    )
    (note,) = desk.crm.notes
    assert f"Booked by Credit Desk: {NAME}. Spent: 1 Clinical Skills (2 → 1)." in note.text


@pytest.mark.parametrize(
    ("mock_type", "hand", "location", "spends"),
    [
        ("Clinical Skills", "Left", "", CS),
        ("Situational Judgment", "", "Calgary", SHARED),
        ("Mini-mock", "", "Calgary", None),
        ("Mock Discussion", "", "", None),
    ],
)
def test_the_specific_credit_comes_first_and_the_shared_one_pays_where_it_may(
    desk: TestDesk, mock_type: str, hand: str, location: str, spends: str | None
) -> None:
    exam(desk, "81", mock_type=mock_type)
    wish = replace(WISH, exam_id=ExamId("81"), dominant_hand=hand, attending_location=location)
    (row,) = plan(desk, wish).rows

    assert spends == row.credit
    if spends is None:
        assert Why.NO_CREDIT is row.why
    else:
        book(desk, wish)
        assert state(desk, spends, "81")[2] == 1
        assert row.after == desk.crm.balance(Kind.CONTACT, "101", spends)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"is_active": "false"}, Why.EXAM_CLOSED),
        ({"is_active": "scheduled"}, Why.EXAM_CLOSED),
        ({"exam_date": "2026-05-03"}, Why.EXAM_PAST),
        ({"exam_date": None}, Why.EXAM_DATELESS),
        ({"total_bookings": 10}, Why.EXAM_FULL),
        ({"total_bookings": "abc"}, Why.SEATS_UNREADABLE),
        ({"mock_type": "Chess"}, Why.NO_CREDIT_TYPE),
    ],
)
def test_an_exam_that_cannot_be_booked_is_refused_with_the_reason(
    desk: TestDesk, changed: dict[str, int | str | None], why: Why
) -> None:
    desk.crm.foreign_write(Kind.EXAM, "80", changed)

    (row,) = plan(desk).rows

    assert (Verdict.BLOCKED, why) == (row.verdict, row.why)


def test_nobody_is_booked_on_a_cancelled_exam_whatever_hubspot_says(desk: TestDesk) -> None:
    desk.core.exam_cancellation.cancel(ExamId("80"), ADMIN, reason="the room is closed")
    desk.crm.foreign_write(Kind.EXAM, "80", {"is_active": "true"})

    (row,) = plan(desk).rows

    assert (Verdict.BLOCKED, Why.EXAM_CANCELLED) == (row.verdict, row.why)
    assert "on 4 May 2026" == row.detail


def test_booking_of_an_exam_that_is_cancelled_after_the_preview_takes_nothing(
    desk: TestDesk,
) -> None:
    operation = confirmed(desk)
    desk.core.exam_cancellation.cancel(ExamId("80"), ADMIN, reason="the room is closed")
    desk.crm.foreign_write(Kind.EXAM, "80", {"is_active": "true"})

    item = carried(desk, operation)

    assert ItemState.DONE is not item.state
    assert Why.EXAM_CANCELLED in item.why
    assert (2, 3, 0) == state(desk)


def test_a_student_without_an_id_or_with_an_unreadable_balance_is_refused(desk: TestDesk) -> None:
    desk.crm.add_contact("102", {CS: 1})
    desk.crm.add_contact("103", {CS: "abc"}, student_id="S3")
    wishes = [replace(WISH, contact_id=ContactId(id_)) for id_ in ("102", "103", "104")]

    whys = [plan(desk, wish).rows[0].why for wish in wishes]

    assert [Why.NO_STUDENT_ID, Why.BALANCE_UNREADABLE, Why.CONTACT_GONE] == whys


def test_what_the_exam_asks_must_be_answered(desk: TestDesk) -> None:
    (row,) = plan(desk, replace(WISH, dominant_hand="")).rows

    assert (Why.ANSWER_MISSING, "dominant hand: Right or Left") == (row.why, row.detail)


def test_a_second_booking_of_that_day_is_refused_whatever_its_type(desk: TestDesk) -> None:
    exam(desk, "81", mock_type="Situational Judgment")
    book(desk)

    wish = replace(WISH, exam_id=ExamId("81"), attending_location="Calgary")
    (row,) = plan(desk, wish).rows

    assert (Why.BOOKED_THAT_DAY, NAME) == (row.why, row.detail)


@pytest.mark.parametrize("rule", list(DayRule))
def test_a_second_booking_of_that_day_is_made_where_the_schools_rule_lets_it(
    rule: DayRule,
) -> None:
    desk = TestDesk(catalogue=replace(SCHOOL, day_rule=rule))
    for id_, mock_type in (("80", "Clinical Skills"), ("81", "Mini-mock"), ("82", "Mini-mock")):
        exam(desk, id_, mock_type=mock_type)
    desk.crm.add_contact("101", {CS: 2, "sjmini_credits": 2}, student_id="S1")
    other = replace(WISH, exam_id=ExamId("81"), attending_location="Calgary")
    same = replace(other, exam_id=ExamId("82"))
    book(desk, actor=ADMIN)

    verdicts = [plan(desk, other, ADMIN).rows[0].verdict]
    if verdicts == [Verdict.WILL_CHANGE]:
        assert book(desk, other, ADMIN).state is ItemState.DONE
        verdicts.append(plan(desk, same, ADMIN).rows[0].verdict)

    blocked, free = Verdict.BLOCKED, Verdict.WILL_CHANGE
    expected = {
        DayRule.ANY: [blocked],
        DayRule.SAME: [free, blocked],
        DayRule.OFF: [free, free],
    }
    assert verdicts == expected[rule]


def test_after_a_cancellation_the_day_is_free_and_the_old_booking_keeps_its_past(
    desk: TestDesk,
) -> None:
    book(desk)
    cancel = desk.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=(NAME,)), STAFF
    )
    desk.carry(desk.core.operation_commands.confirm(cancel.id, STAFF, reason="ill", at_once=True))
    assert (2, 3, 0) == state(desk)

    book(desk)

    names = {one.booking_id: one for one in desk.crm.bookings_of(ContactId("101"))}
    assert {NAME, f"{NAME} (2)"} == names.keys()
    assert names[NAME].refunded
    assert (1, 4, 1) == state(desk)


def test_two_previews_of_one_student_and_day_end_in_one_booking_and_a_clear_refusal(
    desk: TestDesk,
) -> None:
    exam(desk, "81", mock_type="Situational Judgment")
    first = confirmed(desk)
    wish = replace(WISH, exam_id=ExamId("81"), attending_location="Calgary")
    second = confirmed(desk, wish)

    items = [carried(desk, first), carried(desk, second)]

    assert [ItemState.DONE, ItemState.FAILED] == [item.state for item in items]
    assert str(Why.BOOKED_THAT_DAY) in items[1].why
    assert (1, 4, 1) == state(desk)
    assert 3 == desk.crm.balance(Kind.EXAM, "81", TOTAL_BOOKINGS)


def test_a_booking_under_way_keeps_the_day_and_the_other_one_waits(desk: TestDesk) -> None:
    exam(desk, "81", mock_type="Situational Judgment")
    first = confirmed(desk)
    wish = replace(WISH, exam_id=ExamId("81"), attending_location="Calgary")
    second = confirmed(desk, wish)
    lose(desk, Fault.LATE, kind=Kind.BOOKING)
    desk.core.operation_runner.carry_out(first.id)

    assert desk.core.operation_runner.carry_out(second.id) is not None
    assert (1, 4, 0) == state(desk)
    assert 3 == desk.crm.balance(Kind.EXAM, "81", TOTAL_BOOKINGS)

    desk.crm.deliver_late()
    items = [carried(desk, first), carried(desk, second)]
    assert [ItemState.DONE, ItemState.FAILED] == [item.state for item in items]
    assert (1, 4, 1) == state(desk)


def test_of_two_who_want_the_last_seat_one_gets_it(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.EXAM, "80", {"total_bookings": 9})
    desk.crm.add_contact("102", {CS: 1}, student_id="S2")
    first = confirmed(desk)
    second = confirmed(desk, replace(WISH, contact_id=ContactId("102")))

    items = [carried(desk, first), carried(desk, second)]

    assert [ItemState.DONE, ItemState.FAILED] == [item.state for item in items]
    assert str(Why.EXAM_FULL) in items[1].why
    assert (1, 10, 1) == state(desk)
    assert 1 == desk.crm.balance(Kind.CONTACT, "102", CS)


def test_the_last_seat_taken_after_the_judgement_is_refused_where_it_is_counted(
    desk: TestDesk,
) -> None:
    desk.crm.foreign_write(Kind.EXAM, "80", {"total_bookings": 9})
    operation = confirmed(desk)

    def somebody_is_faster(request: Request) -> None:
        if request.what == "associations":  # the last question before the seat is taken
            desk.crm.foreign_write(Kind.EXAM, "80", {"total_bookings": 10})

    desk.crm.answered = somebody_is_faster
    item = carried(desk, operation)

    assert ItemState.FAILED is item.state
    assert "all 10 seats are taken" in item.why
    assert (2, 10, 0) == state(desk)


def test_the_last_credit_spent_after_the_seat_was_taken_gives_the_seat_back(
    desk: TestDesk,
) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "101", {CS: 1})
    operation = confirmed(desk)

    def student_is_faster(request: Request) -> None:
        if request.kind is Kind.EXAM and request.changes:
            desk.crm.foreign_write(Kind.CONTACT, "101", {CS: 0})
            desk.crm.answered = lambda _: None

    desk.crm.answered = student_is_faster
    item = carried(desk, operation)

    assert ItemState.FAILED is item.state
    assert "no credit could be taken" in item.why
    assert "no credit and no seat was taken" in item.why
    assert (0, 3, 0) == state(desk)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.NOT_SENT])
@pytest.mark.parametrize("kind", [Kind.EXAM, Kind.CONTACT, Kind.BOOKING])
def test_a_lost_request_or_answer_books_once_all_the_same(
    desk: TestDesk, fault: Fault, kind: Kind
) -> None:
    lose(desk, fault, kind=kind)

    item = book(desk)

    assert ItemState.DONE is item.state
    assert (1, 4, 1) == state(desk)


def test_a_booking_that_hubspot_refuses_gives_credit_and_seat_back(desk: TestDesk) -> None:
    lose(desk, Fault.REFUSED, kind=Kind.BOOKING)

    item = book(desk)

    assert ItemState.FAILED is item.state
    assert "HubSpot refused the booking" in item.why
    assert (2, 3, 0) == state(desk)
    assert (None, None) == (item.before, item.after)
    book(desk)
    assert (1, 4, 1) == state(desk)


def test_a_name_that_somebody_else_takes_meanwhile_is_theirs(desk: TestDesk) -> None:
    operation = confirmed(desk)
    desk.crm.add_booking("600", exam="80", booking_id=NAME, status="Cancelled")

    item = carried(desk, operation)

    assert ItemState.FAILED is item.state
    assert f"somebody else booked {NAME}" in item.why
    assert (2, 3, 0) == state(desk)


def test_confirming_twice_is_one_booking(desk: TestDesk) -> None:
    made = plan(desk)
    first = desk.core.operation_commands.confirm(made.id, STAFF, reason="a click")
    second = desk.core.operation_commands.confirm(made.id, STAFF, reason="another click")
    carried(desk, first)
    carried(desk, second)

    assert first.id == second.id
    assert (1, 4, 1) == state(desk)


def test_a_failed_booking_is_booked_anew_and_not_retried(desk: TestDesk) -> None:
    lose(desk, Fault.REFUSED, kind=Kind.BOOKING)
    item = book(desk)

    with pytest.raises(StateConflict, match="book again"):
        desk.core.operation_commands.retry(item.operation_id, ADMIN)


def test_an_admin_books_without_a_credit_and_staff_do_not(desk: TestDesk) -> None:
    wish = replace(WISH, override=True)
    with pytest.raises(NotAllowed, match="without a credit"):
        plan(desk, wish, STAFF)
    made = plan(desk, wish, ADMIN)
    with pytest.raises(NotAllowed, match="without a credit"):
        desk.core.operation_commands.confirm(made.id, STAFF, reason="x")

    book(desk, wish, ADMIN)

    (booking,) = desk.crm.bookings_of(ContactId("101"))
    assert "Admin Override" == booking.token
    assert (2, 4, 1) == state(desk)


def test_managers_neither_book_nor_cancel(desk: TestDesk) -> None:
    book(desk)
    with pytest.raises(NotAllowed):
        plan(desk, WISH, MANAGER)
    with pytest.raises(NotAllowed):
        desk.core.operation_planner.preview(
            OperationKind.CANCEL, ByContact(ids=(ContactId("101"),)), MANAGER
        )


def test_staff_cancel_several_of_one_student_and_not_of_two(desk: TestDesk) -> None:
    desk.crm.add_contact("102", {}, student_id="S2")
    for id_, contact in (("500", "101"), ("501", "101"), ("502", "102")):
        desk.booked(id_, contact, status="Active")
    cancel = desk.core.operation_planner.preview
    own = cancel(OperationKind.CANCEL, ByReference(references=("500", "501")), STAFF)

    done = desk.carry(
        desk.core.operation_commands.confirm(own.id, STAFF, reason="ill", at_once=True)
    )

    assert done.hold_until == done.confirmed_at
    assert (4, 8) == state(desk, exam_id="70")[:2]
    with pytest.raises(NotAllowed, match="in bulk"):
        cancel(OperationKind.CANCEL, ByReference(references=("500", "502")), STAFF)
    with pytest.raises(NotAllowed, match="in bulk"):
        cancel(OperationKind.REFUND, ByReference(references=("500",)), STAFF)


def test_staff_end_only_what_they_might_have_begun(desk: TestDesk) -> None:
    for id_, contact in (("500", "101"), ("501", "102")):
        desk.crm.add_contact(contact, {}) if contact == "102" else None
        desk.booked(id_, contact, status="Active")
    batch = desk.confirm("500", "501", kind=OperationKind.CANCEL)
    with pytest.raises(NotAllowed):
        desk.core.operation_commands.call_off(batch.id, STAFF)

    own = desk.confirm("500", kind=OperationKind.CANCEL)
    assert desk.core.operation_commands.call_off(own.id, STAFF).state.value == "called off"


def test_an_expired_hold_of_the_day_is_of_use_to_the_next(desk: TestDesk) -> None:
    first = confirmed(desk)
    lose(desk, Fault.NOT_SENT, kind=Kind.EXAM, times=99)
    desk.core.operation_runner.carry_out(first.id)  # and then its only worker dies
    desk.crm.sending = lambda _: Fault.NONE
    second = confirmed(desk)
    desk.time += timedelta(days=2)

    item = carried(desk, second)

    assert ItemState.DONE is item.state
    assert ItemState.FAILED is carried(desk, first).state
    assert (1, 4, 1) == state(desk)


def test_who_lost_their_role_since_books_nobody(desk: TestDesk) -> None:
    operation = confirmed(desk)
    desk.core.access.grant(STAFF.email, Role.MANAGER, ADMIN)

    ended = desk.carry(operation)

    assert "called off" == ended.state.value
    assert (2, 3, 0) == state(desk)
