"""Undo: the credits of a refund taken back once, and the booking owed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from core.credits.errors import BadList, UnknownId
from core.credits.records import ContactId, ExamId, Kind, WriteId
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.writes import QUIET_PERIOD, Run, WriteState
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.approve import NotApproved
from core.operations.choosing.select import ByReference
from core.operations.desks.rules import Takeover
from core.operations.plans import Plan
from core.operations.states import ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why
from core.students.balance_history import StepCause
from tests.fakes.crm import Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import ADMIN, CS, SJ, TestDesk

MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)
MARKS = ("token_refunded", "token_refunded_at", "token_refund_admin")


class Undone(TestDesk):
    """Two students: one with two cancelled bookings, one with one."""

    def __init__(
        self,
        journal: MemoryJournal | None = None,
        *,
        second: SecondAdmin = NO_SECOND,
        admins: Sequence[str] = (ADMIN.email,),
    ) -> None:
        made = (lambda _: journal) if journal else None
        super().__init__(made, second=second, admins=admins)
        self.crm.add_contact("1", {"cs_credits": 4, "sj_credits": 1}, firstname="Ada")
        self.crm.add_contact("2", {"cs_credits": 0}, firstname="Ben")
        self.booked("51", "1", token=CS)
        self.booked("52", "1", token=SJ)
        self.booked("53", "2", token=CS)

    def preview(self, refund: Operation) -> Plan:
        return self.core.undo_planner.preview(refund.id, ADMIN)

    def ask(self, refund: Operation, reason: str = "wrong exam") -> Operation:
        return self.core.operation_commands.confirm(self.preview(refund).id, ADMIN, reason=reason)

    def undo(self, refund: Operation) -> Operation:
        return self.carry(self.ask(refund))

    def later(self) -> None:
        """Long enough for whatever was on its way."""
        self.time += QUIET_PERIOD

    def marks(self, booking: str) -> list[str]:
        held = self.crm.truth.need(Kind.BOOKING, booking).properties
        return [held.get(mark) or "" for mark in MARKS]

    def why(self, refund: Operation, booking: str) -> tuple[Verdict, Why, str]:
        row = next(row for row in self.preview(refund).rows if row.booking_id == booking)
        return row.verdict, row.why, row.detail

    def owed(self) -> dict[str, bool]:
        """Which are owed, and whether they were taken back."""
        return {
            one.booking.id: one.taken_back is not None for one in self.core.owed_credits.owed(ADMIN)
        }


@pytest.fixture
def desk() -> Undone:
    return Undone()


def test_an_undo_leaves_balances_and_marks_as_they_were(desk: Undone) -> None:
    before = [desk.held("1", "cs_credits"), desk.held("1", "sj_credits")]
    refund = desk.run("51", "52", "53")
    assert [5, 2] == [desk.held("1", "cs_credits"), desk.held("1", "sj_credits")]
    assert "true" == desk.marks("51")[0]

    done = desk.undo(refund)

    assert before == [desk.held("1", "cs_credits"), desk.held("1", "sj_credits")]
    assert [["", "", ""]] * 3 == [desk.marks(id_) for id_ in ("51", "52", "53")]
    assert (OperationKind.UNDO, refund.id, OperationState.DONE) == (
        done.kind,
        done.undoes,
        done.state,
    )
    item = desk.item(done, "51")
    assert (ItemState.DONE, 5, 4) == (item.state, item.before, item.after)
    assert {"cs_credits": -2, "sj_credits": -1} == desk.journal.progress(done.id).net
    assert [done.id] == [one.id for one in desk.core.undo_planner.of(refund.id, ADMIN)]


def test_the_preview_counts_each_balance_down_in_the_order_of_the_plan(desk: Undone) -> None:
    desk.booked("54", "1", token=CS)
    refund = desk.run("51", "54")

    rows = desk.preview(refund).rows

    assert [(6, 5), (5, 4)] == [(row.before, row.after) for row in rows]
    assert {Why.TAKE_BACK} == {row.why for row in rows}


def test_a_credit_that_is_spent_is_not_taken_and_the_others_are(desk: Undone) -> None:
    desk.booked("54", "2", token=CS)
    refund = desk.run("53", "54")
    desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 1})

    rows = desk.preview(refund).rows
    done = desk.undo(refund)

    assert [Verdict.WILL_CHANGE, Verdict.BLOCKED] == [row.verdict for row in rows]
    assert (Why.SPENT, "0 left") == (rows[1].why, rows[1].detail)
    assert 0 == desk.held("2", "cs_credits")
    states = [item.state for item in desk.journal.items(done.id)]
    assert [ItemState.DONE, ItemState.BLOCKED] == states
    assert "true" == desk.marks("54")[0], "its credit was spent, so it stands refunded"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"is_active": "Active"}, (Verdict.SKIP, Why.ACTIVE_AGAIN, "")),
        ({"is_active": "Lost"}, (Verdict.BLOCKED, Why.STATUS_UNKNOWN, "is_active is 'Lost'")),
        (dict.fromkeys(MARKS, ""), (Verdict.SKIP, Why.NOT_MARKED, "")),
    ],
)
def test_what_is_no_longer_as_the_refund_left_it_is_told(
    desk: Undone, change: dict[str, str], found: tuple[Verdict, Why, str]
) -> None:
    refund = desk.run("51")
    desk.crm.foreign_write(Kind.BOOKING, "51", change)

    assert found == desk.why(refund, "51")


@pytest.mark.parametrize("word", ["", "Yes"])
def test_a_mark_that_is_half_there_is_unclear_and_nothing_is_taken(desk: Undone, word: str) -> None:
    refund = desk.run("51")
    desk.crm.foreign_write(Kind.BOOKING, "51", {"token_refunded": word})

    verdict, why, detail = desk.why(refund, "51")

    assert (Verdict.BLOCKED, Why.REFUND_UNCLEAR) == (verdict, why)
    assert "token_refund_admin is 'ann@example.test'" in detail


def test_a_mark_of_somebody_else_is_not_cleared(desk: Undone) -> None:
    refund = desk.run("51")
    desk.crm.foreign_write(Kind.BOOKING, "51", {"token_refund_admin": "zoe@example.test"})

    verdict, why, detail = desk.why(refund, "51")

    assert (Verdict.BLOCKED, Why.MARKED_BY_OTHERS) == (verdict, why)
    assert detail.startswith("zoe@example.test at 2026-05-04")


def test_a_contact_that_is_gone_or_unreadable_or_another_now_blocks(desk: Undone) -> None:
    refund = desk.run("51", "53")
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": "many"})
    desk.crm.archive(Kind.CONTACT, "2")

    assert (Verdict.BLOCKED, Why.BALANCE_UNREADABLE) == desk.why(refund, "51")[:2]
    assert (Verdict.BLOCKED, Why.CONTACT_GONE) == desk.why(refund, "53")[:2]
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})
    desk.crm.unlink("51", Kind.CONTACT, "1")
    assert (Verdict.BLOCKED, Why.NO_CONTACT) == desk.why(refund, "51")[:2]
    desk.crm.add_contact("3", {})
    desk.crm.link("51", Kind.CONTACT, "3")
    assert (Verdict.BLOCKED, Why.OF_ANOTHER, "3") == desk.why(refund, "51")


def test_after_a_merge_the_credit_is_taken_from_who_remained(desk: Undone) -> None:
    refund = desk.run("53")
    kept = desk.crm.merge(Kind.CONTACT, "1", "2")
    desk.crm.foreign_write(Kind.CONTACT, kept, {"cs_credits": 5})

    desk.undo(refund)

    assert 4 == desk.crm.balance(Kind.CONTACT, kept, "cs_credits")
    assert ["", "", ""] == desk.marks("53")


def test_an_undo_happens_once_however_often_it_is_asked(desk: Undone) -> None:
    refund = desk.run("51", "53")
    both = [desk.ask(refund), desk.ask(refund)]

    first, second = (desk.carry(operation) for operation in both)

    assert (4, 0) == (desk.held("1", "cs_credits"), desk.held("2", "cs_credits"))
    assert ItemState.DONE is desk.item(first, "51").state
    late = desk.item(second, "51")
    assert (ItemState.SKIPPED, "changed since the preview: already taken back") == (
        late.state,
        late.why,
    )
    assert (Verdict.SKIP, Why.TAKEN_BACK, "") == desk.why(refund, "51")


def test_two_undos_at_the_same_time_take_one_credit(desk: Undone) -> None:
    refund = desk.run("51")
    one, two = desk.ask(refund), desk.ask(refund)
    desk.later()

    def cut_in(request: Request) -> Fault:
        if request.what == "write" and request.kind is Kind.CONTACT:
            desk.crm.sending = lambda _: Fault.NONE
            desk.core.operation_runner.carry_out(two.id)
        return Fault.NONE

    desk.crm.sending = cut_in
    desk.carry(one)
    desk.carry(two)

    assert 4 == desk.held("1", "cs_credits")
    late = desk.item(two, "51")
    assert ItemState.SKIPPED is late.state
    assert f"already being taken back by another operation ({one.id})" == late.why


def test_refund_undo_refund_undo_moves_one_credit_each_time(desk: Undone) -> None:
    refund = desk.run("51")
    desk.undo(refund)
    again = desk.run("51")
    assert (5, "true") == (desk.held("1", "cs_credits"), desk.marks("51")[0])
    assert (Verdict.SKIP, Why.TAKEN_BACK, "") == desk.why(refund, "51"), "that one is undone"

    second = desk.undo(again)

    assert (4, ["", "", ""]) == (desk.held("1", "cs_credits"), desk.marks("51"))
    assert ItemState.DONE is desk.item(second, "51").state


def test_while_the_mark_stands_nobody_can_refund_it_again(desk: Undone) -> None:
    """The credit is taken, the mark is not cleared yet, or its clearing not recorded."""
    refund = desk.run("51")
    undo = desk.ask(refund)
    desk.later()
    desk.crm.sending = lambda request: (
        Fault.LATE if request.what == "write" and request.kind is Kind.BOOKING else Fault.NONE
    )
    desk.core.operation_runner.carry_out(undo.id)
    desk.crm.sending = lambda _: Fault.NONE
    assert (4, "true") == (desk.held("1", "cs_credits"), desk.marks("51")[0])

    marked = desk.plan("51").rows[0].why
    desk.crm.deliver_late()
    cleared = desk.confirm("51")
    desk.core.operation_runner.carry_out(cleared.id)
    desk.time += timedelta(seconds=11)
    desk.core.operation_runner.carry_out(cleared.id)

    assert Why.ALREADY_REFUNDED is marked
    item = desk.item(cleared, "51")
    assert (ItemState.SKIPPED, f"{Why.CLAIMED} ({refund.id})") == (item.state, item.why)
    desk.carry(undo)
    assert (4, ["", "", ""]) == (desk.held("1", "cs_credits"), desk.marks("51"))
    desk.run("51")
    assert (5, "true") == (desk.held("1", "cs_credits"), desk.marks("51")[0])


def test_a_clearing_that_may_still_arrive_is_waited_for(desk: Undone) -> None:
    """Else it would clear the mark of the next refund."""
    refund = desk.run("51")
    undo = desk.ask(refund)
    desk.later()
    sent: list[str] = []

    def lose(request: Request) -> Fault:
        if request.what == "write" and request.kind is Kind.BOOKING:
            sent.append(desk.time.isoformat())
            return Fault.REQUEST_LOST if len(sent) == 1 else Fault.NONE
        return Fault.NONE

    desk.crm.sending = lose
    desk.core.operation_runner.carry_out(undo.id)
    begun = desk.time
    desk.core.operation_runner.carry_out(undo.id)
    assert 1 == len(sent), "not sent again while the first may arrive"

    desk.carry(undo)

    assert 2 == len(sent)
    assert desk.time >= begun + QUIET_PERIOD
    assert ["", "", ""] == desk.marks("51")


def test_a_process_that_ends_as_it_clears_leaves_word_that_it_was_sending(desk: Undone) -> None:
    """Else the next one would not wait for a clearing that may still arrive."""
    undo = desk.ask(desk.run("51"))
    desk.later()
    sent: list[str] = []

    def end(request: Request) -> Fault:
        if request.changes and request.kind is Kind.BOOKING:
            sent.append(desk.time.isoformat())
            if len(sent) == 1:
                raise KeyboardInterrupt
        return Fault.NONE

    desk.crm.sending = end
    with pytest.raises(KeyboardInterrupt):
        desk.core.operation_runner.carry_out(undo.id)
    begun = desk.time

    desk.carry(undo)

    assert 2 == len(sent)
    assert desk.time >= begun + QUIET_PERIOD


def test_it_begins_when_no_mark_of_the_refund_can_still_arrive(desk: Undone) -> None:
    """Else a late one would mark a booking whose credit was taken: neither there nor owed."""
    refund = desk.confirm("51")
    lost = [Fault.LATE]

    def late(request: Request) -> Fault:
        marking = request.what == "write" and request.kind is Kind.BOOKING
        return lost.pop() if marking and lost else Fault.NONE

    desk.crm.sending = late
    ended = desk.carry(refund)
    assert ended.ended_at is not None
    assert "true" == desk.marks("51")[0], "it was sent again, and the first is on its way"

    undo = desk.ask(ended)

    assert undo.hold_until == ended.ended_at + QUIET_PERIOD
    desk.time = ended.ended_at + QUIET_PERIOD - timedelta(seconds=1)
    assert undo.hold_until == desk.core.operation_runner.carry_out(undo.id)
    desk.crm.deliver_late()
    desk.carry(undo)
    assert (4, ["", "", ""]) == (desk.held("1", "cs_credits"), desk.marks("51"))


def test_long_after_the_refund_only_the_hold_is_waited_for(desk: Undone) -> None:
    refund = desk.run("51")
    desk.later()

    undo = desk.ask(refund)

    assert desk.time + timedelta(seconds=10) == undo.hold_until


class Sleeper(MemoryJournal):
    """A process stands still beside its last question to the journal before the mark."""

    def __init__(self, meanwhile: Callable[[], object], *, asked: bool) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = meanwhile
        self.asked = asked

    def still_ours(self, run: Run) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is None:
            super().still_ours(run)
        elif self.asked:
            super().still_ours(run)
            meanwhile()
        else:
            meanwhile()
            super().still_ours(run)


@pytest.mark.parametrize("asked", [True, False])
def test_a_process_that_slept_marks_nothing_that_was_taken_back_meanwhile(*, asked: bool) -> None:
    """It gave the credit back, stood still before the mark, and wakes when all is long over."""
    refunds: list[Operation] = []

    def meanwhile() -> None:
        made.time += timedelta(minutes=5)
        made.undo(made.carry(refunds[0]))  # another process takes the refund over, and ends it

    made = Undone(Sleeper(meanwhile, asked=asked))
    refunds.append(made.confirm("51"))
    made.carry(refunds[0])

    assert (4, ["", "", ""]) == (made.held("1", "cs_credits"), made.marks("51"))


def test_a_refused_mark_can_be_cleared_by_a_retry(desk: Undone) -> None:
    refund = desk.run("51")
    undo = desk.ask(refund)

    def refuse(request: Request) -> Fault:
        clearing = request.what == "write" and request.kind is Kind.BOOKING
        return Fault.REFUSED if clearing else Fault.NONE

    desk.crm.sending = refuse
    failed = desk.carry(undo)
    item = desk.item(failed, "51")
    assert ItemState.FAILED is item.state
    assert "its credit was taken, but HubSpot refused to clear the mark" in item.why
    desk.crm.sending = lambda _: Fault.NONE
    assert Why.ALREADY_REFUNDED is desk.plan("51").rows[0].why

    desk.carry(desk.core.operation_commands.retry(undo.id, ADMIN))

    assert (4, ["", "", ""]) == (desk.held("1", "cs_credits"), desk.marks("51"))


def test_a_credit_spent_between_reading_and_writing_fails_with_its_numbers(desk: Undone) -> None:
    refund = desk.run("53")
    undo = desk.ask(refund)
    desk.later()
    reads: list[str] = []

    def spend(request: Request) -> Fault:
        if request.what == "read" and request.kind is Kind.CONTACT:
            reads.append("read")
            if len(reads) == 2:  # judged on the first, written on the second
                desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 0})
        return Fault.NONE

    desk.crm.sending = spend
    failed = desk.carry(undo)

    item = desk.item(failed, "53")
    assert ItemState.FAILED is item.state
    assert "nothing was changed: cs_credits is 0 and would become -1" in item.why
    assert (0, "true") == (desk.held("2", "cs_credits"), desk.marks("53")[0])
    retried = desk.carry(desk.core.operation_commands.retry(undo.id, ADMIN))
    item = desk.item(retried, "53")
    assert (ItemState.BLOCKED, True) == (item.state, "spent already: 0 left" in item.why)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (OperationKind.CANCEL, "a cancellation cannot be undone: the seats were given up"),
        (OperationKind.UNDO, "refund the bookings again"),
    ],
)
def test_what_is_no_refund_is_not_undone_and_says_why(
    desk: Undone, kind: OperationKind, told: str
) -> None:
    if kind is OperationKind.CANCEL:
        desk.booked("54", "1", status="Active")
        operation = desk.run("54", kind=kind)
    else:
        operation = desk.undo(desk.run("51"))

    with pytest.raises(BadList, match=told):
        desk.preview(operation)


def test_only_an_ended_refund_that_gave_something_back(desk: Undone) -> None:
    held = desk.confirm("51")
    with pytest.raises(BadList, match="the refund is held: it can be undone when it has ended"):
        desk.preview(held)
    desk.core.operation_commands.call_off(held.id, ADMIN)
    with pytest.raises(BadList, match="gave back nothing"):
        desk.preview(held)
    with pytest.raises(UnknownId):
        desk.core.undo_planner.preview("nothing", ADMIN)


def test_only_an_admin_may(desk: Undone) -> None:
    refund = desk.run("51")

    with pytest.raises(NotAllowed):
        desk.core.undo_planner.preview(refund.id, MANAGER)


def test_some_of_a_refund_can_be_undone(desk: Undone) -> None:
    refund = desk.run("51", "52")

    plan = desk.core.undo_planner.preview(
        refund.id, ADMIN, only=[desk.item(refund, "52").booking_id]
    )

    assert ["52"] == [row.booking_id for row in plan.rows]


def test_it_is_owed_again_but_not_given_back_with_everything_owed(desk: Undone) -> None:
    refund = desk.run("51", "53")
    assert {"52": False} == desk.owed()
    undo = desk.undo(refund)

    assert {"51": True, "52": False, "53": True} == desk.owed()
    assert ("52",) == desk.core.owed_credits.everything(ADMIN).ids
    assert {"sj_credits": 1} == {key: n for key, n in desk.core.owed_credits.count().items() if n}
    told = next(one.taken_back for one in desk.core.owed_credits.owed(ADMIN) if one.taken_back)
    assert (ADMIN.email, "wrong exam", undo.id) == (told.by, told.reason, told.operation_id)
    desk.run("52")
    with pytest.raises(BadList, match="nothing is owed"):
        desk.core.owed_credits.everything(ADMIN)


def test_named_one_by_one_it_is_refunded_again(desk: Undone) -> None:
    desk.undo(desk.run("51"))

    plan = desk.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=("51",)), ADMIN
    )

    (row,) = plan.rows
    assert (Verdict.WILL_CHANGE, Why.GIVE_BACK) == (row.verdict, row.why)
    assert row.detail.startswith("taken back by ann@example.test on 4 May 2026: wrong exam")


def test_the_contact_s_page_names_the_step_and_tells_what_is_owed(desk: Undone) -> None:
    desk.undo(desk.run("51"))

    contact = desk.core.contact_page.contact(ContactId("1"), ADMIN)

    assert contact.steps is not None
    assert [StepCause.UNDO, StepCause.REFUND] == [step.cause for step in contact.steps][:2]
    assert {"51": True, "52": False} == {
        one.booking.id: one.taken_back is not None for one in contact.owed
    }


def test_both_copies_are_in_the_mirror_at_once(desk: Undone) -> None:
    desk.undo(desk.run("51"))
    desk.drain()

    assert 4 == desk.mirror.rows(Kind.CONTACT, ["1"])["1"]["cs_credits"]
    row = desk.mirror.rows(Kind.BOOKING, ["51"])["51"]
    assert not any(row[mark] for mark in MARKS)


def test_a_person_s_word_carries_on_what_hubspot_does_not_tell(desk: Undone) -> None:
    refund = desk.run("51")
    undo = desk.ask(refund)
    desk.later()
    write = _undecided(desk, undo, Fault.ANSWER_LOST)

    desk.core.resolution.decide(undo.id, write, ADMIN, landed=True, why="the balance is 4")
    desk.crm.unreadable_histories.clear()
    desk.carry(undo)

    assert ItemState.DONE is desk.item(undo, "51").state
    assert ["", "", ""] == desk.marks("51")


def test_a_credit_that_was_never_taken_is_taken_by_a_retry(desk: Undone) -> None:
    refund = desk.run("51")
    undo = desk.ask(refund)
    desk.later()
    write = _undecided(desk, undo, Fault.REQUEST_LOST)

    desk.core.resolution.decide(undo.id, write, ADMIN, landed=False, why="the balance is 5")
    assert "its credit was never taken; retry takes it" in desk.item(undo, "51").why
    desk.crm.unreadable_histories.clear()
    desk.carry(desk.core.operation_commands.retry(undo.id, ADMIN))

    assert (3, ["", "", ""]) == (desk.held("1", "cs_credits"), desk.marks("51"))


def _undecided(desk: Undone, undo: Operation, fault: Fault) -> WriteId:
    """The write of a credit whose answer is lost, and after which somebody else wrote."""

    def lose(request: Request) -> Fault:
        taking = request.what == "write" and request.kind is Kind.CONTACT
        return fault if taking else Fault.NONE

    def meddle(request: Request) -> None:
        if request.what == "write" and request.kind is Kind.CONTACT:
            theirs: dict[str, int | str | None] = {
                "cs_credits": 4,
                "credit_desk_last_write": "another desk",
            }
            desk.crm.foreign_write(Kind.CONTACT, "1", theirs)

    desk.crm.unreadable_histories.add("1")
    desk.crm.sending, desk.crm.answered = lose, meddle
    desk.carry(undo)
    desk.crm.sending, desk.crm.answered = lambda _: Fault.NONE, lambda _: None
    desk.journal.take_over(Takeover(at=desk.time, by=ADMIN.email, reason="the other one is gone"))
    (record,) = desk.journal.writes(undo.id)
    assert WriteState.UNDECIDED is record.state
    return record.write.id


def test_an_exam_counts_what_students_wait_for_alone(desk: Undone) -> None:
    desk.undo(desk.run("51"))

    detailed = desk.core.exam_sessions.session(ExamId("70"), ADMIN)

    assert detailed is not None
    assert detailed.session.counts is not None
    assert ({"52", "53"}, 2) == (set(detailed.owed), detailed.session.counts.owed)


BEN = Actor(email="ben@example.test", role=Role.ADMIN)


def test_a_large_undo_waits_for_a_second_admin_and_then_begins_no_earlier_than_is_safe() -> None:
    desk = Undone(second=SecondAdmin(above_credits=1), admins=(ADMIN.email, BEN.email))
    asked = desk.confirm("51", "52")
    refund = desk.carry(desk.core.approvals.approve(asked.id, BEN))
    assert refund.ended_at is not None

    undo = desk.ask(refund)
    assert (OperationState.AWAITING, "more than 1 credit") == (undo.state, undo.needs_approval)
    approved = desk.core.approvals.approve(undo.id, BEN)

    assert refund.ended_at + QUIET_PERIOD == approved.hold_until
    desk.carry(approved)
    assert (4, 1) == (desk.held("1", "cs_credits"), desk.held("1", "sj_credits"))


def test_one_that_would_no_longer_go_as_asked_for_is_previewed_anew() -> None:
    desk = Undone(second=SecondAdmin(above_credits=0), admins=(ADMIN.email, BEN.email))
    refund = desk.carry(desk.core.approvals.approve(desk.confirm("51", "53").id, BEN))
    undo = desk.ask(refund)
    desk.crm.foreign_write(Kind.CONTACT, "2", {"cs_credits": 0})

    with pytest.raises(NotApproved, match="now the credit is spent already"):
        desk.core.approvals.approve(undo.id, BEN)
    fresh = desk.core.approvals.renew(undo.id, ADMIN)

    assert OperationState.CALLED_OFF is desk.journal.operation(undo.id).state
    assert (refund.id, ["51"]) == (fresh.undoes, [row.booking_id for row in fresh.will_change])
