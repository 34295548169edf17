"""What pages read is answered once between two commits, and never after the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from core.app.kept_reads import KEPT, kept_reads
from core.app.stores import SqlJournal
from core.operations.states import OperationState
from tests.contract.journal.given import ADMIN, after, operation
from tests.fakes.journal import MemoryJournal


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.sqlite'}"


@pytest.fixture
def store(url: str) -> Iterator[SqlJournal]:
    store = SqlJournal(url, admins=[ADMIN])
    yield store
    store.close()


@pytest.fixture
def asked(store: SqlJournal) -> list[str]:
    """Statements that the store was sent."""
    sent: list[str] = []

    def noted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(store._db.engine, "before_cursor_execute", noted)
    return sent


def test_the_same_question_is_sent_once_until_somebody_commits(
    store: SqlJournal, url: str, asked: list[str]
) -> None:
    shown = kept_reads(store)
    assert store.confirm(operation("first"), [])
    first = shown.operations(states={OperationState.HELD}, limit=5)
    asked.clear()

    assert first == shown.operations(states={OperationState.HELD}, limit=5)
    assert not asked

    another_process = SqlJournal(url)
    assert another_process.confirm(operation("second", confirmed_at=after(1)), [])
    another_process.close()

    assert ["second", "first"] == [each.id for each in shown.operations(limit=5)]
    assert store.confirm(operation("third", confirmed_at=after(2)), [])
    assert ["third", "second", "first"] == [each.id for each in shown.operations(limit=5)]


def test_who_changes_an_answer_changes_it_for_nobody_else(store: SqlJournal) -> None:
    shown = kept_reads(store)
    store.confirm(operation("first"), [])

    shown.operations().clear()
    shown.marks_of(["first"]).clear()

    assert ["first"] == [each.id for each in shown.operations()]
    assert {"first"} == shown.marks_of(["first"]).keys()


def test_other_questions_and_acts_go_to_the_store_itself(
    store: SqlJournal, asked: list[str]
) -> None:
    shown = kept_reads(store)
    assert shown.confirm(operation("first"), [])

    for _ in range(2):
        asked.clear()
        assert "first" == shown.operation("first").id
        assert asked


def test_a_store_that_tells_no_commits_is_asked_each_time() -> None:
    store = MemoryJournal(admins={ADMIN})
    shown = kept_reads(store)
    assert [] == shown.operations()
    store.confirm(operation("first"), [])

    assert ["first"] == [each.id for each in shown.operations()]


def test_what_lets_somebody_in_or_decides_an_act_is_never_kept() -> None:
    deciding = {
        "account", "api_key", "grants", "granted", "items", "open_writes", "operation", "plan",
        "sign_in", "undecided_writes", "writes",
    }  # fmt: skip

    assert not KEPT & deciding
    assert all(hasattr(SqlJournal, name) for name in KEPT | deciding)
