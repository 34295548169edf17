"""Trends are kept in memory, and never longer than they are true."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from core.app.stores import SqlJournal
from core.credits.records import ExamId
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import WHOLE, SweepMode
from core.health.over_time.trend_rules import Figure, steps
from core.operations.choosing.select import ByExam
from core.operations.kinds.cancel import CANCEL
from core.work.kept_answers import KeptAnswers
from tests.fakes.crm import Request
from tests.pages import drift_scenes
from tests.pages.stage import ACTOR, Stage, fill, stage

MONTH, HOUR = timedelta(days=30), timedelta(hours=1)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stage]:
    """A desk over a real store: what is told of a fake's audit proves nothing."""
    journal = SqlJournal(f"sqlite:///{tmp_path}/journal.sqlite")
    made = stage(journal=journal, group_size=3)
    fill(made, contacts=24, exams=4)
    yield made
    journal.close()


def as_kept_and_as_it_is(made: Stage) -> tuple[object, object]:
    reader, journal = made.core.trend_reader, made.journal
    acts, exams = reader.acts(ACTOR, MONTH, UTC), reader.exams(ACTOR, MONTH, UTC)
    repairs = reader.repair_times(ACTOR, MONTH, UTC)
    edges = acts.stretches.edges
    kept = (acts.tallies, exams.tallies, repairs.tallies)
    return kept, (
        journal.tally_acts(edges),
        journal.tally_exams(edges[0]),
        journal.tally_repairs(edges),
    )


def test_what_is_told_is_true_after_every_answer_of_hubspot(made: Stage) -> None:
    """An operation and its follow-ups, in small groups; each step may change a count."""
    plan = made.core.operation_planner.preview(
        CANCEL.key, ByExam(ids=(ExamId("71000000003"),)), ACTOR
    )
    number = len(plan.will_change)
    told: list[int] = []

    def compare(_: Request) -> None:
        kept, true = as_kept_and_as_it_is(made)
        assert kept == true
        acts = made.core.trend_reader.acts(ACTOR, MONTH, UTC)
        told.append(sum(acts.by_slot(Figure.CANCELLED)))

    made.core.operation_commands.confirm(plan.id, ACTOR, reason="ill", typed=number)
    made.crm.answered = compare
    made.carry(made.engine.submitted.pop())
    compare(None)  # type: ignore[arg-type]

    assert number > 4
    assert (0, number) == (told[0], told[-1])
    assert len(set(told)) > 2, "it was asked while it went on"


def test_a_repair_is_told_as_soon_as_it_has_ended(made: Stage) -> None:
    drift_scenes.real(made)
    made.core.sweep_runner.ask(SweepMode.FULL, ACTOR)
    made.carry(made.engine.submitted.pop())
    period = (MONTH, HOUR)
    assert [] == made.core.trend_reader.repaired(ACTOR, *period)
    drifts = made.core.repair_runner.of_all(ACTOR)[:5]
    made.core.repair_runner.confirm(drifts, ACTOR, reason="by hand")
    made.carry(made.engine.submitted.pop())

    ((at, number),) = made.core.trend_reader.repaired(ACTOR, *period)

    assert 5 >= number > 0
    assert at <= made.clock() < at + HOUR
    kept, true = as_kept_and_as_it_is(made)
    assert kept == true


def test_another_sweep_and_another_reading_are_told_at_once(made: Stage) -> None:
    drift_scenes.real(made)
    reader, since = made.core.trend_reader, steps(made.clock(), MONTH, HOUR)[0]

    def true() -> tuple[object, object]:
        return (
            made.journal.drift_levels(modes=WHOLE, since=since, step=HOUR),
            made.journal.levels([Gauge.QUOTA], since=since, step=HOUR),
        )

    def told() -> tuple[object, object]:
        return (
            reader.drift(ACTOR, WHOLE, MONTH, HOUR),
            reader.levels(ACTOR, [Gauge.QUOTA], MONTH, HOUR),
        )

    assert ([], []) == told() == true()
    for n, mode in enumerate((SweepMode.FULL, SweepMode.KNOWN)):
        made.core.sweep_runner.ask(mode, ACTOR)
        made.carry(made.engine.submitted.pop())
        at = made.clock() + timedelta(seconds=n)
        made.journal.add_measures([Measure(at=at, gauge=Gauge.QUOTA, value=0.1 * n)])
        assert told() == true()
    assert 1 == len(told()[0])  # type: ignore[arg-type]


def test_an_answer_is_found_once_for_each_mark() -> None:
    kept, found = KeptAnswers(), list[int]()

    def find() -> int:
        found.append(1)
        return len(found)

    assert [1, 1, 2, 2] == [kept.ask("q", mark, find) for mark in (1, 1, 2, 2)]
    assert 3 == kept.ask("another", 2, find)
    assert 4 == kept.ask("q", 1, find), "a mark that came back was another time's"


def test_what_changes_while_an_answer_is_found_is_found_the_next_time() -> None:
    kept, store = KeptAnswers(), {"mark": 1, "value": "old"}

    def find() -> str:
        found = store["value"]
        store.update(mark=2, value="new")
        return str(found)

    assert "old" == kept.ask("q", store["mark"], find)
    assert "new" == kept.ask("q", store["mark"], lambda: str(store["value"]))


def test_of_many_questions_only_those_whose_mark_changed_are_asked_and_at_once() -> None:
    kept, asked = KeptAnswers(), list[list[str]]()

    def find(questions: Collection[str]) -> dict[str, str]:
        asked.append(sorted(questions))
        return {each: each.upper() for each in questions}

    assert {"a": "A", "b": "B"} == kept.ask_each({"a": 1, "b": 1}, find)
    assert {"a": "A", "b": "B", "c": "C"} == kept.ask_each({"a": 1, "b": 2, "c": 1}, find)
    assert {"b": "B"} == kept.ask_each({"b": 2}, find)
    assert [["a", "b"], ["b", "c"]] == asked


def test_only_so_many_answers_are_kept() -> None:
    kept = KeptAnswers(most=2)
    for question in "abc":
        kept.ask(question, 1, lambda: "first")

    assert "first" == kept.ask("c", 1, lambda: "again")
    assert "again" == kept.ask("a", 1, lambda: "again")
