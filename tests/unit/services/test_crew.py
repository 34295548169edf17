"""Two workers at one operation: who carries which group, and what follows when one of them ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from core.credits.errors import JournalError, NotSent, Superseded
from core.credits.records import BookingId, ItemKey, Kind
from core.credits.writes import Run
from core.operations.crew import crew as crews
from core.operations.crew.crew import Crew
from core.operations.runner import OperationRunner
from core.operations.states import Operation
from core.work.processor_time import OVER_S, SHORT_FROM, ProcessorTime
from tests.contract.journal.given import running
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import ADMIN, CS, TestDesk

B0, B1, B2 = (BookingId(f"b{n}") for n in range(3))
GROUPS: list[list[ItemKey]] = [[B0], [B1], [B2]]


@dataclass
class Two:
    """A holder that is short of processor time, and a mate that is not."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    alive: set[str] = field(default_factory=lambda: {"holder", "mate"})
    short: bool = True
    paused: Callable[[], None] = lambda: None
    #: By worker, in order.
    carried: list[tuple[str, ItemKey]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = running(self.journal)
        self.holder = Crew(
            self.journal, "holder", lambda: self.alive, lambda: self.short, self._pause
        )
        self.mate = Crew(self.journal, "mate", lambda: self.alive, lambda: False, self._pause)

    def _pause(self, seconds: float) -> None:
        assert seconds > 0
        self.paused()

    def by_holder(self, group: Sequence[ItemKey]) -> None:
        self.carried += [("holder", each) for each in group]

    def by_mate(self, bookings: Sequence[ItemKey]) -> None:
        self.carried += [("mate", each) for each in bookings]

    def carry(
        self, one: Callable[[Sequence[ItemKey]], None] | None = None, at_once: int = 1
    ) -> bool:
        return self.holder.carry(self.run, GROUPS, one or self.by_holder, at_once)

    def lend_a_hand(self) -> Any:
        run = self.mate.asked()
        return run and self.mate.lend_a_hand(run, self.by_mate, 1)

    def while_the_first_is_in_hand(self, act: Callable[[], object]) -> Any:
        def one(group: Sequence[ItemKey]) -> None:
            if group is GROUPS[0]:
                act()
            self.by_holder(group)

        return one


def test_a_holder_with_time_enough_carries_all_of_it_alone() -> None:
    two = Two(short=False)

    assert two.carry(two.while_the_first_is_in_hand(two.lend_a_hand))

    assert [("holder", B0), ("holder", B1), ("holder", B2)] == two.carried


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_journal_hears_nothing_of_the_groups_of_a_holder_with_time_enough(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    two = Two(short=False)
    heard: list[str] = []
    for name in ("offer_groups", "share_groups", "take_group", "groups_out"):
        monkeypatch.setattr(two.journal, name, lambda *_, name=name, **__: heard.append(name))

    assert two.carry(at_once=at_once)

    assert [] == heard
    assert sorted(two.carried) == [("holder", B0), ("holder", B1), ("holder", B2)]


def test_a_holder_that_becomes_short_offers_what_it_has_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crews, "LOOK_S", 0.01)
    two, begun = Two(short=False), threading.Barrier(2)
    shared, lent = threading.Event(), threading.Event()
    share, offer, offers = two.journal.share_groups, two.journal.offer_groups, list[Any]()

    def shares(run: Run, to: bool) -> None:
        share(run, to)
        shared.set()

    def offered(run: Run, groups: Sequence[Sequence[ItemKey]]) -> None:
        offers.append(groups)
        offer(run, groups)

    monkeypatch.setattr(two.journal, "share_groups", shares)
    monkeypatch.setattr(two.journal, "offer_groups", offered)

    def one(group: Sequence[ItemKey]) -> None:
        begun.wait(5)
        if group is GROUPS[0]:
            two.short = True
            assert shared.wait(5)
            two.lend_a_hand()
            lent.set()
        assert lent.wait(5)
        two.by_holder(group)

    assert two.carry(one, at_once=2)

    assert [[[B2]]] == offers
    assert [("holder", B0), ("holder", B1), ("mate", B2)] == sorted(two.carried)


def test_of_offered_groups_the_holder_carries_those_that_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crews, "LOOK_S", 0.01)
    two, shared = Two(short=False), threading.Event()
    share = two.journal.share_groups

    def shares(run: Run, to: bool) -> None:
        share(run, to)
        shared.set()

    monkeypatch.setattr(two.journal, "share_groups", shares)

    def one(group: Sequence[ItemKey]) -> None:
        two.short = True
        assert shared.wait(5)
        two.by_holder(group)

    assert two.carry(one, at_once=2)

    assert [("holder", B0), ("holder", B1), ("holder", B2)] == sorted(two.carried)
    assert two.mate.asked() is None


@pytest.mark.parametrize("saved", [True, False])
def test_an_offer_whose_answer_is_lost_gives_no_group_away(
    monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    two = Two()
    offer = two.journal.offer_groups

    def lost(run: Run, groups: Sequence[Sequence[ItemKey]]) -> None:
        if saved:
            offer(run, groups)
        raise JournalError("broke while saving; it may be saved or not")

    monkeypatch.setattr(two.journal, "offer_groups", lost)
    with pytest.raises(JournalError):
        two.carry()
    assert two.mate.asked() is None

    monkeypatch.setattr(two.journal, "offer_groups", offer)
    assert two.carry()

    assert [("holder", B0), ("holder", B1), ("holder", B2)] == two.carried


def test_what_a_short_holder_has_not_begun_the_mate_carries() -> None:
    two = Two()

    assert two.carry(two.while_the_first_is_in_hand(two.lend_a_hand))

    assert [("mate", B1), ("mate", B2), ("holder", B0)] == two.carried
    assert two.mate.asked() is None


def test_each_thread_takes_groups_of_its_own() -> None:
    two = Two()

    assert two.carry(at_once=3)

    assert sorted(two.carried) == [("holder", B0), ("holder", B1), ("holder", B2)]


def test_the_holder_waits_until_the_mate_has_returned_what_it_took() -> None:
    two, waits = Two(), list[int]()

    def paused() -> None:
        waits.append(len(waits))
        if len(waits) == 3:
            two.journal.return_groups(two.run, "mate")

    two.paused = paused
    took = two.while_the_first_is_in_hand(
        lambda: two.journal.take_group(two.run, "mate", shared=True)
    )

    assert two.carry(took)

    assert [0, 1, 2] == waits
    assert [("holder", B0), ("holder", B2)] == two.carried


def test_a_mate_that_dies_with_a_group_in_hand_is_told_of() -> None:
    two = Two()

    def dies() -> None:
        two.journal.take_group(two.run, "mate", shared=True)
        two.alive.discard("mate")

    assert not two.carry(two.while_the_first_is_in_hand(dies))

    assert [("holder", B0), ("holder", B2)] == two.carried


def test_one_group_that_hubspot_refuses_to_be_asked_about_holds_up_no_other() -> None:
    two = Two()

    def one(group: Sequence[ItemKey]) -> None:
        if group is GROUPS[0]:
            raise NotSent("HubSpot is away")
        two.by_holder(group)

    with pytest.raises(NotSent):
        two.carry(one)

    assert [("holder", B1), ("holder", B2)] == two.carried


@pytest.mark.parametrize("why", ["busy itself", "resting", "taken for dead"])
def test_a_mate_is_asked_only_when_it_can(why: str) -> None:
    two = Two()
    two.journal.offer_groups(two.run, [[B0]])
    two.journal.share_groups(two.run, True)
    assert two.run == two.mate.asked()

    if why == "busy itself":
        two.mate = replace(two.mate, short=lambda: True)
    elif why == "resting":
        two.mate.resting.set()
    else:
        two.alive.discard("mate")

    assert two.mate.asked() is None


def test_what_could_not_be_returned_is_returned_before_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = Two()
    two.journal.offer_groups(two.run, [[B0]])
    two.journal.share_groups(two.run, True)
    returned = two.journal.return_groups

    def broken(run: Run, by: str) -> None:
        raise JournalError("the database is away")

    monkeypatch.setattr(two.journal, "return_groups", broken)
    with pytest.raises(JournalError):
        two.lend_a_hand()
    with pytest.raises(JournalError):
        two.mate.asked()
    assert {"mate"} == two.journal.groups_out(two.run, but="holder")

    monkeypatch.setattr(two.journal, "return_groups", returned)
    assert two.mate.asked() is None

    assert set() == two.journal.groups_out(two.run, but="holder")


def test_a_mate_of_an_older_run_takes_nothing_and_returns_nothing() -> None:
    two = Two()
    two.journal.offer_groups(two.run, [[B0], [B1]])
    two.journal.share_groups(two.run, True)

    def taken_over(_: Sequence[ItemKey]) -> None:
        two.journal.begin_run("op", at=two.journal.operation("op").confirmed_at)

    with pytest.raises(Superseded):
        two.mate.lend_a_hand(two.run, taken_over, 1)

    assert two.mate.asked() is None


# --- the whole of it


def _two_runners() -> tuple[TestDesk, Operation, Two, OperationRunner, OperationRunner]:
    desk = TestDesk()
    ids = [str(n) for n in range(1, 4)]
    for id_ in ids:
        desk.crm.add_contact(f"10{id_}", {"cs_credits": 1})
        desk.booked(id_, f"10{id_}", token=CS)
    operation = desk.confirm(*ids)
    desk.time = operation.hold_until
    two = Two()
    holder, mate = (
        replace(
            desk.core.operation_runner,
            group_size=1,
            groups_at_once=1,
            crew=replace(crew, journal=desk.journal),
        )
        for crew in (two.holder, two.mate)
    )
    return desk, operation, two, holder, mate


def _balances(desk: TestDesk) -> list[object]:
    return [desk.crm.balance(Kind.CONTACT, f"10{n}", "cs_credits") for n in range(1, 4)]


def _at_the_first_write(desk: TestDesk, act: Callable[[], None]) -> None:
    acts = [act]

    def answered(request: Any) -> None:
        if request.what == "write" and acts:
            acts.pop()()

    desk.crm.answered = answered


def test_two_workers_give_back_each_credit_once_and_end_it_once() -> None:
    desk, operation, _, holder, mate = _two_runners()

    def lends_a_hand() -> None:
        mate.lend_a_hand()
        assert [2, 2, 2] == _balances(desk), "the mate left something to the holder"

    _at_the_first_write(desk, lends_a_hand)

    assert holder.carry_out(operation.id) is None

    assert [2, 2, 2] == _balances(desk)
    assert 1 == desk.journal.operation(operation.id).epoch
    assert desk.journal.operation(operation.id).calls > 0


def test_a_stop_is_heeded_by_the_mate_too() -> None:
    desk, operation, _, holder, mate = _two_runners()

    def stopped() -> None:
        desk.core.operation_commands.stop(operation.id, ADMIN)
        mate.lend_a_hand()

    _at_the_first_write(desk, stopped)

    assert holder.carry_out(operation.id) is None

    assert sorted(map(str, _balances(desk))) == ["1", "1", "2"]


def test_after_a_mates_death_a_new_run_carries_what_it_had() -> None:
    desk, operation, two, holder, _ = _two_runners()
    run = Run(operation_id=operation.id, epoch=1)

    def dies() -> None:
        assert desk.journal.take_group(run, "mate", shared=True)
        two.alive.discard("mate")

    _at_the_first_write(desk, dies)

    assert holder.carry_out(operation.id) == desk.now()
    assert [2, 1, 2] == _balances(desk)

    assert holder.carry_out(operation.id) is None
    assert [2, 2, 2] == _balances(desk)
    assert 2 == desk.journal.operation(operation.id).epoch


# --- whether one has too little processor time


def test_a_process_is_short_when_it_used_most_of_one_processor() -> None:
    at, used = [0.0], [0.0]
    time = ProcessorTime(used=lambda: used[0], monotonic=lambda: at[0])
    assert not time.short(), "nothing is known yet"

    at[0], used[0] = OVER_S, OVER_S * SHORT_FROM
    assert time.short()
    at[0] += OVER_S / 2
    assert time.short(), "too little time has passed to tell"
    at[0] += OVER_S / 2
    used[0] += OVER_S * SHORT_FROM * 0.9
    assert not time.short()


def test_in_a_container_a_process_is_short_of_the_part_that_it_has() -> None:
    at, used, allowed = [0.0], [0.0], [0.5]
    time = ProcessorTime(lambda: used[0], lambda: at[0], allowed=lambda: allowed[0])

    at[0], used[0] = OVER_S, OVER_S * 0.5 * SHORT_FROM
    assert time.short()

    allowed[0] = 4.0  # Python uses one of them
    at[0], used[0] = 2 * OVER_S, used[0] + OVER_S * 0.8
    assert time.short()
    at[0], used[0] = 3 * OVER_S, used[0] + OVER_S * 0.5
    assert not time.short()
