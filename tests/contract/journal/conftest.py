"""Each case runs over the journal in memory, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.app.journal import Journal
from core.app.stores import SqlJournal
from tests.contract.journal.children import Child, starting
from tests.contract.journal.stores import copied_file, empty, fresh_database, postgres_server
from tests.fakes.journal import MemoryJournal


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield fresh_database(url, "journal")


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "empty.sqlite"
    SqlJournal(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    opened = SqlJournal(request.getfixturevalue(f"{request.param}_journal_url"))
    yield opened
    opened.close()


@pytest.fixture
def sqlite_journal_url(empty_file: Path, tmp_path: Path) -> str:
    return copied_file(empty_file, tmp_path / "journal.sqlite")


@pytest.fixture(scope="session")
def postgres_keeper(postgres_url: str) -> Iterator[SqlJournal]:
    keeper = SqlJournal(postgres_url)
    yield keeper
    keeper.close()


@pytest.fixture
def postgres_journal_url(postgres_keeper: SqlJournal, postgres_url: str) -> str:
    empty(postgres_keeper)
    return postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Where several processes meet."""
    found: str = request.getfixturevalue(f"{request.param}_journal_url")
    return found


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Starts a process, which stands ready after ``until_ready``."""
    with starting() as start:
        yield start
