"""``kill -9`` between any two steps of one cancellation, by what the journal says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.credits.writes import WriteState
from core.operations.states import Item, ItemState
from sandbox.ports import any_free
from tests.crash.desk import BOOKINGS, Desk
from tests.crash.school import CONTACTS, EXAMS, Balances, School
from tests.crash.waiting import wait_for

_, CS, _, _, SHARED = SCHOOL.keys
TOKENS = {"Clinical Skills Token": CS, "Shared Token": SHARED}
STUDENTS = 3
#: What was asked is done, and the answer comes when nobody waits for it any more.
UNHEARD = {"action": "slow", "method": "POST", "ms": 5_000}
Carrier = Callable[[], AbstractContextManager[Popen[bytes]]]


@dataclass
class Cancellation:
    """Of two bookings of each student in one exam, confirmed and carried by nobody yet."""

    school: School
    bookings: list[str]
    operation: str
    before: dict[str, Balances]

    @property
    def after(self) -> dict[str, Balances]:
        """Each student's two credits are back."""
        return {
            student: {**held, **{credit: held[credit] + 1 for credit in TOKENS.values()}}
            for student, held in self.before.items()
        }

    @property
    def desk(self) -> Desk:
        return self.school.desk

    def dies(self, fault: Mapping[str, Any], seen: Callable[[], bool], carrier: Carrier) -> None:
        """A process that carries it while HubSpot has the fault is killed when this is seen."""
        with self.desk.fault(**fault):
            with carrier() as process:
                wait_for(seen)
                process.kill()
                process.wait()
            assert seen(), "it went on before it died"

    # --- the moments

    def claimed(self) -> bool:
        return self.all(lambda item: item.state is ItemState.CLAIMED and not item.cancel_sent)

    def cancelled_unheard(self) -> bool:
        sent = self.all(lambda item: item.cancel_sent and not item.cancelled)
        return sent and self.statuses() == {"Cancelled"}

    def intent_saved(self) -> bool:
        return self.open(Kind.CONTACT) and self.school.balances() == self.before

    def credit_unheard(self) -> bool:
        return self.open(Kind.CONTACT) and self.school.balances() == self.after

    def not_marked(self) -> bool:
        return self.all(lambda item: item.state is ItemState.GIVEN_BACK)

    def seats_unheard(self) -> bool:
        return self.open(Kind.EXAM) and self.seats() == 0

    # --- what the stores hold

    def all(self, true: Callable[[Item], bool]) -> bool:
        return all(map(true, self.desk.journal.items(self.operation)))

    def open(self, kind: Kind) -> bool:
        return bool(self.desk.journal.open_writes(kind=kind))

    def statuses(self) -> set[str]:
        read = self.desk.objects(BOOKINGS, self.bookings, ["is_active"])
        return {row["is_active"] for row in read.values()}

    def seats(self) -> int:
        (taken,) = self.school.seats().values()
        return taken


@pytest.fixture
def cancellation(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Cancellation]:
    desk = Desk(sandbox, tmp_path)
    desk.core("provision")
    desk.without_a_limit()
    school = School(desk)
    exam = school.exam("Clinical Skills", day=20, taken=STUDENTS * len(TOKENS))
    students = [school.contact(**{CS: 1}) for _ in range(STUDENTS)]
    bookings = [school.booking(each, exam, token) for each in students for token in TOKENS]
    school.known_to_the_mirror()
    confirmed = desk.core("cancel", "--ids", ",".join(bookings), "--reason", "a crash")
    yield Cancellation(school, bookings, confirmed["operation"], school.balances())
    desk.with_its_limit()
    desk.close()


@pytest.mark.timeout(300)
def test_a_cancellation_outlives_a_death_between_any_two_of_its_steps(
    cancellation: Cancellation,
) -> None:
    it, desk = cancellation, cancellation.desk
    at_contacts, at_bookings, at_exams = (
        {**UNHEARD, "path": f"/{kind}/batch/update"} for kind in (CONTACTS, BOOKINGS, EXAMS)
    )
    assert len(it.bookings) == it.seats()

    it.dies({**UNHEARD, "path": f"/{BOOKINGS}/batch/read"}, it.claimed, desk.worker)
    assert {"Active"} == it.statuses()
    it.dies(at_bookings, it.cancelled_unheard, desk.worker)
    it.dies({**at_contacts, "action": "lose_request"}, it.intent_saved, desk.worker)
    it.dies(at_contacts, it.credit_unheard, lambda: desk.server(any_free()))
    it.dies(at_bookings, it.not_marked, desk.worker)
    it.dies(at_exams, it.seats_unheard, desk.worker)
    with desk.worker():
        desk.until_ended({"operation": it.operation})
        desk.until_copied()

    assert it.all(lambda item: item.state is ItemState.DONE)
    assert (it.after, 0) == (it.school.balances(), it.seats())
    assert (it.school.balances(), it.school.seats()) == it.school.mirrored()
    writes = desk.journal.writes(it.operation)
    assert [WriteState.LANDED] * (STUDENTS + 1) == [record.state for record in writes]
    marks = desk.objects(BOOKINGS, it.bookings, ["token_refunded"])
    assert {"true"} == {row["token_refunded"] for row in marks.values()}
