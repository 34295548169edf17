"""Reads that need not follow one another go to HubSpot at once: each waits for it alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

import pytest

from core.credits.errors import NotReady
from core.credits.records import (
    Booking,
    BookingId,
    ContactId,
    Counted,
    ExamId,
    Kind,
    NamedHistory,
)
from core.hubspot.ports.inspection import Finding, Health
from core.operations.choosing.select import ByReference
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from core.work.context_pool import ContextPool
from tests.fakes.crm import FakeCrm
from tests.unit.services import desk as desks
from tests.unit.services.desk import ADMIN, TestDesk

P = ParamSpec("P")
R = TypeVar("R")

KEY = "cs_credits"
#: For how long a read waits for the others of its round before it says that they do not come.
MEET_S = 10.0


class Rounds(FakeCrm):
    """On threads; a read in ``meeting`` is answered when all of its round are asked for."""

    meeting: dict[str, threading.Barrier]
    pool: Callable[[], Executor]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meeting = {}
        self.pool = lambda: ContextPool(4)

    def reads_at_once(self) -> Executor:
        return self.pool()

    def together(self, *names: str) -> threading.Barrier:
        """The next read of each of these names waits for the others."""
        barrier = threading.Barrier(len(names))
        self.meeting |= dict.fromkeys(names, barrier)
        return barrier

    def meet(self, name: str) -> None:
        if barrier := self.meeting.pop(name, None):
            barrier.wait(MEET_S)

    def bookings(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        self.meet("bookings")
        return super().bookings(ids)

    def counted(self, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        self.meet(f"counted {kind}")
        return super().counted(kind, ids)

    def contacts_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ContactId, ...]]:
        self.meet("contacts of")
        return super().contacts_of(ids)

    def exams_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ExamId, ...]]:
        self.meet("exams of")
        return super().exams_of(ids)

    def named_histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, NamedHistory | None]:
        self.meet(f"histories {kind}")
        return super().named_histories(kind, ids, keys)


class LastFirst(Executor):
    """What was submitted last is answered first."""

    def __init__(self) -> None:
        self._works: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        self._works.append((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        while self._works:
            future, work = self._works.pop()
            future.set_result(work())


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TestDesk:
    """With a student who has booked."""
    monkeypatch.setattr(desks, "FakeCrm", Rounds)
    made = TestDesk()
    made.crm.add_contact("100", {KEY: 5})
    made.booked("1", "100", status="Active")
    made.time += timedelta(hours=1)
    return made


def rounds(desk: TestDesk) -> Rounds:
    assert isinstance(desk.crm, Rounds)
    return desk.crm


def test_a_preview_reads_bookings_while_the_account_is_looked_at(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    barrier, looked = rounds(desk).together("bookings", "the account"), desk.account.inspect

    def inspect() -> list[Finding]:
        barrier.wait(MEET_S)
        return looked()

    monkeypatch.setattr(desk.account, "inspect", inspect)

    chosen = ByReference(references=("1",))
    plan = desk.core.operation_planner.preview(OperationKind.CANCEL, chosen, ADMIN)

    assert 1 == len(plan.will_change)


def test_what_the_account_lacks_is_told_before_what_the_reads_met(desk: TestDesk) -> None:
    """A read may fail for the very thing that is missing."""
    desk.account.found = [Finding(health=Health.FAULT, what="bookings", said="no such object")]
    nobody = ByReference(references=("404",))

    with pytest.raises(NotReady, match="no such object"):
        desk.core.operation_planner.preview(OperationKind.CANCEL, nobody, ADMIN)


def test_the_reads_of_each_step_of_a_cancellation_go_at_once(desk: TestDesk) -> None:
    operation = desk.confirm("1", kind=OperationKind.CANCEL)
    judging = rounds(desk).together("bookings", "counted contacts")
    last_look = rounds(desk).together("histories bookings", "contacts of", "exams of")
    verify = rounds(desk).together("histories contacts", "histories exams")

    ended = desk.carry(operation)

    assert {} == rounds(desk).meeting
    assert not any(barrier.broken for barrier in (judging, last_look, verify))
    assert [ItemState.DONE] == [item.state for item in desk.journal.items(ended.id)]
    assert 6 == desk.held("100", KEY)


def test_a_merge_between_two_reads_of_one_round_is_no_change_of_the_booking(
    desk: TestDesk,
) -> None:
    """The contact was read before it, the booking after: it names the student by a new id."""
    desk.crm.add_contact("101", {KEY: 2})
    operation = desk.confirm("1", kind=OperationKind.CANCEL)
    rounds(desk).pool = LastFirst
    counted, merged = rounds(desk).counted, list[str]()

    def then_merged(kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        found = counted(kind, ids)
        if kind is Kind.CONTACT and not merged:
            merged.append(desk.crm.merge(Kind.CONTACT, "101", "100"))
        return found

    rounds(desk).counted = then_merged  # type: ignore[method-assign]
    ended = desk.carry(operation)

    assert [ItemState.DONE] == [item.state for item in desk.journal.items(ended.id)]
    assert 3 == desk.held(merged[0], KEY)
