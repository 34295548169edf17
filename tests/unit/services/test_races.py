"""Moments in which a credit could be lost: each was found by a person or a simulation, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from core.app.journal import Journal
from core.credits.catalogue import CreditType
from core.credits.records import MARKER, TOTAL_BOOKINGS, ContactId, Counted, ExamId, Kind, WriteId
from core.credits.writes import QUIET_PERIOD, Movement, MovementKind, Run, Write, WriteState
from core.mirror.copier import HOLD
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish
from core.operations.desks.rules import Takeover
from core.operations.protocol.leases import LEASE
from core.operations.protocol.settle import Ending, Result
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import FakeCrm, Fault, Request
from tests.unit.services import desk as desks
from tests.unit.services.desk import ADMIN, TestDesk

KEY = "cs_credits"
CANCEL = OperationKind.CANCEL


class Nothing:
    """No item changes by a write."""

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        return [], []

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        return []


class Reads(FakeCrm):
    """Something happens right after a contact was read, before the reader goes on."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as the desk makes it
        self.after_reads: list[Callable[[], object]] = []

    def counted(self, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        found = super().counted(kind, ids)
        if kind is Kind.CONTACT and self.after_reads:
            self.after_reads.pop(0)()
        return found


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TestDesk:
    """With two students who are owed a credit each."""
    monkeypatch.setattr(desks, "FakeCrm", Reads)
    made = TestDesk()
    made.crm.add_contact("100", {KEY: 5}, student_id="9")
    made.crm.add_contact("101", {KEY: 3})
    return made


def after_reads(desk: TestDesk, *then: Callable[[], object]) -> None:
    """``then``: what happens after the first read of contacts, the second, and so on."""
    assert isinstance(desk.crm, Reads)
    desk.crm.after_reads = list(then)


def nothing() -> None: ...


def booking_writes(desk: TestDesk, *faults: Fault) -> None:
    """What becomes of the first write of bookings, the second, and so on; then all goes well."""
    left = list(faults)

    def sending(request: Request) -> Fault:
        if request.what == "write" and request.kind is Kind.BOOKING and left:
            return left.pop(0)
        return Fault.NONE

    desk.crm.sending = sending


def test_a_lease_that_lapses_after_the_read_lets_nobody_write_over_another(desk: TestDesk) -> None:
    for id_ in "12":
        desk.booked(id_, "100")
    one, two = desk.confirm("1"), desk.confirm("2")
    desk.time += timedelta(minutes=1)

    def stand_still() -> None:
        desk.time += LEASE
        desk.carry(two)

    after_reads(desk, nothing, stand_still)
    desk.carry(one)

    assert 7 == desk.held("100", KEY)


def test_a_lease_that_lapses_just_before_the_intent_is_saved_lets_nothing_be_sent(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last look at the clock: only the transaction that saves it can tell."""
    for id_ in "12":
        desk.booked(id_, "100")
    one, two = desk.confirm("1"), desk.confirm("2")
    desk.time += timedelta(minutes=1)
    save = desk.journal.save_intents
    pauses = iter([lambda: desk.carry(two)])

    def slept(run: Run, writes: Sequence[Write], *, holder: str = "") -> set[WriteId]:
        if then := next(pauses, None):
            desk.time += LEASE
            then()
        return save(run, writes, holder=holder)

    monkeypatch.setattr(desk.journal, "save_intents", slept)
    desk.carry(one)

    assert 7 == desk.held("100", KEY)


def test_what_a_merge_left_is_read_under_its_own_lease(desk: TestDesk) -> None:
    desk.booked("1", "100")
    desk.booked("2", "101")
    one, two = desk.confirm("1"), desk.confirm("2")
    desk.time += timedelta(minutes=1)
    survivor = desk.crm.merge(Kind.CONTACT, "101", "100")
    after_reads(desk, nothing, lambda: desk.carry(two))

    desk.carry(one)

    assert 3 + 2 == desk.held(survivor, KEY)


def test_two_threads_of_one_operation_do_not_write_one_student_at_once(desk: TestDesk) -> None:
    desk.booked("1", "100")
    desk.booked("2", "101")
    operation = desk.confirm("1", "2")
    desk.time += timedelta(minutes=1)
    survivor = desk.crm.merge(Kind.CONTACT, "101", "100")
    carrying = replace(desk.core.operation_runner, group_size=1, groups_at_once=2)
    both_have_read = threading.Barrier(2, timeout=60)
    after_reads(desk, nothing, nothing, both_have_read.wait, both_have_read.wait)

    while (again := carrying.carry_out(operation.id)) is not None:
        desk.time = max(desk.time + timedelta(milliseconds=1), again)

    assert 3 + 2 == desk.held(survivor, KEY)


def test_threads_of_one_operation_lease_for_themselves(desk: TestDesk) -> None:
    """One has read a student's balance; another must not write it before the first one has."""
    for id_ in "12":
        desk.booked(id_, "100")
    operation = desk.confirm("1", "2")
    desk.time += timedelta(minutes=1)
    run, _ = desk.journal.begin_run(operation.id, at=desk.time)
    writing = desk.core.operation_runner.finishing.writing
    inner: list[Result] = []
    others: list[Future[Result]] = []

    def write(booking: str) -> Result:
        moved = Movement(
            booking_id=booking, kind=MovementKind.REFUND, credit=CreditType(KEY), delta=1
        )
        return writing.write(run, Kind.CONTACT, {"100": [moved]}, Nothing())["100"]

    def meanwhile(request: Request) -> Fault:
        """As the first one's write leaves, the second, which has read too, sends its own."""
        if request.what == "write" and not inner:
            inner.append(Result(Ending.OPEN))
            after_reads(desk)
            inner[0] = others[0].result(60)
        return Fault.NONE

    with ThreadPoolExecutor(1) as pool:
        both_have_read, first_sends = threading.Event(), threading.Event()

        def second_has_read() -> None:
            both_have_read.set()
            assert first_sends.wait(60)

        def second() -> Result:
            after_reads(desk, second_has_read)
            found = write("2")
            both_have_read.set()  # it may have been kept out before it read
            return found

        def first_has_read() -> None:
            others.append(pool.submit(second))
            assert both_have_read.wait(60)

        after_reads(desk, first_has_read)

        def sending(request: Request) -> Fault:
            first_sends.set()
            return meanwhile(request)

        desk.crm.sending = sending
        first = write("1")

    assert (Ending.LANDED, Ending.BUSY) == (first.ending, inner[0].ending)
    assert 6 == desk.held("100", KEY)


def test_while_a_write_of_a_student_is_open_no_other_begins(desk: TestDesk) -> None:
    """It may still arrive: what another one wrote meanwhile would be gone."""
    for id_ in "12":
        desk.booked(id_, "100")
    one, two = desk.confirm("1"), desk.confirm("2")
    desk.time += timedelta(minutes=1)

    def late(request: Request) -> Fault:
        mine = request.what == "write" and request.kind is Kind.CONTACT
        return Fault.LATE if mine else Fault.NONE

    desk.crm.sending = late
    desk.core.operation_runner.carry_out(one.id)
    desk.crm.sending = lambda _: Fault.NONE
    desk.core.operation_runner.carry_out(two.id)
    meanwhile = desk.held("100", KEY)
    desk.crm.deliver_late()
    for each in (one, two):
        desk.carry(each)

    assert 5 == meanwhile, "another write went out beside the open one"
    assert 5 + 2 == desk.held("100", KEY)


def test_a_lost_write_of_a_student_whom_we_wrote_before_is_sent_again_as_it_was(
    desk: TestDesk,
) -> None:
    """The marker that was read says that nobody wrote since: nothing is planned anew."""
    for id_ in "12":
        desk.booked(id_, "100")
    desk.carry(desk.confirm("1"))
    again = desk.confirm("2")
    desk.time += timedelta(minutes=1)
    lost = [True]

    def sending(request: Request) -> Fault:
        mine = request.what == "write" and request.kind is Kind.CONTACT
        return Fault.REQUEST_LOST if mine and lost and lost.pop() else Fault.NONE

    desk.crm.sending = sending
    desk.carry(again)

    assert [WriteState.LANDED] == [record.state for record in desk.journal.writes(again.id)]
    assert 5 + 2 == desk.held("100", KEY)


def test_an_answer_that_took_long_tells_of_when_it_was_asked_for(desk: TestDesk) -> None:
    """The read is slow; the write lands meanwhile, and a student spends what it brought."""
    desk.booked("1", "100")
    operation = desk.confirm("1")
    desk.time += timedelta(minutes=1)

    def late(request: Request) -> Fault:
        mine = request.what == "write" and request.kind is Kind.CONTACT and not desk.crm.late
        return Fault.LATE if mine else Fault.NONE

    def slow() -> None:
        desk.crm.sending = lambda _: Fault.NONE
        desk.time += QUIET_PERIOD
        desk.crm.deliver_late()
        desk.crm.foreign_write(Kind.CONTACT, "100", {KEY: 5, MARKER: "another desk"})

    desk.crm.sending = late
    # judged, to be written, read back at once, and once more: that one takes long
    after_reads(desk, nothing, nothing, nothing, slow)
    desk.carry(operation)

    assert ItemState.DONE is desk.item(operation, "1").state
    assert 5 == desk.held("100", KEY)


@pytest.mark.parametrize("second", [Fault.NOT_SENT, Fault.REFUSED])
def test_a_cancel_that_may_still_arrive_is_waited_for(desk: TestDesk, second: Fault) -> None:
    """Else its booking is found cancelled, by nobody, and its credit is never given back."""
    desk.booked("1", "100", status="Active")
    operation = desk.confirm("1", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    booking_writes(desk, Fault.LATE, *[second] * 9)
    again = desk.core.operation_runner.carry_out(operation.id)
    assert again is not None
    desk.time = again
    desk.crm.deliver_late()
    desk.crm.sending = lambda _: Fault.NONE

    desk.carry(operation)

    assert (ItemState.DONE, True) == (
        desk.item(operation, "1").state,
        desk.item(operation, "1").cancelled,
    )
    assert 6 == desk.held("100", KEY)
    assert 9 == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)


def test_a_cancel_that_is_refused_and_can_arrive_no_more_fails(desk: TestDesk) -> None:
    desk.booked("1", "100", status="Active")
    operation = desk.confirm("1", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    booking_writes(desk, Fault.REQUEST_LOST, *[Fault.REFUSED] * 200)

    desk.carry(operation)

    item = desk.item(operation, "1")
    assert (ItemState.FAILED, False) == (item.state, item.cancel_sent)
    assert "Nothing was changed" in item.why


def test_a_student_who_goes_while_a_cancel_is_on_its_way_is_waited_for(desk: TestDesk) -> None:
    desk.booked("1", "100", status="Active")
    operation = desk.confirm("1", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    booking_writes(desk, Fault.LATE, *[Fault.REQUEST_LOST] * 9)
    again = desk.core.operation_runner.carry_out(operation.id)
    assert again is not None
    desk.time = again
    desk.crm.archive(Kind.CONTACT, "100")
    desk.core.operation_runner.carry_out(operation.id)
    desk.crm.deliver_late()

    desk.carry(operation)

    item = desk.item(operation, "1")
    assert (ItemState.BLOCKED, True) == (item.state, item.cancelled)
    assert "its credit is still owed" in item.why
    assert 9 == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)


def undecided(desk: TestDesk, operation: Operation, kind: Kind, fault: Fault) -> WriteRecord:
    """Its first write of that kind got no answer, and another desk's marker hides its fate."""
    record = {Kind.EXAM: operation_exam(desk, operation), Kind.CONTACT: "100"}[kind]

    def sending(request: Request) -> Fault:
        if (request.what, request.kind) != ("write", kind):
            return Fault.NONE
        desk.crm.unreadable_histories.add(record)
        desk.crm.sending = lambda _: Fault.NONE
        return fault

    def answered(request: Request) -> None:
        if (request.what, request.kind) == ("write", kind):
            desk.crm.answered = lambda _: None
            desk.crm.foreign_write(kind, record, {MARKER: "another desk"})

    desk.crm.sending, desk.crm.answered = sending, answered
    desk.carry(operation)
    desk.journal.take_over(Takeover(at=desk.time, by=ADMIN.email, reason="the other one is gone"))
    (waiting,) = desk.core.resolution.undecided(operation.id, ADMIN)
    (eyes,) = desk.journal.needs_eyes()
    assert (operation.id, 1) == (eyes.operation.id, eyes.undecided)
    desk.crm.unreadable_histories.clear()
    return waiting


def operation_exam(desk: TestDesk, operation: Operation) -> str:
    return str(desk.journal.items(operation.id)[0].exam_id)


@pytest.mark.parametrize("landed", [True, False])
def test_a_person_says_what_became_of_a_count_of_seats(desk: TestDesk, landed: bool) -> None:
    desk.booked("1", "100", status="Active")
    operation = desk.confirm("1", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    fault = Fault.ANSWER_LOST if landed else Fault.REQUEST_LOST
    write = undecided(desk, operation, Kind.EXAM, fault).write
    (doubt,) = desk.core.resolution.doubts(
        desk.core.resolution.undecided(operation.id, ADMIN), ADMIN
    )
    assert (write.id, write.target_id) == (doubt.record.write.id, doubt.target and doubt.target.id)

    said = desk.core.resolution.decide(operation.id, write.id, ADMIN, landed=landed, why="looked")
    desk.carry(said)

    assert 9 == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)
    assert [] == desk.core.resolution.undecided(operation.id, ADMIN)
    assert 6 == desk.held("100", KEY)


@pytest.mark.parametrize(
    ("kind", "id_", "key", "value"),
    [(Kind.CONTACT, "100", KEY, 6), (Kind.EXAM, "70", TOTAL_BOOKINGS, 9)],
)
def test_the_copy_of_an_undecided_write_does_not_wait_for_a_person(
    desk: TestDesk, kind: Kind, id_: str, key: str, value: int
) -> None:
    desk.booked("1", "100", status="Active")
    operation = desk.confirm("1", kind=CANCEL)
    desk.time += timedelta(minutes=1)

    undecided(desk, operation, kind, Fault.ANSWER_LOST)
    desk.time += HOLD
    desk.drain()

    assert value == desk.crm.balance(kind, id_, key)
    assert value == desk.mirror.rows(kind, [id_])[id_][key]


class Dies:
    """The journal of a process that dies as it would settle."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> object:
        if name == "settle":
            raise ProcessDied
        return getattr(self._journal, name)


class ProcessDied(Exception): ...


def test_a_decision_cut_short_leaves_its_booking_to_be_carried(desk: TestDesk) -> None:
    desk.crm.add_exam("71", 3, mock_type="Clinical Skills", exam_date="2026-06-01", capacity="20")
    wish = Wish(contact_id=ContactId("100"), exam_id=ExamId("71"), dominant_hand="Left")
    plan = desk.core.booking_preview.preview(wish, ADMIN)
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")
    write_id: WriteId = undecided(desk, operation, Kind.CONTACT, Fault.ANSWER_LOST).write.id
    dying = replace(desk.core.resolution, journal=Dies(desk.journal))  # type: ignore[arg-type]

    with pytest.raises(ProcessDied):
        dying.decide(operation.id, write_id, ADMIN, landed=True, why="seen")

    assert [operation.id] == [task.id for task in desk.journal.unended()]
    desk.carry(operation)
    said = desk.core.resolution.decide(operation.id, write_id, ADMIN, landed=True, why="seen")
    assert OperationState.DONE is desk.carry(said).state
    assert [WriteState.LANDED] * 2 == [r.state for r in desk.journal.writes(operation.id)]
    (item,) = desk.journal.items(operation.id)
    assert (ItemState.DONE, 4) == (item.state, desk.held("100", KEY))
