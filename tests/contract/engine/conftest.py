"""Real worker processes over a real journal, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.app.stores import SqlJournal
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.operations.states import ENDED, OperationState
from scripts.processes import ROOT
from tests.contract.journal.given import operation
from tests.contract.journal.stores import fresh_database, postgres_server

DEADLINE_S = 120.0
#: ``--dead-after`` where a worker is to seem dead: one that is only starved must not.
SILENT_S = "6"
#: What a worker says that stood still, by what it meets first: the next one's work, or, where it
#: stood in a transaction, that PostgreSQL took it away (``STANDS_STILL_S``).
LEFT = ("left to another process", "broke while saving")
_numbers = itertools.count(1)


def eventually(true: Callable[[], bool], within_s: float = DEADLINE_S) -> float:
    """Wait until it is so; how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < within_s, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - begun


@dataclass(slots=True)
class Desk:
    """A journal, and the processes that work on it."""

    url: str
    folder: Path
    journal: SqlJournal
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def confirm(
        self, operation_id: str, reason: str = "quick", *, hold_s: float = 0, **more: Any
    ) -> None:
        """An operation that does what its reason says (``worker.Carrier.behave``)."""
        now = datetime.now(UTC)
        until = now + timedelta(seconds=hold_s)
        confirmed = operation(
            operation_id, reason=reason, confirmed_at=now, hold_until=until, **more
        )
        assert self.journal.confirm(confirmed, [])

    def ask_sweep(self, sweep_id: str, mode: SweepMode = SweepMode.KNOWN) -> None:
        """One that saves page after page until it is let go."""
        now = datetime.now(UTC)
        asked = Sweep(id=sweep_id, mode=mode, state=SweepState.ASKED, started_at=now, saved_at=now)
        assert sweep_id == self.journal.ask_sweep(asked).id

    def pages(self, sweep_id: str) -> int:
        return self.journal.sweep(sweep_id).pages

    def worker(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        """A new worker process."""
        command = [sys.executable, "-m", "tests.contract.engine.worker"]
        command += [self.url, str(self.folder), "--name", name, *options]
        with (self.folder / f"{name}.log").open("ab") as log:
            worker = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """As the machine would: no last word."""
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def let_go(self, operation_id: str) -> None:
        """Let a blocked operation come to its end."""
        (self.folder / f"{operation_id}.go").touch()

    def told(self, what: str, operation_id: str) -> list[str]:
        """Which workers told this of the operation, in order."""
        lines = (self.folder / "told").read_text().splitlines()
        found = [line.split() for line in lines]
        return [words[2] for words in found if words[:2] == [what, operation_id]]

    def state(self, operation_id: str) -> OperationState:
        return self.journal.operation(operation_id).state

    def ended(self, *operation_ids: str) -> bool:
        return all(self.state(id_) in ENDED for id_ in operation_ids)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def has_left(self, name: str) -> bool:
        """Whether this worker noticed that its work is another's."""
        return any(words in self.log_of(name) for words in LEFT)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                self.kill(worker)
        self.journal.close()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Desk]:
    (folder / "told").touch()
    desk = Desk(url=url, folder=folder, journal=SqlJournal(url))
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Makes the URL of a database that does not exist yet, or is empty."""
    if request.param == "sqlite":
        return lambda folder: f"sqlite:///{folder / 'ops.sqlite'}"
    server = request.getfixturevalue("postgres_url")
    return lambda _: fresh_database(server, f"desk{next(_numbers)}")


@pytest.fixture
def desk(new_url: Callable[[Path], str], tmp_path: Path) -> Iterator[Desk]:
    """Nobody works here yet."""
    with opened(new_url(tmp_path), tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def manned(
    new_url: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One worker, ``w``, works here on two operations at once. For tests that let it live."""
    folder = tmp_path_factory.mktemp("manned")
    with opened(new_url(folder), folder) as made:
        made.worker("w", "--at-once", "2")
        made.confirm("warm")
        eventually(lambda: made.ended("warm"))
        yield made
