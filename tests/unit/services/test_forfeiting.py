"""Cancelling without refund: the credit is kept once, and is never owed from then on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import BadList, NotReady, StateConflict
from core.credits.records import FORFEITED, BookingId, ContactId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.writes import QUIET_PERIOD, MovementKind
from core.hubspot.ports.inspection import Finding, Health
from core.operations.approval_rules import SecondAdmin
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.kinds.permissions import includable
from core.operations.owed.rules import NotOwed, waiting
from core.operations.plans import Plan
from core.operations.states import ItemState, Operation
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

CREDITS, SEATS = "cs_credits", "total_bookings"
STAFF = Actor(email="sam@example.test", role=Role.STAFF)
KEPT = frozenset({Inclusion.FORFEITED})
FORFEIT, REFUND, CANCEL = OperationKind.FORFEIT, OperationKind.REFUND, OperationKind.CANCEL
TOLD = "forfeited by ann@example.test on 4 May 2026: a test"


@pytest.fixture
def desk() -> TestDesk:
    """One student with two bookings: 500 spent a credit, 501 was free."""
    made = TestDesk()
    made.crm.add_contact("100", {CREDITS: 1})
    made.booked("500", "100", status="Active")
    made.booked("501", "100", status="Active", token="Admin Override")
    return made


def preview(
    desk: TestDesk, kind: OperationKind, *ids: str, include: frozenset[Inclusion] = frozenset()
) -> Plan:
    chosen = ByReference(references=ids)
    return desk.core.operation_planner.preview(kind, chosen, ADMIN, include=include)


def give_back(desk: TestDesk, *ids: str) -> Operation:
    made = preview(desk, REFUND, *ids, include=KEPT)
    return desk.carry(
        desk.core.operation_commands.confirm(made.id, ADMIN, reason="on second thoughts")
    )


def status(desk: TestDesk, id_: str) -> str | None:
    return desk.crm.truth.need(Kind.BOOKING, id_).properties.get("is_active")


def mark(desk: TestDesk, id_: str) -> str:
    return desk.crm.truth.need(Kind.BOOKING, id_).properties.get(FORFEITED) or ""


def not_owed(desk: TestDesk) -> dict[str, str]:
    return {one.booking.id: one.against for one in desk.core.owed_credits.owed(ADMIN)}


def test_the_booking_is_cancelled_and_marked_its_seat_freed_and_its_credit_kept(
    desk: TestDesk,
) -> None:
    operation = desk.run("500", kind=FORFEIT)

    assert ItemState.DONE is desk.item(operation, "500").state
    assert ("Cancelled", TOLD) == (status(desk, "500"), mark(desk, "500"))
    assert 1 == desk.held("100", CREDITS)
    assert 9 == desk.crm.balance(Kind.EXAM, "70", SEATS)
    (note,) = desk.crm.notes
    assert "Credits kept: 1 Clinical Skills. Reason: a test." in note.text


def test_it_is_never_owed_in_any_list(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    presented = desk.core.contact_page.contact(ContactId("100"), ADMIN)

    assert {"500": TOLD} == not_owed(desk)
    assert [] == waiting(desk.core.owed_credits.owed(ADMIN))
    assert {0} == set(desk.core.owed_credits.count().values())
    assert [NotOwed.FORFEITED] == [one.not_owed for one in presented.owed]
    with pytest.raises(BadList, match="nothing is owed"):
        desk.core.owed_credits.everything(ADMIN)


def test_it_is_not_owed_after_the_desk_has_lost_its_store(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    after = TestDesk()
    after.crm.truth = desk.crm.truth

    assert {"500": TOLD} == not_owed(after)
    assert Why.FORFEITED is preview(after, REFUND, "500").rows[0].why


def test_it_is_not_owed_by_the_journal_when_hubspot_has_no_mark(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    desk.crm.foreign_write(Kind.BOOKING, "500", {FORFEITED: ""})

    assert {"500": TOLD} == not_owed(desk)
    assert Why.FORFEITED is preview(desk, REFUND, "500").rows[0].why


def test_a_later_cancellation_by_others_is_owed_once_the_mark_is_gone(desk: TestDesk) -> None:
    """Made active again by hand, with the mark emptied, and cancelled by an app that died."""
    desk.run("500", kind=FORFEIT)
    desk.time += timedelta(hours=1)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Active", FORFEITED: ""})
    desk.time += timedelta(hours=1)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Cancelled"})

    assert ["500"] == [one.booking.id for one in waiting(desk.core.owed_credits.owed(ADMIN))]
    desk.run("500")
    assert 2 == desk.held("100", CREDITS)


def test_a_free_booking_is_cancelled_and_nothing_is_said_of_a_credit(desk: TestDesk) -> None:
    row = preview(desk, FORFEIT, "501").rows[0]
    operation = desk.run("501", kind=FORFEIT)

    assert (Why.CANCEL_ONLY, None) == (row.why, row.credit)
    assert ItemState.DONE is desk.item(operation, "501").state
    assert ("Cancelled", "") == (status(desk, "501"), mark(desk, "501"))


def test_the_preview_names_the_credit_that_is_kept_and_moves_no_balance(desk: TestDesk) -> None:
    made = preview(desk, FORFEIT, "500", "501")
    row = made.rows[0]

    assert (Why.FORFEIT, CREDITS, None, None) == (row.why, row.credit, row.before, row.after)
    assert {CREDITS: 1} == made.credits


def test_a_balance_that_cannot_be_read_stops_it_not(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "100", {CREDITS: "abc"})

    assert Verdict.WILL_CHANGE is preview(desk, FORFEIT, "500").rows[0].verdict
    assert Verdict.BLOCKED is preview(desk, CANCEL, "500").rows[0].verdict


def test_it_is_an_admins_even_for_one_student_and_needs_a_reason(desk: TestDesk) -> None:
    desk.core.access.grant(STAFF.email, Role.STAFF, ADMIN)
    chosen = ByReference(references=("500",))

    with pytest.raises(NotAllowed):
        desk.core.operation_planner.preview(FORFEIT, chosen, STAFF)
    made = preview(desk, FORFEIT, "500")
    with pytest.raises(NotAllowed):
        desk.core.operation_commands.confirm(made.id, STAFF, reason="no-show")
    with pytest.raises(NotConfirmed, match="reason"):
        desk.core.operation_commands.confirm(made.id, ADMIN, reason="  ")


@pytest.mark.parametrize("second", [SecondAdmin(above_bookings=0), SecondAdmin(above_credits=0)])
def test_a_second_admin_is_asked_as_for_a_cancellation(second: SecondAdmin) -> None:
    desk = TestDesk(second=second, admins=(ADMIN.email, "bob@example.test"))
    desk.crm.add_contact("100", {CREDITS: 1})
    desk.booked("500", "100", status="Active")

    assert desk.confirm("500", kind=FORFEIT).needs_approval


def test_an_account_without_the_property_is_told_so_and_cancels_with_refund_all_the_same(
    desk: TestDesk,
) -> None:
    what = "bookings: property credit_forfeited"
    desk.account.found = [
        Finding(
            health=Health.WARNING,
            what=what,
            said="does not exist",
            mend="Run python -m core provision",
            property_=FORFEITED,
        )
    ]

    with pytest.raises(NotReady, match=f"{what}: does not exist. Run python -m core provision"):
        preview(desk, FORFEIT, "500")
    assert Verdict.WILL_CHANGE is preview(desk, CANCEL, "500").rows[0].verdict


# a refund on purpose


def test_a_refund_blocks_it_with_who_when_and_why_until_it_is_included(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)

    plain, included = preview(desk, REFUND, "500"), preview(desk, REFUND, "500", include=KEPT)

    (row,) = plain.rows
    assert (Verdict.BLOCKED, Why.FORFEITED, TOLD) == (row.verdict, row.why, row.detail)
    assert {Inclusion.FORFEITED: 1} == includable(plain)
    (row,) = included.rows
    assert (Verdict.WILL_CHANGE, TOLD) == (row.verdict, row.detail)


def test_included_it_is_given_back_exactly_once_and_the_mark_is_cleared(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    operation = give_back(desk, "500")
    again = preview(desk, REFUND, "500", include=KEPT)

    assert ItemState.DONE is desk.item(operation, "500").state
    assert (2, "") == (desk.held("100", CREDITS), mark(desk, "500"))
    assert Why.ALREADY_REFUNDED is again.rows[0].why
    assert {} == not_owed(desk)


def test_what_was_given_back_on_purpose_and_taken_again_is_owed_by_name(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    refund = give_back(desk, "500")
    desk.time += timedelta(minutes=5)
    undo = desk.core.undo_planner.preview(refund.id, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(undo.id, ADMIN, reason="no, after all"))

    (one,) = desk.core.owed_credits.owed(ADMIN)
    assert (None, "") == (one.not_owed, one.forfeited)
    assert one.taken_back is not None
    assert 1 == desk.held("100", CREDITS)


def test_a_credit_that_somebody_else_gave_is_seen_though_it_is_included(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    desk.time += timedelta(seconds=5)
    desk.crm.foreign_write(Kind.CONTACT, "100", {CREDITS: 2})

    row = preview(desk, REFUND, "500", include=KEPT).rows[0]

    assert (Verdict.SKIP, Why.GIVEN_BACK) == (row.verdict, row.why)


def test_a_forfeiture_after_the_preview_of_a_refund_stops_the_refund(desk: TestDesk) -> None:
    """Owed when it was previewed; then made active by hand, and cancelled without refund."""
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Cancelled"})
    desk.time += timedelta(minutes=10)
    made = preview(desk, REFUND, "500")
    held = desk.core.operation_commands.confirm(made.id, ADMIN, reason="owed")
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Active"})
    desk.run("500", kind=FORFEIT)
    for emptied in (False, True):
        if emptied:
            desk.crm.foreign_write(Kind.BOOKING, "500", {FORFEITED: ""})
        refund = desk.carry(held)
        item = desk.item(refund, "500")
        assert item.state in {ItemState.BLOCKED, ItemState.SKIPPED}
        assert TOLD in item.why
        if not emptied:
            desk.core.operation_commands.retry(refund.id, ADMIN)

    assert 1 == desk.held("100", CREDITS)


def test_a_decision_is_no_way_around_it(desk: TestDesk) -> None:
    desk.run("500", kind=FORFEIT)
    found = desk.core.owed_credits.owed(ADMIN)

    with pytest.raises(BadList, match="include what was forfeited"):
        desk.core.owed_decisions.decide(found, owed=True, reason="hm", actor=ADMIN)
    choice = desk.core.owed_decisions.choice(ByReference(references=("500",)), ADMIN)
    assert () == choice.open
    assert TOLD in choice.others[0][1]


def test_a_decision_from_before_it_does_not_speak_for_it(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Cancelled"})
    desk.time += timedelta(minutes=10)
    desk.still_owed("500")
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Active"})
    desk.run("500", kind=FORFEIT)

    assert {"500": TOLD} == not_owed(desk)
    desk.crm.foreign_write(Kind.BOOKING, "500", {FORFEITED: ""})
    assert {"500": TOLD} == not_owed(desk)


def test_a_credit_near_a_forfeiture_is_left_to_a_person_for_the_students_other_booking(
    desk: TestDesk,
) -> None:
    """It must explain the one that an app cancelled, and not the one whose credit was kept."""
    desk.booked("502", "100", status="Active")
    desk.run("500", kind=FORFEIT)
    desk.time += timedelta(seconds=20)
    desk.crm.foreign_write(Kind.BOOKING, "502", {"is_active": "Cancelled"})
    desk.crm.foreign_write(Kind.CONTACT, "100", {CREDITS: 2})
    desk.time += timedelta(hours=1)

    row = preview(desk, REFUND, "502").rows[0]

    assert Verdict.WILL_CHANGE is not row.verdict


def test_one_that_was_made_active_again_is_cancelled_by_hand(desk: TestDesk) -> None:
    """Its seat was counted down once; a second count of ours would be one too many."""
    desk.run("500", kind=FORFEIT)
    desk.time += timedelta(hours=1)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Active"})
    desk.time += timedelta(hours=1)
    for kind in (CANCEL, FORFEIT):
        item = desk.item(desk.run("500", kind=kind), "500")

        assert (ItemState.SKIPPED, "Active") == (item.state, status(desk, "500"))
        assert str(Why.CANCELLED_ONCE) in item.why
    assert (1, 9) == (desk.held("100", CREDITS), desk.crm.balance(Kind.EXAM, "70", SEATS))


def test_a_refund_of_a_stale_mark_clears_it(desk: TestDesk) -> None:
    """Left on a booking that is active again; a desk without this journal cancels that."""
    desk.run("500", kind=FORFEIT)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Active"})
    after = TestDesk()
    after.time = desk.time + timedelta(hours=1)
    after.crm.truth = desk.crm.truth
    operation = after.run("500", kind=CANCEL)

    assert ItemState.DONE is after.item(operation, "500").state
    assert (2, "") == (after.held("100", CREDITS), mark(after, "500"))
    assert {} == not_owed(after)


# others at work, and failures


def test_who_cancels_in_the_same_moment_gives_the_credit_back_and_nothing_is_marked(
    desk: TestDesk,
) -> None:
    def student(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(
                Kind.BOOKING, "500", {"is_active": "Cancelled"}, source="INTEGRATION"
            )
            desk.crm.foreign_write(Kind.CONTACT, "100", {CREDITS: 2}, source="INTEGRATION")
        return Fault.NONE

    operation = desk.confirm("500", kind=FORFEIT)
    desk.crm.sending = student
    desk.carry(operation)

    item = desk.item(operation, "500")
    assert ItemState.SKIPPED is item.state
    assert "already cancelled by an app" in item.why
    assert ("", 2) == (mark(desk, "500"), desk.held("100", CREDITS))
    assert 10 == desk.crm.balance(Kind.EXAM, "70", SEATS)
    assert set() == desk.journal.claimed([BookingId("500")], MovementKind.REFUND)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.NOT_SENT])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_lost_answer_of_the_cancel_or_of_the_mark_is_settled_by_reading(
    desk: TestDesk, fault: Fault, nth: int
) -> None:
    seen: list[Request] = []

    def lose(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            seen.append(request)
            return fault if len(seen) == nth else Fault.NONE
        return Fault.NONE

    operation = desk.confirm("500", kind=FORFEIT)
    desk.crm.sending = lose
    desk.carry(operation)

    assert ItemState.DONE is desk.item(operation, "500").state
    assert ("Cancelled", TOLD) == (status(desk, "500"), mark(desk, "500"))
    assert 9 == desk.crm.balance(Kind.EXAM, "70", SEATS)
    assert 1 == desk.held("100", CREDITS)


def test_a_mark_that_may_still_arrive_holds_the_claim_and_is_not_sent_again(
    desk: TestDesk,
) -> None:
    """Else it could arrive after a refund on purpose had cleared it."""
    marks: list[datetime] = []

    def late(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING and status(desk, "500") == "Cancelled":
            marks.append(desk.time)
            assert {"500"} == desk.journal.claimed([BookingId("500")], MovementKind.REFUND)
            return Fault.LATE if len(marks) == 1 else Fault.NONE
        return Fault.NONE

    operation = desk.confirm("500", kind=FORFEIT)
    desk.crm.sending = late
    desk.carry(operation)

    assert ItemState.DONE is desk.item(operation, "500").state
    assert 2 == len(marks)
    assert marks[1] - marks[0] >= QUIET_PERIOD


def test_a_refused_mark_is_told_and_tried_again_and_nothing_is_owed_meanwhile(
    desk: TestDesk,
) -> None:
    def refuse(request: Request) -> Fault:
        cancelled = status(desk, "500") == "Cancelled"
        refused = request.changes and request.kind is Kind.BOOKING and cancelled
        return Fault.REFUSED if refused else Fault.NONE

    operation = desk.confirm("500", kind=FORFEIT)
    desk.crm.sending = refuse
    desk.carry(operation)
    item = desk.item(operation, "500")

    assert ItemState.FAILED is item.state
    assert "its credit kept, but HubSpot refused the mark" in item.why
    assert {"500": TOLD} == not_owed(desk)
    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))
    assert (TOLD, ItemState.DONE) == (mark(desk, "500"), desk.item(operation, "500").state)


def test_it_cannot_be_undone_and_says_what_to_do_instead(desk: TestDesk) -> None:
    operation = desk.run("500", kind=FORFEIT)

    with pytest.raises((StateConflict, BadList), match="include what was forfeited"):
        desk.core.undo_planner.preview(operation.id, ADMIN)


def test_the_audit_tells_of_the_cancel_and_of_the_kept_credit(desk: TestDesk) -> None:
    operation = desk.run("500", kind=FORFEIT)
    what = (What.CANCELLED, What.FORFEITED)
    links = desk.core.audit_log.find(Sought(operation_id=operation.id, what=what), ADMIN)

    assert [What.FORFEITED, What.CANCELLED] == [link.entry.what for link in links]
    assert {"a test"} == {link.entry.reason for link in links}
