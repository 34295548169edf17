"""Several processes on one journal, some of which die."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text, update

from core.app.stores import SqlJournal
from core.credits.errors import JournalError
from core.credits.writes import WriteState
from core.database.database import Database
from core.operations.states import ItemState
from core.operations.store.tables import operations
from tests.contract.journal.children import Child, go_on, until_ready
from tests.contract.journal.given import NOW, due, item, operation, outcome, running, saved, write
from tests.contract.journal.stores import fresh_database


def test_two_processes_never_both_own_a_booking(url: str, child: Callable[..., Child]) -> None:
    journal = SqlJournal(url)
    for n in range(2):
        journal.confirm(operation(f"op{n}"), [])
    children = [child("claim", url, f"op{n}", "60") for n in range(2)]
    until_ready(*children)

    owned = Counter(booking for mine in go_on(*children) for booking in mine)

    assert Counter(f"b{n}" for n in range(60)) == owned
    journal.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_open_a_fresh_journal_at_once_all_find_it_whole(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, child: Callable[..., Child]
) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    if kind == "postgres":
        url = fresh_database(request.getfixturevalue("postgres_url"), "new")
    children = [child("open", url) for _ in range(4)]
    until_ready(*children)

    assert [[]] * 4 == go_on(*children)


def test_a_process_killed_within_a_transaction_leaves_nothing_of_it(
    url: str, child: Callable[..., Child]
) -> None:
    journal = SqlJournal(url)
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    dying = child("hang", url)
    until_ready(dying)

    dying.kill()
    dying.wait()

    assert [WriteState.OPEN] == [record.state for record in journal.writes("op")]
    assert [item(0)] == journal.items("op", bookings=[item(0).booking_id])
    assert [] == journal.outbox_rows()
    settled = [outcome("w1")]
    journal.settle(run, settled, items=[item(0, state=ItemState.DONE)], due=[due()], at=NOW)
    assert 1 == journal.outbox().due
    journal.close()


def test_who_stands_still_within_a_transaction_loses_it_and_holds_nobody_up(
    postgres_journal_url: str,
) -> None:
    journal = SqlJournal(postgres_journal_url)
    journal.confirm(operation(), [])
    still = Database(postgres_journal_url, stands_still_s=0.5)
    within, taken_over, tries = threading.Event(), threading.Event(), count(1)

    def stands_still(connection: Connection) -> int:
        connection.execute(update(operations).values(reason="while it stood still"))
        within.set()
        assert taken_over.wait(60)
        connection.execute(select(operations.c.id))
        return next(tries)

    with ThreadPoolExecutor(1) as pool:
        finished = pool.submit(still.write, stands_still)
        assert within.wait(60)
        run, _ = journal.begin_run("op", at=NOW)
        reason = journal.operation("op").reason
        taken_over.set()

        assert (1, operation().reason) == (run.epoch, reason)
        assert 1 == finished.result(60), "its first try never came to its end"
    still.close()
    journal.close()


def test_a_journal_that_stays_locked_is_said_to_be_busy(
    sqlite_journal_url: str, child: Callable[..., Child]
) -> None:
    holder = child("hold", sqlite_journal_url)
    until_ready(holder)
    journal = SqlJournal(sqlite_journal_url, patience_s=0.2)

    with pytest.raises(JournalError, match=r"journal\.sqlite failed: database is locked"):
        journal.confirm(operation(), [])

    assert [] == journal.operations()  # reading goes on
    holder.communicate("go\n")
    assert journal.confirm(operation(), [])
    journal.close()


def test_a_connection_that_broke_meanwhile_is_made_anew(postgres_journal_url: str) -> None:
    journal = SqlJournal(postgres_journal_url)
    journal.confirm(operation(), [])
    other = Database(postgres_journal_url)
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    other.write(lambda connection: connection.execute(kill).all())

    assert operation() == journal.operation("op")
    other.close()
    journal.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://desk:hush@127.0.0.1:1/ops", "postgres.*failed: .*refused"),
        (
            "sqlite:////dev/null/folder/ops.sqlite",
            "cannot be opened: .*Not a directory",
        ),
        ("mysql://desk:hush@somewhere/ops", "must be sqlite:///<file> or postgresql://"),
        ("sqlite://", "must be sqlite:///<file>"),
        ("nonsense hush", "is not a database URL"),
    ],
)
def test_a_journal_that_cannot_be_opened_says_why_and_keeps_the_password(
    url: str, said: str
) -> None:
    with pytest.raises(JournalError, match=said) as refused:
        SqlJournal(url)

    assert "hush" not in str(refused.value)
