"""Adjusting balances: previewed, confirmed, written once, noted, undone, asked of two admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import BadList
from core.credits.records import ContactId, Kind
from core.credits.roles import Actor, Role
from core.credits.writes import QUIET_PERIOD
from core.operations.approval_rules import SecondAdmin
from core.operations.approve import NotApproved
from core.operations.choosing.adjustment_lists import Asked, AskedList, from_csv
from core.operations.plans import Plan
from core.operations.states import Item, ItemState, Operation, OperationState
from core.operations.verdicts import Verdict, Why
from core.students.balance_history import StepCause
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

BOB = Actor(email="bob@example.test", role=Role.ADMIN)


class Adjusted(TestDesk):
    """Three students; the balances of the last cannot all be read."""

    def __init__(self, *, second: SecondAdmin | None = None) -> None:
        given = {"second": second, "admins": (ADMIN.email, BOB.email)} if second else {}
        super().__init__(**given)  # type: ignore[arg-type]
        self.crm.add_contact(
            "1", {"cs_credits": 2, "sj_credits": 1}, email="ada@example.test", student_id="900"
        )
        self.crm.add_contact("2", {"cs_credits": 0}, email="Ben@example.test", student_id="901")
        self.crm.add_contact("3", {"cs_credits": "abc", "sj_credits": -1}, student_id="901")

    def preview(self, *rows: tuple[str, str, str]) -> Plan:
        return self.core.adjustment_planner.preview(asked(*rows), ADMIN)

    def ask(self, plan: Plan) -> Operation:
        return self.core.operation_commands.confirm(plan.id, ADMIN, reason="moved at short notice")

    def adjust(self, *rows: tuple[str, str, str]) -> Operation:
        return self.carry(self.ask(self.preview(*rows)))

    def undo(self, operation: Operation) -> Operation:
        plan = self.core.undo_planner.preview(operation.id, ADMIN)
        return self.carry(self.ask(plan))

    def items(self, operation: Operation) -> list[Item]:
        return self.journal.items(operation.id)

    def raw(self, contact: str, key: str) -> str | None:
        return self.crm.truth.need(Kind.CONTACT, contact).properties.get(key)


def asked(*rows: tuple[str, str, str]) -> list[Asked]:
    return [Asked(student=student, credit=key, change=change) for student, key, change in rows]


@pytest.fixture
def desk() -> Adjusted:
    return Adjusted()


def balances(plan: Plan) -> list[tuple[int | None, int | None]]:
    return [(row.before, row.after) for row in plan.rows]


# giving, taking, setting


def test_contact_named_by_its_hubspot_id_is_that_contact_whatever_student_id_another_has() -> None:
    desk = Adjusted()
    desk.crm.add_contact("901", {"cs_credits": 4}, student_id="77")
    one = Asked(contact_id=ContactId("901"), credit="cs_credits", change="+1")

    plan = desk.core.adjustment_planner.preview([one], ADMIN)

    assert [("901", 4, 5)] == [(row.contact_id, row.before, row.after) for row in plan.rows]
    with pytest.raises(BadList, match="'901' means several students"):
        desk.preview(("901", "cs_credits", "+1"))
    with pytest.raises(BadList, match="HubSpot has no contact 555"):
        desk.core.adjustment_planner.preview([replace(one, contact_id=ContactId("555"))], ADMIN)
    with pytest.raises(BadList, match="cs_credits of 901 is changed here already"):
        desk.core.adjustment_planner.preview([one, one], ADMIN)


def test_credits_are_given_taken_and_set_and_the_copy_follows(desk: Adjusted) -> None:
    plan = desk.preview(
        ("1", "cs_credits", "+3"), ("1", "sj_credits", "-1"), ("2", "cs_credits", "=4")
    )
    assert [(2, 5), (1, 0), (0, 4)] == balances(plan)
    assert {"cs_credits": 7, "sj_credits": 1} == plan.credits

    ended = desk.carry(desk.ask(plan))

    assert OperationState.DONE is ended.state
    assert (5, 0, 4) == (
        desk.held("1", "cs_credits"), desk.held("1", "sj_credits"), desk.held("2", "cs_credits"),
    )  # fmt: skip
    assert 2 == len(desk.journal.writes(ended.id))  # one for each student
    desk.drain()
    rows = desk.mirror.rows(Kind.CONTACT, ["1", "2"])
    assert (5, 4) == (rows["1"]["cs_credits"], rows["2"]["cs_credits"])
    assert {"cs_credits": 7, "sj_credits": -1} == desk.journal.progress(ended.id).net


def test_what_a_colleague_is_about_to_change_of_the_same_balances_is_told(desk: Adjusted) -> None:
    first = desk.ask(desk.preview(("1", "cs_credits", "+3"), ("2", "cs_credits", "+3")))
    second = desk.ask(desk.preview(("1", "cs_credits", "=9")))
    desk.ask(desk.preview(("1", "sj_credits", "+1")))

    def told(*rows: tuple[str, str, str]) -> list[tuple[str, int]]:
        plan = desk.preview(*rows)
        return [(one.id, n) for one, n in desk.core.operation_queries.also_planned(plan, ADMIN)]

    both = [(first.id, 2), (second.id, 1)]
    assert both == told(("1", "cs_credits", "+3"), ("2", "cs_credits", "+3"))
    assert [(first.id, 1)] == told(("2", "cs_credits", "+1"), ("2", "sj_credits", "+1"))
    assert [] == told(("2", "sj_credits", "+1"))

    desk.carry(first)
    assert [(second.id, 1)] == told(("1", "cs_credits", "+3"), ("2", "cs_credits", "+3"))


def test_each_student_gets_a_note_with_before_after_and_the_reason(desk: Adjusted) -> None:
    rows = [Asked(student="1", credit="cs_credits", change="+3", reason="the lift was broken")]
    rows += asked(("1", "sj_credits", "=0"), ("3", "cs_credits", "=2"))
    desk.carry(desk.ask(desk.core.adjustment_planner.preview(rows, ADMIN)))

    notes = {note.contact_id: note.text for note in desk.crm.notes}
    assert (
        "Credits adjusted by Credit Desk: Clinical Skills 2 → 5 (+3), the lift was broken; "
        "Situational Judgment 1 → 0 (-1). Reason: moved at short notice. By ann@example.test."
    ) == notes[ContactId("1")]
    assert "Clinical Skills 'abc' → 2. Reason" in notes[ContactId("3")]


def test_a_balance_that_cannot_be_read_is_set_and_the_audit_keeps_what_stood_there(
    desk: Adjusted,
) -> None:
    ended = desk.adjust(("3", "cs_credits", "=2"), ("3", "sj_credits", "=1"))

    assert ("2", "1") == (desk.raw("3", "cs_credits"), desk.raw("3", "sj_credits"))
    (entry,) = [
        link.entry
        for link in desk.journal.audit(Sought(what=(What.WRITTEN,)), limit=9)
        if link.entry.operation_id == ended.id
    ]
    assert {"cs_credits": "abc", "sj_credits": "-1"} == entry.before
    assert {"cs_credits": 2, "sj_credits": 1} == entry.after
    assert {"cs_credits": 2, "sj_credits": 2} == desk.journal.progress(ended.id).net
    assert not desk.journal.foreign_writes(ended.id)


def test_a_refresh_of_a_preview_takes_the_balance_of_now(desk: Adjusted) -> None:
    plan = desk.preview(("1", "cs_credits", "=5"), ("2", "cs_credits", "+1"))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})

    fresh = desk.core.adjustment_planner.again(plan, ADMIN, without=[plan.rows[1].booking_id])

    assert (3, 5) == balances(fresh)[0]
    assert [Verdict.WILL_CHANGE, Verdict.EXCLUDED] == [row.verdict for row in fresh.rows]
    back = desk.core.adjustment_planner.again(fresh, ADMIN, without=())
    assert (0, 1) == balances(back)[1]


def test_two_previews_of_one_list_give_once(desk: Adjusted) -> None:
    plan = desk.preview(("1", "cs_credits", "+3"))
    again = desk.core.adjustment_planner.again(plan, ADMIN, without=())

    first, second = desk.carry(desk.ask(plan)), desk.carry(desk.ask(again))

    assert 5 == desk.held("1", "cs_credits")
    assert [ItemState.DONE] == [item.state for item in desk.items(first)]
    assert [ItemState.SKIPPED] == [item.state for item in desk.items(second)]
    third = desk.core.adjustment_planner.again(plan, ADMIN, without=())
    assert [Why.ADJUSTED] == [row.why for row in third.rows]
    desk.adjust(("1", "cs_credits", "+3"))  # a list of its own is another wish
    assert 8 == desk.held("1", "cs_credits")


def test_what_was_blocked_is_dealt_with_once_another_preview_of_it_is_done(desk: Adjusted) -> None:
    plan = desk.preview(("1", "cs_credits", "-2"))
    again = desk.core.adjustment_planner.again(plan, ADMIN, without=())
    operation = desk.ask(plan)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 1})
    desk.carry(operation)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})

    later = desk.carry(desk.ask(again))

    (item,) = desk.items(operation)
    assert (ItemState.SKIPPED, f"done since by operation {later.id}") == (item.state, item.why)


# what happens meanwhile


def test_a_balance_that_moved_since_the_preview_is_not_set(desk: Adjusted) -> None:
    operation = desk.ask(desk.preview(("1", "cs_credits", "=9"), ("1", "sj_credits", "+1")))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 1})

    desk.carry(operation)

    first, second = desk.items(operation)
    assert (ItemState.BLOCKED, ItemState.DONE) == (first.state, second.state)
    assert "it was 2 and is 1 now; nothing was set, preview it again" in first.why
    assert (1, 2) == (desk.held("1", "cs_credits"), desk.held("1", "sj_credits"))


def test_what_is_given_and_taken_counts_from_the_balance_of_that_moment(desk: Adjusted) -> None:
    operation = desk.ask(desk.preview(("1", "cs_credits", "-2"), ("1", "sj_credits", "+1")))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 1, "sj_credits": 0})

    desk.carry(operation)

    first, second = desk.items(operation)
    assert "the balance is 1 and 2 would be taken; take at most 1" in first.why
    assert (1, 1) == (desk.held("1", "cs_credits"), desk.held("1", "sj_credits"))
    assert (0, 1) == (second.before, second.after)


def test_a_retry_takes_up_what_fits_by_then(desk: Adjusted) -> None:
    operation = desk.ask(desk.preview(("1", "cs_credits", "-2")))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 1})
    desk.carry(operation)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})

    desk.core.operation_commands.retry(operation.id, ADMIN)
    desk.carry(operation)

    assert 1 == desk.held("1", "cs_credits")


@pytest.mark.parametrize("text", ["abd", 0])
def test_text_that_changed_before_the_write_stays(desk: Adjusted, text: str | int) -> None:
    operation = desk.ask(desk.preview(("3", "cs_credits", "=2")))
    desk.crm.foreign_write(Kind.CONTACT, "3", {"cs_credits": text})

    desk.carry(operation)

    (item,) = desk.items(operation)
    assert ItemState.BLOCKED is item.state
    assert str(text) == desk.raw("3", "cs_credits")


def test_a_lost_request_over_text_is_not_sent_again_over_a_number(desk: Adjusted) -> None:
    """Text counts as 0. Somebody sets 0 there, while our request may still arrive."""
    operation = desk.ask(desk.preview(("3", "cs_credits", "=2")))

    def lose(request: Request) -> Fault:
        if request.what != "write" or request.kind is not Kind.CONTACT:
            return Fault.NONE
        desk.crm.sending = lambda _: Fault.NONE
        return Fault.REQUEST_LOST

    desk.crm.sending = lose
    desk.time = operation.hold_until
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.foreign_write(Kind.CONTACT, "3", {"cs_credits": 0})
    desk.time += QUIET_PERIOD

    desk.carry(operation)

    assert "0" == desk.raw("3", "cs_credits")
    assert [ItemState.BLOCKED] == [item.state for item in desk.items(operation)]


def test_a_lost_answer_gives_once(desk: Adjusted) -> None:
    def lose(request: Request) -> Fault:
        return Fault.ANSWER_LOST if request.what == "write" else Fault.NONE

    desk.crm.sending = lose
    ended = desk.adjust(("1", "cs_credits", "+3"))

    assert 5 == desk.held("1", "cs_credits")
    assert [(2, 5)] == [(item.before, item.after) for item in desk.items(ended)]


def test_the_history_names_the_adjustment_and_drift_finds_no_stranger(desk: Adjusted) -> None:
    ended = desk.adjust(("1", "cs_credits", "+3"))
    desk.drain()

    steps = desk.core.contact_page.contact(ContactId("1"), ADMIN).steps
    assert steps
    assert (StepCause.ADJUSTMENT, 2, 5) == (steps[0].cause, steps[0].before, steps[0].after)
    assert f"+3 by {ADMIN.email}" == steps[0].told
    assert ended.id == steps[0].operation_id
    assert not desk.journal.foreign_writes(ended.id)


# who is meant


def test_a_student_is_named_by_any_of_three(desk: Adjusted) -> None:
    rows = (
        ("1", "cs_credits", "+1"),
        ("900", "sj_credits", "+1"),
        ("BEN@example.test", "cs_credits", "+1"),
    )
    plan = desk.preview(*rows)

    assert ["1", "1", "2"] == [row.contact_id for row in plan.rows]
    assert "3 balances of 2 students" == plan.selection


def test_every_fault_of_every_row_is_told_and_nothing_is_stored(desk: Adjusted) -> None:
    file = from_csv(
        b"student,credit,change\n"
        b"901,cs_credits,+1\n"
        b"nobody@example.test,cs_credits,+1\n"
        b"1,cs_credits,+1\n"
        b"900,cs_credits,give 2\n"
        b"77,cs_credits,5\n"
        b"78,cs_credits,+1\n"
        b"x,y\n"
    )

    with pytest.raises(BadList) as refused:
        desk.core.adjustment_planner.preview(file, ADMIN)

    told = refused.value.faults
    assert (
        "line 2: '901' means several students (2, 3): name one by HubSpot id or e-mail" == told[0]
    )
    assert "line 3: HubSpot has no student 'nobody@example.test'" in told[1]
    assert "line 5: cs_credits of 900 is changed by line 4 already" == told[2]
    assert told[3].startswith("line 6: change '5' says neither")
    assert "line 7: HubSpot has no student '78'" in told[5]
    assert "line 6: HubSpot has no student '77'" in told[4]
    assert {2, 3, 5, 6, 7, 8} == {int(one.split(":")[0].split()[1]) for one in told}
    assert not desk.journal._plans


@pytest.mark.parametrize("rows", [AskedList(), []])
def test_nothing_asked_is_said(desk: Adjusted, rows: AskedList | Sequence[Asked]) -> None:
    with pytest.raises(BadList, match="no change is given"):
        desk.core.adjustment_planner.preview(rows, ADMIN)


def test_an_id_that_is_one_students_and_anothers_student_id_is_not_guessed(desk: Adjusted) -> None:
    desk.crm.add_contact("900", {"cs_credits": 0})

    with pytest.raises(BadList, match=r"means several students \(1, 900\)"):
        desk.preview(("900", "cs_credits", "+1"))


def test_the_contacts_of_before_a_merge_are_one_student(desk: Adjusted) -> None:
    operation = desk.ask(desk.preview(("1", "cs_credits", "+3"), ("2", "cs_credits", "+1")))
    survivor = desk.crm.merge(Kind.CONTACT, "1", "2")
    before = desk.held(survivor, "cs_credits")

    desk.carry(operation)

    assert before + 4 == desk.held(survivor, "cs_credits")


def test_what_is_taken_from_two_who_became_one_is_there_to_be_taken(desk: Adjusted) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 2})
    operation = desk.ask(desk.preview(("1", "cs_credits", "-2"), ("2", "cs_credits", "-2")))
    survivor = desk.crm.merge(Kind.CONTACT, "1", "2")
    assert 2 == desk.held(survivor, "cs_credits")

    desk.carry(operation)

    assert 0 == desk.held(survivor, "cs_credits")
    states = [item.state for item in desk.items(operation)]
    assert [ItemState.DONE, ItemState.BLOCKED] == states


# undoing


def test_what_was_given_is_taken_back_and_what_was_taken_is_given_back(desk: Adjusted) -> None:
    ended = desk.adjust(
        ("1", "cs_credits", "+3"), ("1", "sj_credits", "-1"), ("2", "cs_credits", "=4")
    )
    desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 6})

    undo = desk.undo(ended)

    assert (2, 1, 2) == (
        desk.held("1", "cs_credits"), desk.held("1", "sj_credits"), desk.held("2", "cs_credits"),
    )  # fmt: skip
    assert [undo.id] == [one.id for one in desk.core.undo_planner.of(ended.id, ADMIN)]
    assert "the adjustment of" in undo.selection
    with pytest.raises(BadList, match="is not undone: adjust the balances again"):
        desk.core.undo_planner.preview(undo.id, ADMIN)


def test_a_credit_that_is_spent_is_not_taken_back_and_nothing_is_taken_twice(
    desk: Adjusted,
) -> None:
    ended = desk.adjust(("1", "cs_credits", "+3"), ("1", "sj_credits", "+1"))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 2})

    desk.undo(ended)

    assert (2, 1) == (desk.held("1", "cs_credits"), desk.held("1", "sj_credits"))
    again = desk.core.undo_planner.preview(ended.id, ADMIN)
    assert [Why.CREDITS_SPENT, Why.ADJUSTED] == [row.why for row in again.rows]
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})
    desk.undo(ended)
    assert (0, 1) == (desk.held("1", "cs_credits"), desk.held("1", "sj_credits"))


def test_two_undos_at_once_take_back_once(desk: Adjusted) -> None:
    ended = desk.adjust(("1", "cs_credits", "+2"))
    plans = [desk.core.undo_planner.preview(ended.id, ADMIN) for _ in range(2)]
    operations = [desk.ask(plan) for plan in plans]

    for operation in operations:
        desk.carry(operation)

    assert 2 == desk.held("1", "cs_credits")


def test_text_that_was_written_over_is_not_put_back(desk: Adjusted) -> None:
    ended = desk.adjust(("3", "cs_credits", "=2"))

    plan = desk.core.undo_planner.preview(ended.id, ADMIN)

    assert [(Verdict.SKIP, Why.NOT_PUT_BACK)] == [(row.verdict, row.why) for row in plan.rows]


def test_nothing_that_changed_nothing_is_undone(desk: Adjusted) -> None:
    operation = desk.ask(desk.preview(("1", "cs_credits", "-2")))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 0})
    desk.carry(operation)

    with pytest.raises(BadList, match="adjusted nothing"):
        desk.core.undo_planner.preview(operation.id, ADMIN)


# a second admin


def test_above_its_own_limits_a_second_admin_is_asked() -> None:
    desk = Adjusted(second=SecondAdmin(above_adjusted=5, above_adjusted_of_one=3))

    small = desk.ask(desk.preview(("1", "cs_credits", "+3"), ("2", "cs_credits", "+2")))
    one = desk.ask(desk.preview(("1", "cs_credits", "+2"), ("1", "sj_credits", "+2")))
    both = desk.ask(desk.preview(("1", "cs_credits", "+4"), ("2", "cs_credits", "=2")))

    assert "" == small.needs_approval
    assert "more than 3 credits for one student" == one.needs_approval
    told = "more than 5 credits and more than 3 credits for one student"
    assert told == both.needs_approval


def test_the_limits_of_batches_are_not_those_of_adjustments() -> None:
    desk = Adjusted(second=SecondAdmin(above_bookings=0, above_credits=0))

    assert "" == desk.ask(desk.preview(("1", "cs_credits", "+3"))).needs_approval


def test_a_second_admin_approves_what_still_is_as_it_was() -> None:
    desk = Adjusted(second=SecondAdmin(above_adjusted=0))
    given = desk.ask(desk.preview(("1", "cs_credits", "+3")))
    set_to = desk.ask(desk.preview(("2", "cs_credits", "=4")))
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 1})
    desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 1})

    approved = desk.core.approvals.approve(given.id, BOB)
    with pytest.raises(NotApproved, match="it was 0 and is 1 now"):
        desk.core.approvals.approve(set_to.id, BOB)

    renewed = desk.core.approvals.renew(set_to.id, ADMIN)
    assert [Why.BALANCE_MOVED] == [row.why for row in renewed.rows]
    assert [(1, 4)] == balances(desk.core.adjustment_planner.again(renewed, ADMIN, without=()))

    desk.carry(approved)
    assert (4, 1) == (desk.held("1", "cs_credits"), desk.held("2", "cs_credits"))
