"""The five operations from the command line, over the real stack: both stores as was planned."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from core.app import wiring
from core.cli.commands import upkeep  # noqa: F401 - it adds `provision`
from core.cli.commands.kinds import booking  # noqa: F401 - it adds its command
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import ContactId, ExamId, Kind
from core.operations.booking_rules import Wish
from core.operations.states import ItemState, Operation
from tests.commands import app
from tests.crash.desk import ADMIN, Desk
from tests.crash.school import School

SJ, CS, MINI, TALK, SHARED = SCHOOL.keys
TYPE_OF = {credit.key: credit.mock_type for credit in SCHOOL.credits}
ANSWERS = ("--hand", "right", "--location", "Calgary")


@dataclass(frozen=True)
class Case:
    """A booking: what the student holds of the exam's own credit and of the shared one."""

    credit: CreditType
    own: int
    shared: int
    #: What it spends, as the words of the rules say; None by admin override.
    spends: CreditType | None
    options: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        return "Admin Override" if self.spends is None else SCHOOL.by_key(self.spends).token


CASES = {
    "Clinical Skills": Case(CS, 2, 1, CS),
    "Clinical Skills, shared": Case(CS, 0, 2, SHARED),
    "Situational Judgment": Case(SJ, 1, 1, SJ),
    "Situational Judgment, shared": Case(SJ, 0, 1, SHARED),
    "Mini-mock": Case(MINI, 1, 3, MINI),
    "Mock Discussion": Case(TALK, 3, 1, TALK),
    "Admin Override": Case(CS, 1, 1, None, ("--override",)),
}
#: Its own credit is the only one that pays: the shared one is not touched.
REFUSED = {"Mini-mock": Case(MINI, 0, 2, None), "Mock Discussion": Case(TALK, 0, 2, None)}


@dataclass
class Counter:
    """The command line, and a worker that carries on what it confirms."""

    school: School
    runtime: wiring.Runtime
    #: Operations that were confirmed and may not have ended.
    begun: list[dict[str, Any]] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return self.school.desk

    def says(self, *args: str) -> dict[str, Any]:
        result = CliRunner().invoke(app, [*args, "--json"], env=self.desk.environment)
        assert 0 == result.exit_code, result.output
        return dict(json.loads(result.stdout))

    def refused(self, *args: str) -> str:
        """Why, as the command says it."""
        result = CliRunner().invoke(app, list(args), env=self.desk.environment)
        assert 0 != result.exit_code, result.output
        return result.stderr

    def begin(self, *args: str) -> dict[str, Any]:
        """What the command reports of the operation that it has begun."""
        self.begun.append(self.says(*args, "--reason", "a test"))
        return self.begun[-1]

    def planned(self, *args: str) -> dict[str, Any]:
        """A dry run, then the same in earnest. Returns the plan."""
        plan = self.says(*args, "--dry-run")
        self.begin(*args)
        return plan

    def until_ended(self) -> None:
        for operation in self.begun:
            self.desk.until_ended(operation)


@pytest.fixture(scope="module")
def counter(
    sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    desk = Desk(sandbox, tmp_path_factory.mktemp("counter"))
    result = CliRunner().invoke(app, ["provision", "--json"], env=desk.environment)
    assert 0 == result.exit_code, result.output
    with patch.dict(os.environ, desk.environment), wiring.opened() as runtime:
        runtime.start()
        desk.without_a_limit()
        yield Counter(School(desk), runtime)
        desk.with_its_limit()
    desk.close()


@dataclass
class Before:
    """Both stores, and what is to become of them."""

    counter: Counter

    def __post_init__(self) -> None:
        school = self.counter.school
        school.known_to_the_mirror()
        self.balances, self.seats = school.balances(), school.seats()

    def moved(self, contact: str, credit: CreditType | None, by: int) -> None:
        if credit is not None:
            self.balances[contact][credit] += by

    def is_so(self) -> None:
        """What was promised stands in HubSpot, and in the mirror."""
        self.counter.until_ended()
        self.counter.desk.until_copied()
        school = self.counter.school
        assert (self.balances, self.seats) == (school.balances(), school.seats())
        assert (self.balances, self.seats) == school.mirrored()


def test_booking_every_type_spends_what_the_rules_say_in_both_stores(counter: Counter) -> None:
    school = counter.school
    wanted = {}
    for n, (name, case) in enumerate({**CASES, **REFUSED}.items()):
        contact = school.contact(**{case.credit: case.own, SHARED: case.shared})
        wanted[name, case] = (contact, school.exam(TYPE_OF[case.credit], day=n))
    then = Before(counter)

    for (name, case), (contact, exam) in wanted.items():
        args = ("book", "--contact", contact, "--exam", exam, *ANSWERS, *case.options)
        if case in REFUSED.values():
            result = CliRunner().invoke(app, list(args), env=counter.desk.environment)
            assert 1 == result.exit_code
            assert f"no credit for this exam: {name} 0" in result.output
            continue
        told = counter.begin(*args)["booking"]
        assert case.spends == told["credit"]
        then.moved(contact, case.spends, -1)
        then.seats[exam] += 1

    then.is_so()
    for (_, case), (contact, _) in wanted.items():
        made = [(b["is_active"], b["token_used"]) for b in school.bookings(contact).values()]
        assert ([] if case in REFUSED.values() else [("Active", case.token)]) == made


@pytest.fixture
def booked(counter: Counter) -> dict[str, tuple[Case, str, str, str]]:
    """Every kind of booking, as an app of the school made it: case, student, exam, record."""
    school = counter.school
    found = {}
    for n, (name, case) in enumerate(CASES.items()):
        contact = school.contact(**{case.credit: case.own, SHARED: case.shared})
        exam = school.exam(TYPE_OF[case.credit], day=20 + n)
        found[name] = (case, contact, exam, school.booking(contact, exam, case.token))
    return found


def test_cancelling_one_gives_back_what_it_spent(
    counter: Counter, booked: dict[str, tuple[Case, str, str, str]]
) -> None:
    """One of each way to pay: the page's tests cancel one of every type."""
    chosen = [booked[n] for n in ("Mini-mock", "Situational Judgment, shared", "Admin Override")]
    then = Before(counter)

    for case, contact, exam, record in chosen:
        told = counter.begin("cancel", "--ids", record)
        assert 1 == told["plan_counts"]["will change"]
        then.moved(contact, case.spends, +1)
        then.seats[exam] -= 1

    then.is_so()
    for case, contact, _, record in chosen:
        held = counter.school.bookings(contact)[record]
        given = "true" if case.spends else None
        assert ("Cancelled", given) == (held["is_active"], held["token_refunded"] or None)


def test_cancelling_several_of_one_student_and_a_batch_of_many_is_one_write_of_each(
    counter: Counter, booked: dict[str, tuple[Case, str, str, str]]
) -> None:
    school = counter.school
    one = school.contact()
    cases = list(CASES.values())
    exams = [school.exam(TYPE_OF[case.credit], day=40 + n) for n, case in enumerate(cases)]
    for exam, case in zip(exams, cases, strict=True):
        school.booking(one, exam, case.token)
    then = Before(counter)

    several = counter.planned("cancel", "--contact", one)
    together = counter.begun[-1]["operation"]
    batch = counter.planned("cancel", *_each("--exam", (exam for _, _, exam, _ in booked.values())))

    spent = [case.spends for case in cases if case.spends]
    assert sorted(spent) == sorted(row["credit"] for row in several["rows"] if row["credit"])
    assert sorted(spent) == sorted(row["credit"] for row in batch["rows"] if row["credit"])
    for exam, case in zip(exams, cases, strict=True):
        then.moved(one, case.spends, +1)
        then.seats[exam] -= 1
    for case, contact, exam, _ in booked.values():
        then.moved(contact, case.spends, +1)
        then.seats[exam] -= 1
    then.is_so()
    writes = counter.runtime.core.operation_commands.journal.writes(together)
    assert [one] == [w.write.target_id for w in writes if w.write.kind is Kind.CONTACT]


def test_refunding_every_type_gives_back_what_is_owed_and_frees_no_seat(counter: Counter) -> None:
    school = counter.school
    spent = []
    exam = school.exam(TYPE_OF[CS], day=60)
    for case in CASES.values():
        contact = school.contact(**{SHARED: case.shared})
        school.booking(contact, exam, case.token, status="Cancelled")
        spent.append((contact, case.spends))
    then = Before(counter)

    plan = counter.planned("refund", "--exam", exam)
    counter.until_ended()
    again = counter.says("refund", "--exam", exam, "--dry-run")

    assert {"will change": 6, "skip": 1, "blocked": 0, "excluded": 0} == plan["counts"]
    assert 0 == again["counts"]["will change"]
    for contact, credit in spent:
        then.moved(contact, credit, +1)
    then.is_so()


@pytest.mark.parametrize("scarce", ["seat", "credit"])
def test_of_two_who_book_the_last_one_at_once_one_gets_it_and_one_is_told(
    counter: Counter, scarce: str
) -> None:
    """Two people with a preview each, who confirm in the same moment."""
    school = counter.school
    first = school.contact(**{CS: 1})
    if scarce == "seat":
        last = school.exam(TYPE_OF[CS], day=70, left=1)
        wishes = [(first, last), (school.contact(**{CS: 1}), last)]
    else:
        wishes = [(first, school.exam(TYPE_OF[CS], day=71 + n)) for n in range(2)]
    then = Before(counter)
    core = counter.runtime.core
    actor = core.access.actor(ADMIN)
    plans = [
        core.booking_preview.preview(
            Wish(contact_id=ContactId(who), exam_id=ExamId(exam), dominant_hand="Right"), actor
        )
        for who, exam in wishes
    ]
    assert all(plan.will_change for plan in plans)
    together = Barrier(2)

    def confirm(plan_id: str) -> Operation:
        together.wait()
        return core.operation_commands.confirm(plan_id, actor, reason="the last one")

    with ThreadPoolExecutor(2) as both:
        operations = list(both.map(confirm, [plan.id for plan in plans]))
    for operation in operations:
        counter.desk.until_ended({"operation": operation.id})

    items = [core.operation_commands.journal.items(operation.id)[0] for operation in operations]
    assert {ItemState.DONE, ItemState.FAILED} == {item.state for item in items}
    (refused,) = [item.why for item in items if item.state is ItemState.FAILED]
    told = {"seat": ("all seats of the exam are taken", "no seat could be taken")}
    told["credit"] = ("no credit for this exam", "no credit could be taken")
    assert any(each in refused for each in told[scarce]), refused
    (winner,) = [n for n, item in enumerate(items) if item.state is ItemState.DONE]
    contact, exam = wishes[winner]
    then.moved(contact, CS, -1)
    then.seats[exam] += 1
    then.is_so()
    assert 1 == sum(len(school.bookings(who)) for who in dict(wishes))


def _each(option: str, values: Any) -> list[str]:
    return [part for value in values for part in (option, value)]
