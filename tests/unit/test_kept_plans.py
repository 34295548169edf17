from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.errors import UnknownId
from core.credits.records import BookingId
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.kept_plans import HELD, KeptPlans
from core.operations.plans import Plan, Row
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.journal import MemoryJournal

ADMIN = Actor(email="ann@example.test", role=Role.ADMIN)
AT = datetime(2026, 5, 4, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


class CountingJournal(MemoryJournal):
    """Counts how often a plan is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def plan(self, plan_id: str) -> Plan:
        self.read.append(plan_id)
        return super().plan(plan_id)


def plan(id_: str, rows: int = 2) -> Plan:
    row = Row(booking_id=BookingId("0"), verdict=Verdict.WILL_CHANGE, why=Why.NO_TOKEN)
    return Plan(
        id=id_,
        kind=OperationKind.REFUND,
        selection="two bookings",
        made_by="ann@example.test",
        made_at=AT,
        expires_at=AT + timedelta(hours=1),
        rows=tuple(replace(row, booking_id=BookingId(str(n))) for n in range(rows)),
    )


@pytest.fixture
def journal() -> CountingJournal:
    made = CountingJournal()
    for id_ in "abc":
        made.save_plan(plan(id_))
    return made


def test_a_plan_is_read_once_until_its_time_is_over(journal: CountingJournal) -> None:
    clock = Clock()
    kept = KeptPlans(journal, clock)

    seen = [kept.plan("a", ADMIN) for _ in range(3)]
    clock.at += HELD
    later = kept.plan("a", ADMIN)

    assert [plan("a")] * 3 == seen
    assert plan("a") == later
    assert ["a", "a"] == journal.read


def test_the_plan_that_nobody_looked_at_for_longest_is_let_go(journal: CountingJournal) -> None:
    kept = KeptPlans(journal, Clock(), rows_max=4)

    for id_ in ("a", "b", "a", "c", "a", "b"):
        kept.plan(id_, ADMIN)

    assert ["a", "b", "c", "b"] == journal.read


def test_a_plan_larger_than_all_that_is_kept_is_kept_alone(journal: CountingJournal) -> None:
    journal.save_plan(plan("large", rows=9))
    kept = KeptPlans(journal, Clock(), rows_max=4)

    for id_ in ("a", "large", "large", "a", "large"):
        kept.plan(id_, ADMIN)

    assert ["a", "large", "a", "large"] == journal.read


def test_a_plan_that_was_confirmed_is_let_go(journal: CountingJournal) -> None:
    kept = KeptPlans(journal, Clock())
    kept.plan("a", ADMIN)

    for id_ in ("a", "b"):
        kept.let_go(id_)

    assert plan("a") == kept.plan("a", ADMIN)
    assert ["a", "a"] == journal.read


def test_whoever_confirms_reads_no_plan_that_somebody_looks_at(journal: CountingJournal) -> None:
    kept = KeptPlans(journal, Clock())
    shown = kept.plan("a", ADMIN)

    assert shown is kept.frozen("a")
    assert [plan("b")] * 2 == [kept.frozen("b") for _ in range(2)]
    assert ["a", "b", "b"] == journal.read
    with pytest.raises(UnknownId):
        kept.frozen("new")


def test_a_plan_that_is_not_there_is_not_kept_as_missing(journal: CountingJournal) -> None:
    kept = KeptPlans(journal, Clock())
    with pytest.raises(UnknownId):
        kept.plan("new", ADMIN)

    journal.save_plan(plan("new"))

    assert plan("new") == kept.plan("new", ADMIN)


def test_a_kept_plan_is_shown_to_nobody_who_may_not_see_it(journal: CountingJournal) -> None:
    kept = KeptPlans(journal, Clock())
    kept.plan("a", ADMIN)

    with pytest.raises(NotAllowed):
        kept.plan("a", Actor(email="stu@example.test", role=Role.STAFF))
