"""What speaks against a refund: the baseline, a person's decision, the history of the balance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import BadList, StateConflict
from core.credits.records import BookingId, ContactId, ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.choosing.select import ByReference
from core.operations.owed.rules import NotOwed, Owed
from core.operations.plans import Row
from core.operations.states import ItemState
from core.operations.verdicts import Verdict, Why
from tests.unit.services.desk import ADMIN, SJ, TestDesk

KEY = "cs_credits"
OLD_APP = {"source": "INTEGRATION", "source_id": "student-app", "user_id": ""}
BEN = Actor(email="ben@example.test", role=Role.STAFF)


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("100", {KEY: 1, "sj_credits": 1})
    for id_ in ("500", "501", "502"):
        made.booked(id_, "100", status="Active")
    made.time += timedelta(days=1)
    return made


def cancels(desk: TestDesk, id_: str = "500", *, credit: int = 0) -> None:
    desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Cancelled"}, **OLD_APP)
    desk.time += timedelta(seconds=2)
    if credit:
        balance = desk.held("100", KEY) + credit
        desk.crm.foreign_write(Kind.CONTACT, "100", {KEY: balance}, **OLD_APP)
        desk.time += timedelta(seconds=2)


def found(desk: TestDesk) -> dict[str, Owed]:
    return {one.booking.id: one for one in desk.core.owed_credits.listed()}


def owed(desk: TestDesk) -> int:
    return sum(desk.core.owed_credits.count().values())


def planned(desk: TestDesk, id_: str = "500") -> Row:
    (row,) = desk.plan(id_).rows
    return row


def not_owed(desk: TestDesk, *ids: str, reason: str = "a no-show") -> int:
    choice = desk.core.owed_decisions.choice(ByReference(references=ids), ADMIN)
    return desk.core.owed_decisions.decide(choice.open, owed=False, reason=reason, actor=ADMIN)


# --- the baseline


def test_what_was_cancelled_before_the_baseline_is_neither_owed_nor_refunded(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(desk.time, "we adopt Credit Desk", ADMIN)
    desk.time += timedelta(hours=1)
    cancels(desk, "501")

    assert 1 == owed(desk)
    assert NotOwed.SETTLED is found(desk)["500"].not_owed
    row = planned(desk)
    assert (Verdict.SKIP, Why.SETTLED) == (row.verdict, row.why)
    assert "set by ann@example.test: we adopt Credit Desk" in row.detail
    not_owed(desk, "501")
    with pytest.raises(BadList, match="nothing is owed"):
        desk.core.owed_credits.everything(ADMIN)


def test_an_edit_after_the_baseline_does_not_make_an_old_cancellation_owed(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)
    desk.time += timedelta(hours=1)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"dominant_hand": "left"})

    assert (0, Why.SETTLED) == (owed(desk), planned(desk).why)


def test_the_student_s_page_and_the_exam_s_page_heed_the_baseline(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    before = desk.core.exam_sessions.session(ExamId("70"), ADMIN)
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)

    presented = desk.core.contact_page.contact(ContactId("100"), ADMIN)
    session = desk.core.exam_sessions.session(ExamId("70"), ADMIN)

    assert before is not None
    assert session is not None
    assert (("500",), ()) == (before.owed, session.owed)
    assert [NotOwed.SETTLED] == [one.not_owed for one in presented.owed]


def test_a_withdrawn_baseline_leaves_bookings_to_their_history(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)
    settled = owed(desk)

    desk.core.owed_decisions.withdraw_baseline("a wrong date", ADMIN)

    assert (0, 1) == (settled, owed(desk))
    with pytest.raises(BadList, match="no baseline is in effect"):
        desk.core.owed_decisions.withdraw_baseline("again", ADMIN)


def test_a_baseline_needs_a_reason_lies_not_ahead_and_is_set_once(desk: TestDesk) -> None:
    decisions = desk.core.owed_decisions
    with pytest.raises(BadList, match="give a reason"):
        decisions.set_baseline(desk.time, " ", ADMIN)
    with pytest.raises(BadList, match="lies ahead"):
        decisions.set_baseline(desk.time + timedelta(minutes=1), "adopted", ADMIN)
    with pytest.raises(NotAllowed):
        decisions.set_baseline(desk.time, "adopted", BEN)
    decisions.set_baseline(desk.time, "adopted", ADMIN)
    with pytest.raises(StateConflict, match="a baseline is in effect"):
        decisions.set_baseline(desk.time, "adopted", ADMIN)


def test_a_baseline_set_after_the_preview_stops_the_refund(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)

    desk.carry(operation)

    item = desk.item(operation, "500")
    assert (ItemState.SKIPPED, 1) == (item.state, desk.held("100", KEY))
    assert "is settled, set by ann@example.test" in item.why


def test_what_an_undo_took_back_stays_refundable_by_name_whatever_the_baseline(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    refund = desk.run("500")
    desk.time += timedelta(minutes=5)
    undo = desk.core.undo_planner.preview(refund.id, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(undo.id, ADMIN, reason="a mistake"))
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)

    assert Verdict.WILL_CHANGE is planned(desk).verdict


# --- a person's decisions


def test_what_a_person_marked_as_not_owed_is_not_refunded_until_it_is_withdrawn(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    before = owed(desk)

    assert 1 == not_owed(desk, "500", reason="cancelled too late")

    row = planned(desk)
    assert (1, 0) == (before, owed(desk))
    assert (Verdict.SKIP, Why.NOT_OWED) == (row.verdict, row.why)
    assert "not owed, says ann@example.test on 5 May 2026: cancelled too late" == row.detail
    ids = [BookingId("500"), BookingId("501")]
    assert {"500"} == desk.core.owed_decisions.withdraw(ids, "a mistake", ADMIN)
    assert (1, Verdict.WILL_CHANGE) == (owed(desk), planned(desk).verdict)


def test_a_decision_made_after_the_preview_stops_the_refund(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    not_owed(desk, "500")

    desk.carry(operation)

    item = desk.item(operation, "500")
    assert (ItemState.SKIPPED, 1) == (item.state, desk.held("100", KEY))
    assert "not owed, says ann@example.test" in item.why


def test_a_person_may_say_that_a_booking_is_owed_against_baseline_and_history(
    desk: TestDesk,
) -> None:
    cancels(desk, credit=1)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)
    desk.still_owed("500")

    operation = desk.run("500")

    assert (ItemState.DONE, 3) == (desk.item(operation, "500").state, desk.held("100", KEY))
    assert "owed, says ann@example.test" in operation_row(desk, operation.id)


def operation_row(desk: TestDesk, plan: str) -> str:
    return desk.journal.plan_rows(plan)[0].detail


def test_bookings_on_which_nothing_can_be_decided_are_named_with_why(desk: TestDesk) -> None:
    cancels(desk, "501")
    desk.time += timedelta(hours=1)
    desk.run("501")

    choice = desk.core.owed_decisions.choice(ByReference(references=("500", "501", "9")), ADMIN)

    assert () == choice.open
    assert {"500": Why.NOT_CANCELLED, "501": Why.ALREADY_REFUNDED, "9": Why.NOT_FOUND} == dict(
        choice.others
    )
    with pytest.raises(BadList, match="none of these is a cancelled booking"):
        not_owed(desk, "500", "501")


def test_a_decision_needs_a_reason_and_an_admin(desk: TestDesk) -> None:
    cancels(desk)
    with pytest.raises(BadList, match="give a reason"):
        not_owed(desk, "500", reason=" ")
    with pytest.raises(NotAllowed):
        desk.core.owed_decisions.choice(ByReference(references=("500",)), BEN)
    assert {} == desk.journal.owed_decisions([BookingId("500")])


def test_a_decision_stands_in_the_audit_of_its_booking(desk: TestDesk) -> None:
    cancels(desk)
    not_owed(desk, "500")

    (link,) = desk.journal.audit(Sought(booking_id="500", what=(What.OWED_DECIDED,)))

    assert (ADMIN.email, "a no-show", {"owed": False}) == (
        link.entry.actor,
        link.entry.reason,
        link.entry.after,
    )


# --- the history of the balance


def test_a_credit_that_an_old_app_gave_back_unmarked_is_not_given_again(desk: TestDesk) -> None:
    cancels(desk, credit=1)
    desk.time += timedelta(hours=1)

    one, row = found(desk)["500"], planned(desk)

    assert (NotOwed.GIVEN_BACK, 0) == (one.not_owed, owed(desk))
    assert (Verdict.SKIP, Why.GIVEN_BACK) == (row.verdict, row.why)
    assert "went 1 → 2 by an app (student-app) at 5 May 2026 09:00:02 UTC" in row.detail
    with pytest.raises(BadList, match="nothing is owed"):
        desk.core.owed_credits.everything(ADMIN)


def test_a_balance_set_by_hand_later_is_a_person_s_to_decide(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(days=3)
    desk.crm.foreign_write(
        Kind.CONTACT, "100", {KEY: 4}, source="CRM_UI", source_id="ann", user_id="7"
    )
    desk.time += timedelta(days=3)

    row = planned(desk)

    assert (0, Verdict.BLOCKED, Why.MAY_BE_GIVEN_BACK) == (owed(desk), row.verdict, row.why)
    assert "went 1 → 4 by a person in HubSpot (user 7) at 8 May 2026" in row.detail


def test_one_credit_for_two_cancellations_leaves_one_owed(desk: TestDesk) -> None:
    cancels(desk)
    cancels(desk, "501", credit=1)
    desk.time += timedelta(hours=1)

    assert 1 == owed(desk)
    assert {Why.GIVEN_BACK, Why.GIVE_BACK} == {row.why for row in desk.plan("500", "501").rows}


def test_a_chosen_booking_is_not_charged_with_the_credit_of_another_one(desk: TestDesk) -> None:
    """Not chosen itself, the other cancelled booking explains the credit given with it."""
    cancels(desk)
    desk.time += timedelta(hours=1)
    cancels(desk, "501", credit=1)
    desk.time += timedelta(hours=1)

    assert Verdict.WILL_CHANGE is planned(desk).verdict


def test_a_credit_that_may_be_that_of_a_settled_booking_is_a_person_s_to_decide(
    desk: TestDesk,
) -> None:
    """Settled: forfeited, or given back. Whose the one credit was, HubSpot does not tell."""
    cancels(desk)
    cancels(desk, "501", credit=1)
    desk.time += timedelta(hours=1)
    not_owed(desk, "500")

    assert (NotOwed.DECIDED, None) == (found(desk)["500"].not_owed, found(desk)["501"].not_owed)
    assert "may have been" in found(desk)["501"].doubt
    assert (Verdict.BLOCKED, Why.MAY_BE_GIVEN_BACK) == (
        planned(desk, "501").verdict,
        planned(desk, "501").why,
    )


def test_a_credit_between_a_booking_of_before_the_baseline_and_one_of_after_is_for_a_person(
    desk: TestDesk,
) -> None:
    cancels(desk)
    adopted = desk.time
    desk.time += timedelta(seconds=1)
    cancels(desk, "501", credit=1)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(adopted, "adopted", ADMIN)

    listed = found(desk)
    assert (NotOwed.SETTLED, None) == (listed["500"].not_owed, listed["501"].not_owed)
    assert "may have been" in listed["501"].doubt
    assert Verdict.BLOCKED is planned(desk, "501").verdict


def test_a_settled_booking_and_another_have_a_credit_each(desk: TestDesk) -> None:
    cancels(desk, credit=1)
    cancels(desk, "501", credit=1)
    desk.time += timedelta(hours=1)
    not_owed(desk, "500")

    assert NotOwed.GIVEN_BACK is found(desk)["501"].not_owed
    assert Why.GIVEN_BACK is planned(desk, "501").why


def test_a_credit_is_not_that_of_a_booking_that_a_person_calls_owed(desk: TestDesk) -> None:
    """Else the other one, whose credit it was, would be refunded a second time."""
    cancels(desk, credit=1)
    cancels(desk, "501")
    desk.time += timedelta(hours=1)
    desk.still_owed("500")

    assert (None, NotOwed.GIVEN_BACK) == (found(desk)["500"].not_owed, found(desk)["501"].not_owed)
    assert Why.GIVEN_BACK is planned(desk, "501").why


def test_credits_of_another_type_explain_nothing(desk: TestDesk) -> None:
    desk.booked("600", "100", token=SJ, status="Active")
    desk.time += timedelta(hours=1)
    cancels(desk, "600", credit=1)
    desk.time += timedelta(hours=1)

    assert Verdict.WILL_CHANGE is planned(desk, "600").verdict


def test_our_own_refund_of_another_booking_explains_nothing(desk: TestDesk) -> None:
    cancels(desk)
    cancels(desk, "501")
    desk.time += timedelta(seconds=30)
    desk.run("501")
    desk.time += timedelta(hours=1)

    assert (1, Verdict.WILL_CHANGE) == (owed(desk), planned(desk).verdict)


def test_a_credit_given_between_the_preview_and_the_run_waits_for_a_person(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    operation = desk.confirm("500")
    desk.time += timedelta(minutes=30)
    desk.crm.foreign_write(Kind.CONTACT, "100", {KEY: 2}, **OLD_APP)
    desk.time += timedelta(minutes=20)

    desk.carry(operation)

    assert (ItemState.UNDECIDED, 2) == (desk.item(operation, "500").state, desk.held("100", KEY))


def test_a_credit_given_after_the_preview_and_long_before_the_confirmation_is_seen(
    desk: TestDesk,
) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    plan = desk.plan("500")
    desk.time += timedelta(minutes=1)
    desk.crm.foreign_write(Kind.CONTACT, "100", {KEY: 2}, **OLD_APP)
    desk.time += timedelta(minutes=50)

    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")
    desk.carry(operation)

    assert (ItemState.UNDECIDED, 2) == (desk.item(operation, "500").state, desk.held("100", KEY))


def test_evidence_costs_one_history_read_for_fifty_students(desk: TestDesk) -> None:
    for n in range(120):
        desk.crm.add_contact(f"2{n:03}", {KEY: 3})
        desk.booked(f"7{n:03}", f"2{n:03}", status="Active")
    desk.time += timedelta(hours=1)
    for n in range(120):
        desk.crm.foreign_write(Kind.BOOKING, f"7{n:03}", {"is_active": "Cancelled"}, **OLD_APP)
    desk.time += timedelta(hours=1)
    before = desk.crm.usage()

    assert 120 == owed(desk)

    used = {key: n - before.get(key, 0) for key, n in desk.crm.usage().items()}
    assert (3, 3) == (used["history contacts"], used["history bookings"])


def test_a_settled_booking_costs_no_history_read(desk: TestDesk) -> None:
    cancels(desk)
    desk.time += timedelta(hours=1)
    desk.core.owed_decisions.set_baseline(desk.time, "adopted", ADMIN)
    before = desk.crm.usage()

    assert 0 == owed(desk)

    after = desk.crm.usage()
    assert [before.get(f"history {kind}", 0) for kind in ("contacts", "bookings")] == [
        after.get(f"history {kind}", 0) for kind in ("contacts", "bookings")
    ]
