"""What is found when landed writes are looked at again, and what follows from it by itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.audit.entries import What
from core.credits.errors import BadList, JournalError, NotSent, StateConflict
from core.credits.records import TOTAL_BOOKINGS, ChangeName, Kind
from core.credits.writes import MovementKind
from core.operations.choosing.correct import Corrections
from core.operations.foreign.changes import Conflict
from core.operations.foreign.corrections import name_of
from core.operations.foreign.when_to_look import LOOKS, RETRIED_FOR, RETRY
from core.operations.foreign.words import Remedy
from core.operations.leftovers import About
from core.operations.states import Operation, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, DiesAfter, TestDesk

AGAIN = "lost credit given again"


class Thinking(TestDesk):
    """One refund of one credit, 2 → 3, in company of an app that had read 2."""

    def __init__(self, *, correct_losses: bool = True) -> None:
        super().__init__(correct_losses=correct_losses)
        self.crm.add_contact("1", {"cs_credits": 2}, firstname="Ada")
        self.booked("51", "1", token=CS)
        self.time += timedelta(hours=1)

    def refunded(self, unreadable: set[str] | None = None) -> Operation:
        operation = self.confirm("51")
        self.crm.unreadable_histories = unreadable or set()
        return self.carry(operation)

    def app_sets(self, value: int, *, after_s: float = 10) -> None:
        self.time += timedelta(seconds=after_s)
        self.crm.foreign_write(
            Kind.CONTACT, "1", {"cs_credits": value}, source="INTEGRATION", source_id="app"
        )

    def look(self, by: timedelta = LOOKS[0]) -> int:
        self.time += by + timedelta(seconds=1)
        return self.core.late_looks.look()

    @property
    def balance(self) -> int:
        return self.crm.balance(Kind.CONTACT, "1", "cs_credits")

    def told(self, operation: Operation) -> list[str]:
        return [event.what for event in self.journal.events(operation_id=operation.id)]


def test_a_credit_that_a_slow_app_erased_is_given_again_by_the_same_operation() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(1)

    desk.look()

    assert desk.balance == 2, "2 + 1 - 1"
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert (Conflict.LOST, 2, 1, 3) == (
        found.foreign.conflict,
        found.foreign.read,
        found.foreign.theirs,
        found.foreign.ours,
    )
    assert (Remedy.CORRECTED, "Ada") == (found.remedy, found.student)
    assert 1 == desk.told(refund).count(AGAIN)
    assert OperationState.DONE is desk.journal.operation(refund.id).state
    (entry,) = [e for e in desk.journal.recorded() if e.what == What.CONFLICT]
    assert ({"cs_credits": 3}, {"cs_credits": 1}) == (entry.before, entry.after)
    assert {"cs_credits": 1} == desk.journal.progress(refund.id).net, "it is not counted twice"
    desk.drain()
    assert 2 == desk.mirror.rows(Kind.CONTACT, ["1"])["1"]["cs_credits"]


def test_looking_as_often_as_one_likes_gives_it_once() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(1)

    for by in (*LOOKS, *LOOKS):
        desk.look(by)

    assert desk.balance == 2
    assert 1 == desk.told(refund).count(AGAIN)
    assert 0 == desk.look(timedelta(days=1)), "nothing is due for ever"


def test_what_is_seen_when_the_operation_ends_is_given_again_before_it_ends() -> None:
    desk = Thinking()

    def right_after_ours(request: Request) -> None:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.answered = lambda _: None
            desk.app_sets(1, after_s=0.5)

    desk.crm.answered = right_after_ours
    refund = desk.refunded()

    assert desk.balance == 2
    assert 1 == desk.told(refund).count(AGAIN)


def test_with_the_setting_off_the_correction_waits_for_a_person() -> None:
    desk = Thinking(correct_losses=False)
    refund = desk.refunded()
    desk.app_sets(1)
    desk.look()
    assert desk.balance == 1
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert Remedy.OFFERED is found.remedy
    (over,) = desk.journal.written_over()
    assert over.operation.id == refund.id

    plan = desk.core.corrections.preview(refund.id, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="give it again"))

    assert desk.balance == 2
    assert [] == desk.journal.written_over()


def test_a_credit_too_many_is_taken_back_by_a_person_alone() -> None:
    """Their booking was written over: the student has both the seat and the credit."""
    desk = Thinking()

    def between(request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.sending = lambda _: Fault.NONE
            desk.app_sets(1, after_s=0.01)
        return Fault.NONE

    desk.crm.sending = between
    refund = desk.refunded()
    desk.look()

    assert desk.balance == 3
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert (-1, Remedy.OFFERED) == (found.foreign.correction, found.remedy)


def test_both_directions_at_once_are_corrected_with_the_right_sign() -> None:
    """They booked while we wrote, and again from before ours: +2 is due, not -1.

    2, they set 1, we set 4 for two refunds, they set 0: 2 - 1 + 2 - 1 is 2.
    """
    desk = Thinking()
    desk.booked("52", "1", token=CS)

    def between(request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.sending = lambda _: Fault.NONE
            desk.app_sets(1, after_s=0.01)
        return Fault.NONE

    desk.crm.sending = between
    refund = desk.run("51", "52")
    assert desk.balance == 4
    desk.app_sets(0)
    desk.look()

    assert desk.balance == 2
    found = desk.core.corrections.findings(refund.id, ADMIN)
    assert [-1, 3] == [each.foreign.correction for each in found]
    assert {Remedy.CORRECTED} == {each.remedy for each in found}


def test_an_unclear_change_waits_for_a_word_and_then_for_its_correction() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(4)  # one from ours, or two from before ours
    desk.look()
    assert desk.balance == 4
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert Remedy.DECISION is found.remedy
    assert 1 == len(desk.journal.written_over())
    name = _named(desk, refund)

    with pytest.raises(BadList, match="say how you know"):
        desk.core.corrections.decide(refund.id, name, 1, ADMIN, " ")
    with pytest.raises(BadList, match="no unclear change"):
        desk.core.corrections.decide(refund.id, "x", 1, ADMIN, "seen")
    desk.core.corrections.decide(refund.id, name, 1, ADMIN, "they cancelled two")
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert (Remedy.OFFERED, 1) == (found.remedy, found.foreign.correction)
    plan = desk.core.corrections.preview(refund.id, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="lost"))

    assert desk.balance == 5
    assert [] == desk.journal.written_over()
    with pytest.raises((BadList, StateConflict)):
        desk.core.corrections.decide(refund.id, name, 1, ADMIN, "again")
    (entry,) = [e for e in desk.journal.recorded() if e.what == What.JUDGED]
    assert ("they cancelled two", {"cs_credits": "+1"}) == (entry.reason, entry.after)


def test_an_unclear_change_that_cost_nothing_is_closed_by_the_word() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(4)
    desk.look()

    desk.core.corrections.decide(refund.id, _named(desk, refund), 0, ADMIN, "one booking")

    assert [] == desk.journal.written_over()
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert Remedy.NONE is found.remedy
    with pytest.raises(StateConflict, match="decided by somebody else"):
        desk.core.corrections.decide(refund.id, _named(desk, refund), 1, ADMIN, "again")


def test_a_process_that_dies_at_the_word_on_a_change_leaves_its_line_in_the_history() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(4)
    desk.look()
    dying = DiesAfter(desk.journal, "decide_foreign")
    corrections: Corrections = replace(desk.core.corrections, journal=dying)

    with suppress(JournalError):
        corrections.decide(refund.id, _named(desk, refund), 0, ADMIN, "one booking")

    assert dying.dead
    told = desk.journal.events(operation_id=refund.id)[0]
    assert ("decided that +0 is due for an unclear change", "one booking") == (
        told.what,
        told.detail["why"],
    )


def _named(desk: Thinking, refund: Operation) -> ChangeName:
    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    return name_of(found.foreign)


def test_a_quiet_account_costs_reads_by_the_hundred_and_no_history_of_students() -> None:
    desk = Thinking()
    desk.refunded()
    before = dict(desk.crm.usage())

    assert desk.look() == 1
    desk.time += timedelta(minutes=1)
    assert desk.look(LOOKS[1]) == 1

    after = desk.crm.usage()
    assert before["history contacts"] == after["history contacts"] - 1, "fresh when it ended"
    assert before["read contacts"] + 2 == after["read contacts"]
    bookings = 2 * 2  # as they are, and how their marks came about
    assert before["total"] + 2 + 1 + bookings == after["total"]


def test_what_could_not_be_checked_is_looked_at_until_it_is_known() -> None:
    desk = Thinking()
    refund = desk.refunded(unreadable={"1"})
    desk.app_sets(1)
    desk.look(RETRY)
    (warned,) = desk.journal.warnings(refund.id)
    assert (About.CHECK, "1") == (warned.about, warned.record)

    desk.crm.unreadable_histories = set()
    desk.look(RETRY)

    assert [] == desk.journal.warnings(refund.id)
    assert desk.balance == 2


def test_what_cannot_be_checked_for_a_day_needs_attention() -> None:
    desk = Thinking()
    refund = desk.refunded(unreadable={"1"})
    assert [] == desk.journal.needs_eyes()
    desk.look(RETRIED_FOR)

    assert 0 == desk.look(RETRIED_FOR)
    (eyes,) = desk.journal.needs_eyes()
    assert (refund.id, 1) == (eyes.operation.id, eyes.unchecked)


def test_a_seat_that_a_slow_app_erased_is_told_with_the_recount() -> None:
    desk = Thinking()
    desk.booked("53", "1", token=CS, status="Active")
    cancelled = desk.run("53", kind=OperationKind.CANCEL)
    held = desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)
    desk.time += timedelta(seconds=5)
    desk.crm.foreign_write(
        Kind.EXAM, "70", {TOTAL_BOOKINGS: held + 2}, source="INTEGRATION", source_id="app"
    )

    desk.look()

    (found,) = desk.core.corrections.findings(cancelled.id, ADMIN)
    assert Remedy.RECOUNT is found.remedy


def test_a_lost_credit_that_cannot_be_given_again_stays_on_offer() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(1)
    desk.time += timedelta(seconds=70)

    def spoilt(request: Request) -> None:
        """After the history was read, and before the credit is given again."""
        if request.what == "history":
            desk.crm.answered = lambda _: None
            desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": "many"})

    desk.crm.answered = spoilt
    desk.look(timedelta(seconds=10))

    (found,) = desk.core.corrections.findings(refund.id, ADMIN)
    assert Remedy.OFFERED is found.remedy
    assert "lost credit not given again" in desk.told(refund)
    assert set() == desk.journal.claimed([_named(desk, refund)], MovementKind.CORRECTION)


def test_hubspot_away_leaves_everything_due() -> None:
    desk = Thinking()
    desk.refunded()
    desk.app_sets(1)
    desk.crm.sending = lambda _: Fault.NOT_SENT
    with pytest.raises(NotSent):
        desk.look()

    desk.crm.sending = lambda _: Fault.NONE
    desk.look(timedelta(minutes=1))

    assert desk.balance == 2


def test_a_correction_whose_answer_was_lost_is_settled_by_a_later_look() -> None:
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(1)

    def lost(request: Request) -> Fault:
        if request.changes:
            return Fault.ANSWER_LOST
        return Fault.NOT_SENT if desk.journal.open_writes() else Fault.NONE

    desk.crm.sending = lost
    desk.look()
    assert 1 == len(desk.journal.open_writes(operation_id=refund.id))

    desk.crm.sending = lambda _: Fault.NONE
    desk.look(timedelta(minutes=2))

    assert [] == desk.journal.open_writes(operation_id=refund.id)
    assert desk.balance == 2


def test_a_correction_of_which_nothing_is_known_is_looked_for_past_the_last_look() -> None:
    """Open it bars every other write of its student, and nobody else asks what became of it."""
    desk = Thinking()
    refund = desk.refunded()
    desk.app_sets(1)
    faults = [Fault.REQUEST_LOST]

    def lost(request: Request) -> Fault:
        return faults.pop() if request.changes and faults else Fault.NONE

    desk.crm.sending = lost
    desk.look(max(LOOKS))
    desk.app_sets(3)  # somebody gave it back by hand: the record is as the operation left it
    for _ in range(10):
        desk.look(timedelta(seconds=9))

    assert not faults
    assert [] == desk.journal.open_writes(operation_id=refund.id)
    assert desk.balance == 4  # their two, and the one that the app erased
