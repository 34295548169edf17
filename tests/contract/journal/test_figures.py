from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.credits.writes import WriteState
from core.health.store.port import Figures
from core.operations.states import ItemState, OperationState
from tests.contract.journal.given import NOW, item, outcome, running, saved, write


def test_an_empty_journal_holds_nothing(journal: Journal) -> None:
    assert Figures(operations={}, items={}, writes={}) == journal.figures()
    assert set() == journal.known_writes(["w1"])
    assert set() == journal.known_writes([])


def test_what_it_holds_is_counted_by_state(journal: Journal) -> None:
    run = running(journal, "one")
    running(journal, "two", items=2)
    saved(
        journal,
        run,
        [write(f"w{n}", f"b{n}", operation_id="one", target=f"c{n}") for n in range(4)],
    )
    journal.settle(run, [outcome("w1"), outcome("w2", WriteState.UNDECIDED)], at=NOW)
    journal.update_items(run, [item(0, operation_id="one", state=ItemState.DONE)])

    found = journal.figures()

    assert {OperationState.HELD: 2} == found.operations
    assert {ItemState.PENDING: 5, ItemState.DONE: 1} == found.items
    assert {WriteState.OPEN: 2, WriteState.LANDED: 1, WriteState.UNDECIDED: 1} == found.writes


def test_a_write_of_another_journal_is_told_from_ours(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0"), write("w2", "b1")])
    journal.settle(run, [outcome("w2", WriteState.VOID)], at=NOW)

    assert {"w1", "w2"} == journal.known_writes(["w1", "w2", "w3", "w1"])


def test_a_store_of_its_own_machine_tells_its_time_and_a_file_none(journal: Journal) -> None:
    told = journal.clock()

    own = isinstance(journal, SqlJournal) and "postgres" in str(journal._db)
    assert own == (told is not None)
    if told is not None:
        assert abs(datetime.now(UTC) - told) < timedelta(seconds=60), "it runs on this machine"
