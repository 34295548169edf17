"""Somebody else cancels or refunds a booking between our read and our write: one credit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import StateConflict, UnknownId
from core.credits.records import MARKER, BookingId, Kind
from core.mirror.rows import booking_row
from core.operations.choosing.select import ByReference
from core.operations.desks.rules import Takeover
from core.operations.foreign.when_to_look import LOOKS
from core.operations.leftovers import About
from core.operations.plans import Row
from core.operations.states import Item, ItemState, Operation, Ruling
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Fault, Request
from tests.fakes.truth import OURS
from tests.unit.services.desk import ADMIN, TestDesk, as_a_run_begins

CANCEL = OperationKind.CANCEL
CS = "cs_credits"
STUDENT_APP = {"source": "INTEGRATION", "source_id": "student-app", "user_id": ""}
#: An old app that uses the desk's own token: HubSpot names the same source for both.
SAME_TOKEN = {"source": OURS[0], "source_id": OURS[1], "user_id": ""}


@pytest.fixture
def desk() -> TestDesk:
    desk = TestDesk()
    desk.crm.add_contact("100", {CS: 1}, email="s@example.test")
    desk.booked("500", "100", status="Active")
    desk.booked("501", "100", status="Active")
    desk.time += timedelta(hours=1)
    return desk


def cancels(desk: TestDesk, booking: str = "500", **source: str) -> None:
    by = source or STUDENT_APP
    desk.crm.foreign_write(Kind.BOOKING, booking, {"is_active": "Cancelled"}, **by)


def gives_back(desk: TestDesk, **source: str) -> None:
    held = desk.held("100", CS)
    desk.crm.foreign_write(Kind.CONTACT, "100", {CS: held + 1}, **(source or STUDENT_APP))


def before(desk: TestDesk, what: str, kind: Kind, act: Callable[[], None]) -> None:
    """Once, just before our next such request."""

    def sending(request: Request) -> Fault:
        if (request.what, request.kind) == (what, kind):
            desk.crm.sending = lambda _: Fault.NONE
            desk.time += timedelta(milliseconds=20)
            act()
            desk.time += timedelta(milliseconds=20)
        return Fault.NONE

    desk.crm.sending = sending


def item_of(desk: TestDesk, operation: Operation, booking: str = "500") -> Item:
    return desk.item(operation, booking)


@pytest.mark.parametrize("source", [STUDENT_APP, SAME_TOKEN])
def test_a_student_who_cancels_just_before_us_gets_one_credit(
    desk: TestDesk, source: dict[str, str]
) -> None:
    operation = desk.confirm("500", kind=CANCEL)

    def cancels_and_gets_it_back() -> None:
        cancels(desk, **source)
        gives_back(desk, **source)

    before(desk, "write", Kind.BOOKING, cancels_and_gets_it_back)
    desk.carry(operation)

    item = item_of(desk, operation)
    assert 2 == desk.held("100", CS)
    assert (ItemState.SKIPPED, Ruling.GIVEN, False) == (item.state, item.ruling, item.cancelled)
    assert "already refunded: cancelled by an app (" in item.why
    assert "Clinical Skills went 1 → 2 by an app (" in item.why


def test_a_student_whose_app_thinks_before_it_gives_the_credit_back_gets_one(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("500", kind=CANCEL)
    before(desk, "write", Kind.BOOKING, lambda: cancels(desk))
    desk.time += timedelta(seconds=11)  # its hold is over
    again = desk.core.operation_runner.carry_out(operation.id)
    assert again is not None
    assert again > desk.time + timedelta(seconds=50)
    assert 1 == desk.held("100", CS)
    desk.time += timedelta(seconds=30)
    gives_back(desk)

    desk.time = again
    desk.carry(operation)

    assert 2 == desk.held("100", CS)
    assert ItemState.SKIPPED is item_of(desk, operation).state


def test_a_student_whose_app_dies_after_it_cancelled_gets_the_credit_from_us(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("500", kind=CANCEL)
    before(desk, "write", Kind.BOOKING, lambda: cancels(desk))
    desk.carry(operation)

    assert 2 == desk.held("100", CS)
    assert (ItemState.DONE, False) == (
        item_of(desk, operation).state,
        item_of(desk, operation).cancelled,
    )
    assert [About.SEATS] == [w.about for w in desk.journal.warnings(operation.id)]


def test_a_credit_that_came_just_before_our_cancel_is_for_a_person_to_decide(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("500", kind=CANCEL)
    desk.time += timedelta(seconds=20)
    gives_back(desk)
    desk.carry(operation)

    item = item_of(desk, operation)
    assert 2 == desk.held("100", CS)
    assert (ItemState.UNDECIDED, True) == (item.state, item.cancelled)
    assert "1 → 2 by an app (student-app) at 4 May 2026 10:00:20 UTC" in item.why
    assert [item] == desk.core.resolution.unclear(operation.id, ADMIN)


def test_a_credit_given_back_to_a_student_who_was_just_made_is_seen() -> None:
    """Within seconds of the contact's creation: only its history tells it from how it was made."""
    desk = TestDesk()
    desk.crm.add_contact("100", {CS: 1})
    desk.booked("500", "100", status="Active")
    operation = desk.confirm("500", kind=CANCEL)
    desk.time += timedelta(seconds=1)
    gives_back(desk)
    desk.carry(operation)

    assert 2 == desk.held("100", CS)
    assert ItemState.UNDECIDED is item_of(desk, operation).state


def a_second_after_its_student_was_made(balance: int) -> tuple[TestDesk, Operation]:
    """A refund of a booking that was cancelled before, confirmed and not begun."""
    desk = TestDesk()
    desk.crm.add_contact("100", {CS: balance})
    desk.booked("500", "100")
    operation = desk.confirm("500")
    desk.time += timedelta(seconds=1)
    return desk, operation


def test_a_credit_given_and_spent_in_the_seconds_after_a_student_was_made_is_seen() -> None:
    """The balance is what it was made with."""
    desk, operation = a_second_after_its_student_was_made(1)
    gives_back(desk)
    desk.time += timedelta(seconds=1)
    desk.crm.foreign_write(Kind.CONTACT, "100", {CS: 1}, **STUDENT_APP)
    desk.carry(operation)

    item = item_of(desk, operation)
    assert (1, ItemState.UNDECIDED) == (desk.held("100", CS), item.state)
    assert "1 → 2" in item.why
    assert "2 → 1" in item.why


def test_a_balance_that_only_others_spent_in_those_seconds_is_refunded() -> None:
    desk, operation = a_second_after_its_student_was_made(2)
    desk.crm.foreign_write(Kind.CONTACT, "100", {CS: 1}, **STUDENT_APP)
    desk.carry(operation)

    assert (2, ItemState.DONE) == (desk.held("100", CS), item_of(desk, operation).state)


def unclear(desk: TestDesk) -> Operation:
    operation = desk.confirm("500", kind=CANCEL)
    gives_back(desk)
    return desk.carry(operation)


def test_a_person_who_says_it_is_refunded_ends_it_for_every_operation(desk: TestDesk) -> None:
    operation = unclear(desk)
    desk.core.resolution.rule(operation.id, BookingId("500"), ADMIN, refunded=True, why="the app")

    assert ItemState.SKIPPED is item_of(desk, operation).state
    again = desk.confirm("500")
    desk.carry(again)
    assert 2 == desk.held("100", CS)
    assert ItemState.SKIPPED is item_of(desk, again).state
    with pytest.raises(StateConflict, match="nothing to decide"):
        desk.core.resolution.rule(operation.id, BookingId("500"), ADMIN, refunded=False, why="no")
    with pytest.raises(UnknownId, match="no booking 9"):
        desk.core.resolution.rule(operation.id, BookingId("9"), ADMIN, refunded=False, why="no")


def test_a_person_who_says_it_is_owed_lets_it_be_refunded_once(desk: TestDesk) -> None:
    operation = unclear(desk)
    desk.core.resolution.rule(operation.id, BookingId("500"), ADMIN, refunded=False, why="bought")
    desk.carry(operation)

    assert 3 == desk.held("100", CS)
    assert ItemState.DONE is item_of(desk, operation).state


def unclear_twice(desk: TestDesk) -> Operation:
    operation = desk.confirm("500", "501", kind=CANCEL)
    gives_back(desk)
    return desk.carry(operation)


def test_two_people_decide_on_two_bookings_of_one_operation_at_once(desk: TestDesk) -> None:
    operation = unclear_twice(desk)

    def decide(booking: str) -> None:
        rule = desk.core.resolution.rule
        rule(operation.id, BookingId(booking), ADMIN, refunded=True, why="the app")

    as_a_run_begins(desk, lambda: decide("501"))
    decide("500")

    states = {item_of(desk, operation, booking).state for booking in ("500", "501")}
    assert {ItemState.SKIPPED} == states


@pytest.mark.parametrize("first", [True, False])
def test_of_two_who_decide_on_one_booking_at_once_the_first_counts(
    desk: TestDesk, first: bool
) -> None:
    operation = unclear(desk)

    def decide(refunded: bool) -> None:
        rule = desk.core.resolution.rule
        rule(operation.id, BookingId("500"), ADMIN, refunded=refunded, why="looked")

    as_a_run_begins(desk, lambda: decide(first))
    with pytest.raises(StateConflict, match=r"nothing to decide|decide when it has ended"):
        decide(not first)
    desk.carry(operation)

    assert (2 if first else 3) == desk.held("100", CS)


def test_two_who_say_the_same_of_one_booking_decide_it_once(desk: TestDesk) -> None:
    operation = unclear(desk)

    def decide() -> None:
        rule = desk.core.resolution.rule
        rule(operation.id, BookingId("500"), ADMIN, refunded=True, why="looked")

    as_a_run_begins(desk, decide)
    with pytest.raises(StateConflict, match="nothing to decide"):
        decide()

    decided = desk.journal.audit(Sought(what=(What.DECIDED,)))
    assert 1 == len(decided)


def test_a_worker_that_looks_late_in_that_moment_costs_a_decision_nothing(
    desk: TestDesk,
) -> None:
    """It takes the operation up for itself, as another person would."""
    operation = unclear(desk)
    look = desk.core.late_looks.look
    desk.time += timedelta(hours=3)

    as_a_run_begins(desk, lambda: (desk.journal.begin_run(operation.id, at=desk.now()), look()))
    rule = desk.core.resolution.rule
    rule(operation.id, BookingId("500"), ADMIN, refunded=False, why="bought one")
    desk.carry(operation)

    assert (3, ItemState.DONE) == (desk.held("100", CS), item_of(desk, operation).state)


def test_a_decision_that_others_always_forestall_decides_nothing_and_says_so(
    desk: TestDesk,
) -> None:
    operation = unclear(desk)
    begin = desk.journal.begin_run
    as_a_run_begins(desk, lambda: begin(operation.id, at=desk.now()), times=100)

    with pytest.raises(StateConflict, match="do it again"):
        desk.core.resolution.rule(operation.id, BookingId("500"), ADMIN, refunded=True, why="seen")

    assert ItemState.UNDECIDED is item_of(desk, operation).state


def test_no_other_operation_refunds_what_is_unclear(desk: TestDesk) -> None:
    operation = unclear(desk)
    plan = desk.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=("500",)), ADMIN
    )
    again = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="another try")
    desk.carry(again)

    assert 2 == desk.held("100", CS)
    assert ItemState.UNDECIDED is item_of(desk, operation).state


@pytest.mark.parametrize("marked", [True, False])
def test_a_refund_that_somebody_else_makes_meanwhile_is_not_made_again(
    desk: TestDesk, marked: bool
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")

    def refunds() -> None:
        gives_back(desk)
        if marked:
            marks = {"token_refunded": "true", "token_refund_admin": "lee@example.test"}
            desk.crm.foreign_write(Kind.BOOKING, "500", marks)

    before(desk, "history", Kind.BOOKING, refunds)
    desk.carry(operation)

    item = item_of(desk, operation)
    held = desk.crm.truth.need(Kind.BOOKING, "500").properties
    assert 2 == desk.held("100", CS)
    assert (ItemState.SKIPPED if marked else ItemState.UNDECIDED) is item.state
    if marked:
        assert "lee@example.test" in item.why
        assert "lee@example.test" == held["token_refund_admin"]


def test_a_booking_that_moves_to_another_student_gives_neither_a_credit(desk: TestDesk) -> None:
    desk.crm.add_contact("200", {CS: 4})
    operation = desk.confirm("500", kind=CANCEL)

    def moves() -> None:
        desk.crm.unlink("500", Kind.CONTACT, "100")
        desk.crm.link("500", Kind.CONTACT, "200")

    before(desk, "write", Kind.BOOKING, moves)
    desk.carry(operation)

    assert (1, 4) == (desk.held("100", CS), desk.held("200", CS))
    assert ItemState.UNDECIDED is item_of(desk, operation).state
    assert "contact 200" in item_of(desk, operation).why


def test_another_s_mark_is_never_written_over(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")

    def lost(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            marks = {"token_refunded": "true", "token_refund_admin": "lee@example.test"}
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(Kind.BOOKING, "500", marks)
            return Fault.REQUEST_LOST
        return Fault.NONE

    desk.crm.sending = lost
    desk.carry(operation)

    held = desk.crm.truth.need(Kind.BOOKING, "500").properties
    assert "lee@example.test" == held["token_refund_admin"]
    assert ItemState.DONE is item_of(desk, operation).state
    (warned,) = desk.journal.warnings(operation.id)
    assert About.REFUNDED_TWICE is warned.about
    assert "lee@example.test" in warned.told


def test_a_mark_that_another_sets_while_our_credit_goes_out_is_not_written_over(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    before(desk, "write", Kind.CONTACT, lambda: lee_marks(desk))
    desk.carry(operation)

    held = desk.crm.truth.need(Kind.BOOKING, "500").properties
    assert "lee@example.test" == held["token_refund_admin"]
    assert "also marked by lee@example.test" in item_of(desk, operation).why
    (warned,) = desk.journal.warnings(operation.id)
    assert (About.REFUNDED_TWICE, "500") == (warned.about, warned.record)


def test_an_unclear_mark_that_another_sets_while_our_credit_goes_out_is_kept(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    before(
        desk,
        "write",
        Kind.CONTACT,
        lambda: desk.crm.foreign_write(Kind.BOOKING, "500", {"token_refunded": "perhaps"}),
    )
    desk.carry(operation)

    assert "perhaps" == desk.crm.truth.need(Kind.BOOKING, "500").properties["token_refunded"]
    (warned,) = desk.journal.warnings(operation.id)
    assert "perhaps" in warned.told


@pytest.mark.parametrize("marks", [{"token_refunded": "true"}, {}, {"token_refund_admin": ""}])
def test_a_mark_that_ours_is_written_over_is_told_from_its_history(
    desk: TestDesk, marks: dict[str, int | str | None]
) -> None:
    """Between the read right before our mark, and the mark, nothing can keep others away."""
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    before(desk, "write", Kind.BOOKING, lambda: lee_marks(desk, **marks))
    desk.carry(operation)
    desk.time += LOOKS[0]

    desk.core.late_looks.look()

    (warned,) = desk.journal.warnings(operation.id)
    assert (About.REFUNDED_TWICE, "500") == (warned.about, warned.record)
    assert "(1 → 2): its credit may have been given twice" in warned.told
    if marks.get("token_refund_admin") != "":
        assert "was marked refunded by lee@example.test" in warned.told


def lee_marks(desk: TestDesk, **marks: int | str | None) -> None:
    theirs: dict[str, int | str | None] = {
        "token_refunded": "true",
        "token_refunded_at": int(desk.time.timestamp() * 1000),
        "token_refund_admin": "lee@example.test",
    }
    desk.crm.foreign_write(Kind.BOOKING, "500", theirs | marks)


# --- a booking that is moved to another exam


def moves(desk: TestDesk, booking: str = "500") -> None:
    desk.crm.unlink(booking, Kind.EXAM, "70")
    desk.crm.link(booking, Kind.EXAM, "71")


def test_a_booking_that_was_moved_since_the_preview_is_not_cancelled(desk: TestDesk) -> None:
    desk.crm.add_exam("71", 5)
    operation = desk.confirm("500", kind=CANCEL)
    moves(desk)

    desk.carry(operation)

    item = item_of(desk, operation)
    assert (ItemState.SKIPPED, 1) == (item.state, desk.held("100", CS))
    assert "it was moved to exam 71" in item.why
    assert "Active" == desk.crm.truth.need(Kind.BOOKING, "500").properties["is_active"]


def test_a_booking_that_is_moved_just_before_its_cancel_waits_for_a_person(desk: TestDesk) -> None:
    desk.crm.add_exam("71", 5)
    operation = desk.confirm("500", "501", kind=CANCEL)
    seats = desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    before(desk, "write", Kind.BOOKING, lambda: moves(desk))

    desk.carry(operation)

    item = item_of(desk, operation)
    assert (ItemState.UNDECIDED, "71", True) == (item.state, item.exam_id, item.cancelled)
    assert "cancelled and not refunded: it was moved to exam 71 before that" in item.why
    assert (ItemState.DONE, 2) == (item_of(desk, operation, "501").state, desk.held("100", CS))
    assert 4 == desk.crm.balance(Kind.EXAM, "71", "total_bookings")
    assert seats - 1 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    (warned,) = desk.journal.warnings(operation.id)
    assert (About.MOVED, "500") == (warned.about, warned.record)
    assert "moved from exam 70 to exam 71" in warned.told

    desk.core.resolution.rule(
        operation.id, BookingId("500"), ADMIN, refunded=False, why="asked Lee"
    )
    desk.carry(operation)
    assert (ItemState.DONE, 3) == (item_of(desk, operation).state, desk.held("100", CS))
    assert 4 == desk.crm.balance(Kind.EXAM, "71", "total_bookings")


def test_a_booking_without_a_credit_that_is_moved_frees_the_seat_where_it_was_cancelled(
    desk: TestDesk,
) -> None:
    desk.crm.add_exam("71", 5)
    desk.booked("502", "100", status="Active", token="Admin Override")
    booking = desk.crm.bookings([BookingId("502")])[BookingId("502")]
    assert booking is not None
    desk.mirror.put(Kind.BOOKING, booking_row(booking))
    operation = desk.confirm("502", kind=CANCEL)
    seats = desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    before(desk, "write", Kind.BOOKING, lambda: moves(desk, "502"))

    desk.carry(operation)
    desk.drain()

    assert ItemState.DONE is item_of(desk, operation, "502").state
    assert 4 == desk.crm.balance(Kind.EXAM, "71", "total_bookings")
    assert seats == desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    assert "71" == desk.mirror.rows(Kind.BOOKING, ["502"])["502"]["exam_hubspot_id"]
    assert [About.MOVED] == [one.about for one in desk.journal.warnings(operation.id)]


def test_a_lost_answer_to_a_cancel_that_was_not_ours_is_told_from_one_that_was(
    desk: TestDesk,
) -> None:
    operation = desk.confirm("500", "501", kind=CANCEL)

    def lost(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            cancels(desk, "500", **SAME_TOKEN)
            desk.time += timedelta(milliseconds=20)
            return Fault.ANSWER_LOST
        return Fault.NONE

    desk.crm.sending = lost
    desk.carry(operation)

    assert [False, True] == [item_of(desk, operation, b).cancelled for b in ("500", "501")]
    assert 3 == desk.held("100", CS)


def test_a_booking_that_is_made_active_again_meanwhile_is_not_refunded(desk: TestDesk) -> None:
    desk.booked("502", "100")
    desk.time += timedelta(hours=1)
    operation = desk.confirm("502")

    def books_again() -> None:
        active = {"is_active": "Active"}
        desk.crm.foreign_write(Kind.BOOKING, "502", active, **STUDENT_APP)

    before(desk, "history", Kind.BOOKING, books_again)
    desk.carry(operation)

    assert 1 == desk.held("100", CS)
    assert ItemState.SKIPPED is item_of(desk, operation, "502").state


def test_a_balance_whose_history_cannot_be_read_lets_a_person_decide(desk: TestDesk) -> None:
    operation = desk.confirm("500", kind=CANCEL)

    def gets_a_credit_unseen() -> None:
        gives_back(desk)
        desk.crm.unreadable_histories.add("100")

    before(desk, "write", Kind.BOOKING, gets_a_credit_unseen)
    desk.carry(operation)

    assert 2 == desk.held("100", CS)
    assert ItemState.UNDECIDED is item_of(desk, operation).state


OVERRIDE = "Admin Override"


@pytest.fixture
def overridden(desk: TestDesk) -> Operation:
    """Two bookings that gave no credit, one of them about to be cancelled by its student."""
    for id_ in ("502", "503"):
        desk.booked(id_, "100", status="Active", token=OVERRIDE)
    return desk.confirm("502", "503", kind=CANCEL)


def told_as_theirs(desk: TestDesk, operation: Operation) -> None:
    theirs, ours = item_of(desk, operation, "502"), item_of(desk, operation, "503")
    assert (ItemState.SKIPPED, False) == (theirs.state, theirs.cancelled)
    assert "already cancelled by an app (student-app)" in theirs.why
    assert (ItemState.DONE, True) == (ours.state, ours.cancelled)
    assert 9 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    (warned,) = desk.journal.warnings(operation.id)
    assert (About.SEATS, "70") == (warned.about, warned.record)
    assert "1 of its bookings: somebody else cancelled them" in warned.told


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.LATE, Fault.NONE])
def test_the_seat_of_a_booking_without_a_credit_that_its_student_cancelled_is_not_counted_twice(
    desk: TestDesk, overridden: Operation, fault: Fault
) -> None:
    def lost(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            cancels(desk, "502")
            desk.time += timedelta(milliseconds=20)
            return fault
        return Fault.NONE

    desk.crm.sending = lost
    desk.carry(overridden)

    told_as_theirs(desk, overridden)


def test_whose_cancel_of_a_booking_without_a_credit_it_was_is_asked_until_hubspot_tells(
    desk: TestDesk, overridden: Operation
) -> None:
    desk.time = overridden.hold_until
    before(desk, "write", Kind.BOOKING, lambda: cancels(desk, "502"))
    desk.crm.answered = lambda r: no_histories(desk) if r.changes else None
    again = desk.core.operation_runner.carry_out(overridden.id)
    assert again is not None
    assert ItemState.CANCELLED is item_of(desk, overridden, "502").state

    desk.crm.answered = lambda _: None
    desk.crm.sending = lambda _: Fault.NONE
    desk.time = again
    desk.carry(overridden)

    told_as_theirs(desk, overridden)


def no_histories(desk: TestDesk) -> None:
    desk.crm.sending = lambda r: Fault.NOT_SENT if r.what == "history" else Fault.NONE


def test_a_booking_without_a_credit_that_is_active_again_is_told_as_changed(
    desk: TestDesk, overridden: Operation
) -> None:
    def booked_again(request: Request) -> None:
        if request.changes and request.kind is Kind.BOOKING:
            desk.time += timedelta(milliseconds=20)
            desk.crm.foreign_write(Kind.BOOKING, "502", {"is_active": "Active"}, **STUDENT_APP)

    desk.crm.answered = booked_again
    desk.carry(overridden)

    item = item_of(desk, overridden, "502")
    assert (ItemState.SKIPPED, False, False) == (item.state, item.cancelled, item.cancel_sent)
    assert "it is Active now, set by an app (student-app)" in item.why
    assert 9 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")


def test_a_cancel_of_ours_that_may_still_arrive_is_waited_for_without_a_credit_too(
    desk: TestDesk, overridden: Operation
) -> None:
    """Its student cancels and books again: then ours would cancel it unseen."""

    def late(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            cancels(desk, "502")
            return Fault.LATE
        return Fault.NONE

    desk.time = overridden.hold_until
    desk.crm.sending = late
    again = desk.core.operation_runner.carry_out(overridden.id)

    assert again is not None
    assert ItemState.CANCELLED is item_of(desk, overridden, "502").state


def test_a_credit_of_another_desk_since_the_preview_is_told_with_the_name_of_that_desk(
    desk: TestDesk,
) -> None:
    """After a takeover its marker counts as known, and its mark may not be on the booking yet."""
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    other_desk_gives(desk)
    takes_over(desk)

    desk.carry(operation)

    item = item_of(desk, operation)
    assert (ItemState.UNDECIDED, 2) == (item.state, desk.held("100", CS))
    assert "another desk (cd47a83b)" in item.why


def test_a_credit_of_an_app_with_our_token_at_the_moment_of_our_write_is_not_taken_for_ours(
    desk: TestDesk,
) -> None:
    """Two versions beside one marker: one of them is somebody else's."""
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(hours=1)

    def gives_at_once(request: Request) -> None:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.answered = lambda _: None
            desk.time += timedelta(milliseconds=30)
            gives_back(desk, **SAME_TOKEN)

    desk.crm.answered = gives_at_once
    desk.run("501")
    desk.time += timedelta(hours=1)

    assert Why.MAY_BE_GIVEN_BACK is planned(desk).why


# --- a desk that was taken over from, long after it gave a credit and could not mark it


def other_desk_gives(desk: TestDesk, *, by: int = 1, marker: str = "cd47a83b-0f1e2d") -> None:
    theirs: dict[str, int | str | None] = {CS: desk.held("100", CS) + by, MARKER: marker}
    desk.crm.foreign_write(Kind.CONTACT, "100", theirs, **SAME_TOKEN)
    desk.time += timedelta(hours=1)


def other_desk_marks(desk: TestDesk, booking: str) -> None:
    mark: dict[str, int | str | None] = {
        "token_refunded": "true",
        "token_refunded_at": int(desk.time.timestamp() * 1000),
        "token_refund_admin": "ben@example.test",
    }
    desk.crm.foreign_write(Kind.BOOKING, booking, mark, **SAME_TOKEN)


def takes_over(desk: TestDesk) -> None:
    desk.journal.take_over(Takeover(at=desk.time, by=ADMIN.email, reason="the other one is gone"))
    desk.time += timedelta(minutes=5)


def planned(desk: TestDesk, booking: str = "500") -> Row:
    (row,) = desk.plan(booking).rows
    return row


@pytest.mark.parametrize("marker", ["cd47a83b-0f1e2d", "0123456789abcdef0123"])
def test_a_refund_that_another_desk_gave_long_ago_and_never_marked_waits_for_a_person(
    desk: TestDesk, marker: str
) -> None:
    cancels(desk)
    desk.time += timedelta(minutes=5)
    other_desk_gives(desk, marker=marker)
    takes_over(desk)

    row = planned(desk)

    assert (Verdict.BLOCKED, Why.MAY_BE_GIVEN_BACK) == (row.verdict, row.why)
    assert "Clinical Skills went 1 → 2 by an app (" in row.detail
    assert "another desk (" in row.detail
    desk.still_owed("500")
    operation = desk.run("500")
    assert (ItemState.DONE, 3) == (item_of(desk, operation).state, desk.held("100", CS))


def test_an_unmarked_refund_of_another_desk_is_seen_past_a_later_write_of_this_one(
    desk: TestDesk,
) -> None:
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(minutes=5)
    other_desk_gives(desk)
    takes_over(desk)
    desk.still_owed("501")
    desk.run("501")
    desk.time += timedelta(hours=1)

    assert Why.MAY_BE_GIVEN_BACK is planned(desk).why


def test_a_refund_that_another_desk_gave_and_marked_is_that_of_its_booking(desk: TestDesk) -> None:
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(minutes=5)
    other_desk_marks(desk, "501")
    other_desk_gives(desk)
    takes_over(desk)

    operation = desk.run("500")

    assert (ItemState.DONE, 3) == (item_of(desk, operation).state, desk.held("100", CS))


def test_of_two_refunds_by_another_desk_one_mark_explains_one(desk: TestDesk) -> None:
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(minutes=5)
    other_desk_marks(desk, "501")
    other_desk_gives(desk, by=2)
    takes_over(desk)

    assert Why.MAY_BE_GIVEN_BACK is planned(desk).why


def test_a_mark_of_this_desk_does_not_explain_a_credit_of_another_one(desk: TestDesk) -> None:
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(hours=1)
    desk.run("501")
    desk.time += timedelta(hours=1)
    other_desk_gives(desk)
    takes_over(desk)

    assert Why.MAY_BE_GIVEN_BACK is planned(desk).why


def test_what_another_desk_gave_before_the_booking_was_cancelled_was_not_for_it(
    desk: TestDesk,
) -> None:
    other_desk_gives(desk)
    cancels(desk)
    desk.time += timedelta(hours=1)
    takes_over(desk)

    operation = desk.run("500")

    assert (ItemState.DONE, 3) == (item_of(desk, operation).state, desk.held("100", CS))


def test_a_student_whose_balance_tells_no_history_waits_for_a_person(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    desk.crm.unreadable_histories.add("100")

    row = planned(desk)

    assert (Verdict.BLOCKED, Why.MAY_BE_GIVEN_BACK) == (row.verdict, row.why)
    assert "HubSpot does not give the history of the student's balance" in row.detail


def test_a_student_who_was_merged_since_somebody_wrote_waits_for_a_person(desk: TestDesk) -> None:
    cancels(desk)
    other_desk_gives(desk)
    desk.crm.add_contact("101", {CS: 0})
    desk.crm.merge(Kind.CONTACT, "100", "101")
    desk.time += timedelta(hours=1)
    takes_over(desk)

    assert "the student was merged since" in planned(desk).detail
