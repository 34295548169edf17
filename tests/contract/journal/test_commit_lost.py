"""A connection to PostgreSQL that is lost in a transaction: was it saved, and is it done again?

What is not known to be saved is never done a second time: counting on would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.app.stores import SqlJournal
from core.credits.errors import JournalError
from core.credits.writes import WriteState
from tests.contract.journal.cutting import Cut, Wire, wire
from tests.contract.journal.given import NOW, due, item, operation, outcome, running, saved, write

UNKNOWN = "broke while saving; it may be saved or not"


@pytest.fixture
def cut(postgres_journal_url: str) -> Iterator[Wire]:
    with wire(postgres_journal_url) as joined:
        yield joined


@pytest.fixture
def journal(cut: Wire) -> Iterator[SqlJournal]:
    opened = SqlJournal(cut.url)
    yield opened
    opened.close()


@pytest.mark.parametrize(("moment", "counted"), [(Cut.AFTER, 5), (Cut.BEFORE, 0)])
def test_a_commit_whose_answer_is_lost_is_not_done_again(
    journal: SqlJournal, postgres_keeper: SqlJournal, cut: Wire, moment: Cut, counted: int
) -> None:
    run = running(postgres_keeper)
    cut.cut_at("COMMIT", moment)

    with pytest.raises(JournalError, match=UNKNOWN):
        journal.add_calls(run, 5)

    assert 1 == cut.cuts
    assert counted == postgres_keeper.operation("op").calls


@pytest.mark.parametrize(("moment", "epoch"), [(Cut.AFTER, 1), (Cut.BEFORE, 0)])
def test_a_run_whose_beginning_is_not_known_to_be_saved_begins_once_at_most(
    journal: SqlJournal, postgres_keeper: SqlJournal, cut: Wire, moment: Cut, epoch: int
) -> None:
    postgres_keeper.confirm(operation(), [])
    cut.cut_at("COMMIT", moment)

    with pytest.raises(JournalError, match=UNKNOWN):
        journal.begin_run("op", at=NOW)

    run, _ = journal.begin_run("op", at=NOW)
    assert epoch + 1 == run.epoch


def test_an_outcome_whose_commit_was_lost_can_be_said_again(
    journal: SqlJournal, postgres_keeper: SqlJournal, cut: Wire
) -> None:
    run = running(postgres_keeper)
    saved(postgres_keeper, run, [write("w1", "b0")])
    cut.cut_at("COMMIT", Cut.AFTER)

    def settle() -> None:
        journal.settle(run, [outcome("w1")], items=[item(0)], due=[due(cs_credits=3)], at=NOW)

    with pytest.raises(JournalError, match=UNKNOWN):
        settle()
    assert [WriteState.LANDED] == [record.state for record in postgres_keeper.writes("op")]
    settle()

    assert [WriteState.LANDED] == [record.state for record in postgres_keeper.writes("op")]
    assert 1 == postgres_keeper.outbox().due


def test_a_confirmation_whose_commit_was_lost_is_the_same_operation_when_it_is_repeated(
    journal: SqlJournal, postgres_keeper: SqlJournal, cut: Wire
) -> None:
    cut.cut_at("COMMIT", Cut.AFTER)

    with pytest.raises(JournalError, match=UNKNOWN):
        journal.confirm(operation(), [item(0)])

    assert not journal.confirm(operation(), [item(0)])
    assert [item(0)] == postgres_keeper.items("op")


def test_a_connection_lost_before_the_commit_is_made_anew_and_the_work_done_once(
    journal: SqlJournal, postgres_keeper: SqlJournal, cut: Wire
) -> None:
    """Until the commit is sent, the server forgets it all: trying again is safe."""
    run = running(postgres_keeper)
    cut.cut_at("UPDATE credit_desk.operations", Cut.AFTER)

    journal.add_calls(run, 5)

    assert 1 == cut.cuts
    assert 5 == postgres_keeper.operation("op").calls
