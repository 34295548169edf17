"""Attended bookings and past exams: blocked for everybody, included by an admin on purpose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.entries import What
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.choosing.select import ByReference
from core.operations.kinds.permissions import includable
from core.operations.plans import Plan
from core.operations.states import ItemState
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.unit.services.desk import ADMIN, TestDesk

CREDITS = "cs_credits"
STAFF = Actor(email="sam@example.test", role=Role.STAFF)
NOTHING: frozenset[Inclusion] = frozenset()
ATTENDED, PAST = frozenset({Inclusion.ATTENDED}), frozenset({Inclusion.PAST})


@pytest.fixture
def desk() -> TestDesk:
    """Booking 500 was attended; 501 is of an exam that is over; 502 is ordinary."""
    made = TestDesk()
    made.core.access.grant(STAFF.email, Role.STAFF, ADMIN)
    made.crm.add_contact("100", {CREDITS: 1})
    made.crm.add_exam("71", 5, mock_type="Clinical Skills", exam_date="2026-05-03")
    token = "Clinical Skills Token"
    made.crm.add_booking("500", contact="100", exam="70", token=token, attendance="Yes")
    made.crm.add_booking("501", contact="100", exam="71", token=token)
    made.crm.add_booking("502", contact="100", exam="70", token=token)
    return made


def plan(
    desk: TestDesk, include: frozenset[Inclusion] = NOTHING, actor: Actor = ADMIN, *ids: str
) -> Plan:
    chosen = ByReference(references=ids or ("500", "501", "502"))
    return desk.core.operation_planner.preview(OperationKind.CANCEL, chosen, actor, include=include)


def changing(found: Plan) -> list[str]:
    return [row.booking_id for row in found.will_change]


def test_they_are_blocked_and_the_preview_says_what_would_include_them(desk: TestDesk) -> None:
    found = plan(desk)

    assert ["502"] == changing(found)
    assert [Why.ATTENDED, Why.EXAM_PAST] == [row.why for row in found.rows[:2]]
    assert {Inclusion.ATTENDED: 1, Inclusion.PAST: 1} == includable(found)


def test_an_admin_includes_each_of_them_on_purpose(desk: TestDesk) -> None:
    assert ["500", "502"] == changing(plan(desk, ATTENDED))
    assert ["501", "502"] == changing(plan(desk, PAST))
    assert ["500", "501", "502"] == changing(plan(desk, ATTENDED | PAST))


def test_staff_may_not_include_them_not_even_of_one_student(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        plan(desk, ATTENDED, STAFF, "500")
    made = plan(desk, ATTENDED, ADMIN, "500")

    with pytest.raises(NotAllowed):
        desk.core.operation_commands.confirm(made.id, STAFF, reason="please")


def test_what_was_included_is_recorded_with_the_reason_and_carried_out(desk: TestDesk) -> None:
    made = plan(desk, ATTENDED | PAST)
    operation = desk.core.operation_commands.confirm(
        made.id, ADMIN, reason="the examiner never came"
    )
    desk.carry(operation)

    assert ATTENDED | PAST == desk.journal.operation(operation.id).include
    (entry,) = [
        link.entry
        for link in desk.journal.audit_links(after=0, limit=100)
        if link.entry.what == What.CONFIRMED
    ]
    assert (["attended", "past"], "the examiner never came") == (
        entry.detail["include"],
        entry.reason,
    )
    assert 4 == desk.held("100", CREDITS)


def test_an_exam_that_begins_between_preview_and_run_is_not_cancelled(desk: TestDesk) -> None:
    desk.crm.foreign_write(
        Kind.EXAM, "70", {"exam_date": "2026-05-04", "start_time": "9:30 AM", "end_time": "noon"}
    )
    made = plan(desk, NOTHING, ADMIN, "502")
    assert ["502"] == changing(made)
    operation = desk.core.operation_commands.confirm(made.id, ADMIN, reason="late")
    desk.time += timedelta(minutes=31)
    desk.carry(operation)

    item = desk.item(operation, "502")
    assert ItemState.BLOCKED is item.state
    assert "changed since the preview: exam has begun" in item.why
    assert (1, "Active") == (
        desk.held("100", CREDITS),
        desk.crm.truth.need(Kind.BOOKING, "502").properties["is_active"],
    )


def test_attendance_that_is_entered_before_the_run_keeps_the_booking(desk: TestDesk) -> None:
    operation = desk.confirm("502", kind=OperationKind.CANCEL)
    desk.crm.foreign_write(Kind.BOOKING, "502", {"attendance": "Yes"})
    desk.carry(operation)

    assert "attended: attendance is 'Yes'" in desk.item(operation, "502").why
    assert 1 == desk.held("100", CREDITS)


def test_an_approval_judges_again_with_what_was_included(desk: TestDesk) -> None:
    made = plan(desk, PAST)

    assert made.rows == desk.core.operation_planner.afresh(made)


def test_a_mark_that_becomes_unclear_before_the_run_moves_no_credit(desk: TestDesk) -> None:
    desk.booked("600", "100")
    operation = desk.confirm("600")
    desk.crm.foreign_write(Kind.BOOKING, "600", {"token_refunded": "refunded 3 Nov, see e-mail"})
    desk.carry(operation)

    item = desk.item(operation, "600")
    assert ItemState.BLOCKED is item.state
    assert "refund mark is unclear: token_refunded is 'refunded 3 Nov, see e-mail'" in item.why
    assert 1 == desk.held("100", CREDITS)
    held = desk.crm.truth.need(Kind.BOOKING, "600").properties
    assert "refunded 3 Nov, see e-mail" == held["token_refunded"], "the word stays as it is"


def test_a_balance_that_is_not_concerned_is_named_and_stops_nothing(desk: TestDesk) -> None:
    desk.crm.add_contact("101", {CREDITS: 1, "sj_credits": "abc"})
    desk.booked("600", "101")

    found = desk.plan("600")
    operation = desk.run("600")

    assert Verdict.WILL_CHANGE is found.rows[0].verdict
    assert "sj_credits holds 'abc'" in found.rows[0].detail
    assert (2, ItemState.DONE) == (desk.held("101", CREDITS), desk.item(operation, "600").state)
    (warned,) = desk.journal.warnings(operation.id)
    assert "sj_credits holds 'abc'" in warned.told
    assert "abc" == desk.crm.truth.need(Kind.CONTACT, "101").properties["sj_credits"]


def test_a_refund_leaves_one_note_with_its_reason_on_each_timeline(desk: TestDesk) -> None:
    desk.booked("600", "100")
    desk.booked("601", "100")
    desk.run("600", "601")

    (note,) = desk.crm.notes
    assert "100" == note.contact_id
    assert note.text.startswith("Refunded by Credit Desk: booking-600, booking-601.")
    assert "Given back: 2 Clinical Skills. Reason: a test." in note.text
