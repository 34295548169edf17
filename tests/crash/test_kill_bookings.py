"""``kill -9`` while a worker carries bookings and cancellations that want the same things."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest

from core.app import wiring
from core.app.assembly.parts import Core
from core.credits.catalogue import SCHOOL
from core.credits.records import ContactId, ExamId
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByReference
from core.operations.states import Item, ItemState
from core.operations.verdicts import OperationKind
from tests.crash.desk import ADMIN, Desk
from tests.crash.school import School
from tests.crash.waiting import wait_for

SJ, CS, _, _, SHARED = SCHOOL.keys
SJ_EXAM, CS_EXAM = "Situational Judgment", "Clinical Skills"
#: Writes that the bookings and cancellations below make in all, or a few less.
WRITES = 20
#: The first creation of a booking, and the first write of credits: done, but nobody hears of it.
LOST = [
    {"action": "lose_answer", "path": f"/{type_}/batch/{verb}", "method": "POST", "times": 1}
    for type_, verb in (("2-50158943", "create"), ("0-1", "update"))
]


@dataclass
class Day:
    """What is asked of the desk at once."""

    core: Core
    school: School
    #: Operation, student, exam.
    bookings: list[tuple[str, str, str]] = field(default_factory=list)
    cancels: list[tuple[str, str, str]] = field(default_factory=list)

    def book(self, contact: str, exam: str) -> None:
        wish = Wish(
            contact_id=ContactId(contact),
            exam_id=ExamId(exam),
            dominant_hand="Left",
            attending_location="Calgary",
        )
        plan = self.core.booking_preview.preview(wish, self.core.access.actor(ADMIN))
        self.bookings.append((self._confirmed(plan.id), contact, exam))

    def cancel(self, contact: str, exam: str, token: str) -> None:
        record = self.school.booking(contact, exam, token)
        chosen = ByReference(references=(record,))
        actor = self.core.access.actor(ADMIN)
        plan = self.core.operation_planner.preview(OperationKind.CANCEL, chosen, actor)
        self.cancels.append((self._confirmed(plan.id), contact, exam))

    def _confirmed(self, plan_id: str) -> str:
        actor = self.core.access.actor(ADMIN)
        return self.core.operation_commands.confirm(plan_id, actor, reason="a crash").id

    @property
    def operations(self) -> list[str]:
        return [id_ for id_, _, _ in (*self.bookings, *self.cancels)]

    def item(self, operation: str) -> Item:
        (found,) = self.core.operation_commands.journal.items(operation)
        return found


@pytest.fixture
def day(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Day]:
    """Bookings that nobody carries yet: some want one seat, one day, or one credit."""
    desk = Desk(sandbox, tmp_path)
    with patch.dict(os.environ, desk.environment), wiring.opened() as runtime:
        runtime.diagnosing.provision(runtime.core.access.actor(ADMIN))
        desk.without_a_limit()
        school = School(desk)
        made = Day(runtime.core, school)
        last_seat = school.exam(CS_EXAM, day=0, left=1)
        one_day = [school.exam(SJ_EXAM, day=1), school.exam(CS_EXAM, day=1)]
        other_days = [school.exam(SJ_EXAM, day=2), school.exam(CS_EXAM, day=3)]
        anybody, busy = school.exam(CS_EXAM, day=4), school.contact(**{SJ: 1, CS: 1})
        poor, free = school.contact(**{SHARED: 1}), school.contact(**{CS: 2})
        for _ in range(2):
            made.book(school.contact(**{CS: 1}), last_seat)
        for exam in one_day:
            made.book(busy, exam)
        for exam in other_days:
            made.book(poor, exam)
        made.book(free, anybody)
        for token in ("Clinical Skills Token", "Shared Token"):
            made.cancel(school.contact(), school.exam(CS_EXAM, day=5), token)
        school.known_to_the_mirror()
        desk.hubspot.put("/_sandbox/faults", json=LOST).raise_for_status()
        yield made
        desk.hubspot.delete("/_sandbox/faults").raise_for_status()
        desk.with_its_limit()
    desk.close()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("seed", [1])
def test_bookings_outlive_the_death_of_their_worker_each_with_its_credit_and_seat(
    day: Day, seed: int
) -> None:
    school, desk = day.school, day.school.desk
    balances, seats = school.balances(), school.seats()
    begun = _writes(desk)
    for kill_at in sorted(random.Random(seed).sample(range(1, WRITES), 2)):
        with desk.worker() as worker:
            _until_writes(desk, begun + kill_at)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    with desk.worker():
        for operation in day.operations:
            desk.until_ended({"operation": operation})
        desk.until_copied()

    items = {id_: day.item(id_) for id_ in day.operations}
    assert 4 == sum(items[id_].state is ItemState.DONE for id_, _, _ in day.bookings)
    for operation, contact, exam in day.bookings:
        item = items[operation]
        if item.state is ItemState.DONE:
            assert item.credit is not None
            balances[contact][item.credit] -= 1
            seats[exam] += 1
        else:
            assert ItemState.FAILED is item.state
            assert item.why.startswith("not booked: ")
        named = [b["idempotency_key"] for b in school.bookings(contact).values()]
        assert named.count(operation) == (item.state is ItemState.DONE)
    for operation, contact, exam in day.cancels:
        item = items[operation]
        assert ItemState.DONE is item.state
        assert item.credit is not None
        balances[contact][item.credit] += 1
        seats[exam] -= 1

    assert (balances, seats) == (school.balances(), school.seats())
    assert (balances, seats) == school.mirrored()
    assert [] == day.core.operation_commands.journal.open_writes()
    assert [1, 1] == [fault["hits"] for fault in desk.hubspot.get("/_sandbox/faults").json()]


def _until_writes(desk: Desk, count: int) -> None:
    wait_for(lambda: _writes(desk) >= count)


def _writes(desk: Desk) -> int:
    """Batch updates and creations that HubSpot was asked for."""
    stats = desk.hubspot.get("/_sandbox/stats").json()
    return sum(n for kind, n in stats["by_kind"].items() if "batch/" in kind and "read" not in kind)
