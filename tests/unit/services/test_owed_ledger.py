"""All that is owed, refunded over a history of old apps: nobody gets a second credit.

A ledger knows what became of each credit, which HubSpot does not tell: the apps mark nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from core.credits.errors import BadList
from core.credits.records import Kind
from core.operations.kinds.refund import REFUND
from core.operations.owed.rules import doubtful, settled, waiting
from tests.unit.services.desk import ADMIN, TestDesk

KEY = "cs_credits"
APP = {"source": "INTEGRATION", "source_id": "student-app", "user_id": ""}
PERSON = {"source": "CRM_UI", "source_id": "ann@school.test", "user_id": "7"}
STUDENTS = 12


@dataclass
class School:
    """Old apps and people at work, with a ledger of the credits that each cancellation is due."""

    chance: random.Random
    desk: TestDesk = field(default_factory=TestDesk)
    #: By student: credits due for cancelled bookings, less those given back for them.
    due: Counter[str] = field(default_factory=Counter)
    #: Bookings that were forfeited on purpose.
    forfeited: list[str] = field(default_factory=list)
    bookings: int = 0

    def __post_init__(self) -> None:
        for n in range(STUDENTS):
            self.desk.crm.add_contact(f"1{n:02}", {KEY: 9})
        self.desk.time += timedelta(days=1)

    def play(self, steps: int) -> None:
        acts = (
            self.cancels_in_the_app,
            self.cancels_several_at_once,
            self.app_gives_first,
            self.app_dies,
            self.person_cancels_and_sets_by_hand,
            self.buys_a_package,
            self.refund_marked,
            self.forfeits,
            self.books_at_once_again,
        )
        for _ in range(steps):
            self.chance.choice(acts)(f"1{self.chance.randrange(STUDENTS):02}")
            self.desk.time += timedelta(minutes=self.chance.choice((1, 4, 90, 2000)))

    def booking(self, student: str) -> str:
        self.bookings += 1
        id_ = str(50_000 + self.bookings)
        self.desk.booked(id_, student, status="Active")
        self.desk.time += timedelta(minutes=self.chance.choice((5, 600)))
        return id_

    def cancel(self, student: str, id_: str, by: dict[str, str]) -> None:
        self.desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Cancelled"}, **by)
        self.due[student] += 1

    def give(self, student: str, credits_: int, by: dict[str, str]) -> None:
        balance = self.desk.held(student, KEY) + credits_
        self.desk.crm.foreign_write(Kind.CONTACT, student, {KEY: balance}, **by)

    def give_back(self, student: str, credits_: int, by: dict[str, str]) -> None:
        self.give(student, credits_, by)
        self.due[student] -= credits_

    def wait(self, most: float = 20) -> None:
        self.desk.time += timedelta(seconds=self.chance.uniform(0.05, most))

    def cancels_in_the_app(self, student: str) -> None:
        self.cancel(student, self.booking(student), APP)
        self.wait()
        self.give_back(student, 1, APP)

    def cancels_several_at_once(self, student: str) -> None:
        ids = [self.booking(student) for _ in range(3)]
        for id_ in ids:
            self.cancel(student, id_, APP)
            self.wait(2)
        self.give_back(student, 3, APP)

    def app_gives_first(self, student: str) -> None:
        id_ = self.booking(student)
        self.give_back(student, 1, APP)
        self.wait()
        self.cancel(student, id_, APP)

    def app_dies(self, student: str) -> None:
        """After the cancel, before the credit: the student is owed it."""
        self.cancel(student, self.booking(student), APP)

    def person_cancels_and_sets_by_hand(self, student: str) -> None:
        self.cancel(student, self.booking(student), PERSON)
        self.desk.time += timedelta(hours=self.chance.choice((0.2, 5, 60)))
        self.give_back(student, 1, PERSON)

    def buys_a_package(self, student: str) -> None:
        self.give(student, self.chance.choice((1, 5)), APP)

    def refund_marked(self, student: str) -> None:
        """The old bulk refund, the one act of theirs that leaves a mark."""
        id_ = self.booking(student)
        self.cancel(student, id_, APP)
        self.wait()
        self.give_back(student, 1, APP)
        at = int(self.desk.time.timestamp() * 1000)
        mark: dict[str, int | str | None] = {"token_refunded": "true", "token_refunded_at": at}
        self.desk.crm.foreign_write(Kind.BOOKING, id_, mark, **APP)

    def forfeits(self, student: str) -> None:
        """The switch *refund tokens* is off: nobody is owed anything, and nothing shows it."""
        id_ = self.booking(student)
        self.desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Cancelled"}, **APP)
        self.forfeited.append(id_)

    def books_at_once_again(self, student: str) -> None:
        self.cancels_in_the_app(student)
        self.wait(3)
        self.give(student, -1, APP)

    def balances(self) -> dict[str, int]:
        return {f"1{n:02}": self.desk.held(f"1{n:02}", KEY) for n in range(STUDENTS)}

    def refund_all_owed(self) -> dict[str, int]:
        """Credits that each student gets by a refund of everything owed."""
        before = self.balances()
        try:
            chosen = self.desk.core.owed_credits.everything(ADMIN)
        except BadList:
            return {}
        plan = self.desk.core.operation_planner.preview(REFUND.key, chosen, ADMIN)
        confirmed = self.desk.core.operation_commands.confirm(
            plan.id, ADMIN, reason="all that is owed"
        )
        self.desk.carry(confirmed)
        return {id_: n - before[id_] for id_, n in self.balances().items()}


@pytest.mark.parametrize("seed", range(40))
def test_nobody_gets_a_second_credit_over_a_history_of_unmarked_cancellations(seed: int) -> None:
    school = School(random.Random(seed))
    school.play(40)
    for id_ in school.forfeited:  # HubSpot tells them from owed ones by nothing: a person does
        forfeit(school.desk, id_)
    school.desk.time += timedelta(hours=2)

    given = school.refund_all_owed()

    assert all(0 <= n <= school.due[id_] for id_, n in given.items()), (given, school.due)
    assert {} == {id_: n for id_, n in school.refund_all_owed().items() if n}, "a second time"


def forfeit(desk: TestDesk, id_: str) -> None:
    (one,) = [each for each in desk.core.owed_credits.listed() if each.booking.id == id_]
    desk.core.owed_decisions.decide([one], owed=False, reason="forfeited", actor=ADMIN)


def test_the_histories_hold_credits_of_every_verdict() -> None:
    """Else the case above would prove little."""
    given = verdicts = Counter[str]()
    for seed in range(8):
        school = School(random.Random(seed))
        school.play(40)
        found = school.desk.core.owed_credits.listed()
        verdicts += Counter(
            owed=len(waiting(found)), given=len(settled(found)), doubt=len(doubtful(found))
        )
        given += Counter({"credits": sum(school.refund_all_owed().values())})

    assert min(verdicts["owed"], verdicts["given"], verdicts["doubt"], given["credits"]) > 10


def test_a_baseline_over_the_whole_history_leaves_nothing_to_refund() -> None:
    school = School(random.Random(5))
    school.play(40)
    school.desk.core.owed_decisions.set_baseline(school.desk.now(), "adopted", ADMIN)

    assert {} == school.refund_all_owed()
