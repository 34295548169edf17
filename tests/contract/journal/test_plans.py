from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.credits.errors import UnknownId
from core.credits.records import ExamId
from core.operations.store.plans import KEPT_AFTER_EXPIRY, PORTION
from core.operations.terms import Inclusion
from core.operations.verdicts import Verdict
from tests.contract.journal.given import NOW, operation, plan_of


def test_a_plan_comes_back_as_it_was_saved(journal: Journal) -> None:
    plan = plan_of(7)

    journal.save_plan(plan)

    assert plan == journal.plan("op")


def test_a_plan_of_several_portions_comes_back_in_order(journal: Journal) -> None:
    plan = plan_of(2 * PORTION + 7)

    journal.save_plan(plan)

    assert plan == journal.plan("op")


@pytest.mark.parametrize("journal", ["sqlite", "postgres"], indirect=True)
def test_a_plan_whose_saver_died_half_way_is_not_there_until_it_is_saved_again(
    journal: SqlJournal,
) -> None:
    plan = plan_of(PORTION + 5)
    journal._begin_plan(plan)
    journal._add_rows(plan, 0)

    with pytest.raises(UnknownId):
        journal.plan("op")
    journal.save_plan(plan)
    assert plan == journal.plan("op")


def test_what_an_admin_included_is_kept_with_the_plan_and_the_operation(journal: Journal) -> None:
    both = frozenset(Inclusion)
    journal.save_plan(replace(plan_of(2), include=both))
    journal.confirm(operation("op", include=both), [])

    assert both == journal.plan("op").include
    assert both == journal.operation("op").include
    assert [both] == [one.include for one in journal.operations()]


def test_the_exam_of_a_move_is_kept_with_the_plan_and_the_operation(journal: Journal) -> None:
    plan = plan_of(2)
    named = tuple(replace(row, new_name=f"new {n}") for n, row in enumerate(plan.rows))
    journal.save_plan(replace(plan, to_exam=ExamId("e2"), rows=named))
    journal.confirm(operation("op", to_exam=ExamId("e2")), [])

    assert ("e2", named) == (journal.plan("op").to_exam, journal.plan("op").rows)
    assert ["e2"] == [one.to_exam for one in journal.operations()]


def test_a_plan_may_be_empty(journal: Journal) -> None:
    journal.save_plan(plan_of(0))

    assert () == journal.plan("op").rows


def test_a_plan_is_frozen_a_second_save_changes_nothing(journal: Journal) -> None:
    journal.save_plan(plan_of(2))
    journal.save_plan(plan_of(5))

    assert plan_of(2) == journal.plan("op")


def test_an_unknown_plan_is_said_to_be_unknown(journal: Journal) -> None:
    with pytest.raises(UnknownId, match="there is no plan nothing"):
        journal.plan("nothing")
    with pytest.raises(UnknownId):
        journal.plan_rows("nothing")


def test_pages_of_a_plan_are_in_plan_order(journal: Journal) -> None:
    plan = plan_of(9)
    journal.save_plan(plan)

    assert list(plan.rows[3:5]) == journal.plan_rows("op", limit=2, offset=3)
    assert list(plan.rows) == journal.plan_rows("op")


def test_a_page_may_show_the_blocked_rows_alone(journal: Journal) -> None:
    plan = plan_of(9)
    journal.save_plan(plan)

    blocked = [row for row in plan.rows if row.verdict is Verdict.BLOCKED]
    assert blocked[1:] == journal.plan_rows("op", verdicts={Verdict.BLOCKED}, limit=5, offset=1)


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(journal: Journal) -> None:
    there = timezone(timedelta(hours=-4))
    journal.save_plan(plan_of(1, made_at=NOW.astimezone(there)))

    plan = journal.plan("op")

    assert plan.made_at == NOW
    if isinstance(journal, SqlJournal):
        assert plan.made_at.tzinfo is UTC


@pytest.mark.parametrize("journal", ["sqlite", "postgres"], indirect=True)
def test_an_old_plan_is_forgotten_unless_it_was_confirmed(journal: Journal) -> None:
    for id_ in ("looked at", "confirmed"):
        journal.save_plan(plan_of(2, plan_id=id_))
    journal.confirm(operation("confirmed"), [])

    much_later = NOW + KEPT_AFTER_EXPIRY + timedelta(hours=1)
    journal.save_plan(plan_of(1, plan_id="new", made_at=much_later))

    assert 2 == len(journal.plan("confirmed").rows)
    with pytest.raises(UnknownId):
        journal.plan("looked at")
