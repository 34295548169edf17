"""A process that has run out of memory, threads or files says so, after a grace, and once."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass, field

import pytest

from core.credits.errors import JournalError, NotSent, StoreFull
from core.health.fitness import GRACE_S, Fitness, lacking
from core.work.periodic_thread import PeriodicThread
from core.work.work import Work
from core.workers.engine.attempt import Looking
from tests.unit.services.desk import TestDesk


@dataclass
class Watched:
    time: float = 0.0
    calls: int = 0
    fitness: Fitness = field(init=False)

    def __post_init__(self) -> None:
        self.fitness = Fitness(on_unfit=self.told, monotonic=lambda: self.time)

    def told(self) -> None:
        self.calls += 1


NO_THREAD = RuntimeError("can't start new thread")
FAILS = JournalError("the operational store sqlite:///desk.sqlite failed: disk I/O error")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "no memory is left"),
        (NO_THREAD, "no thread can be started"),
        (OSError(errno.EMFILE, "Too many open files"), "too many files are open"),
        (FAILS, "the disk fails"),
        (NotSent("HubSpot cannot be reached"), ""),
        (JournalError("postgresql://db failed: connection refused"), ""),
        (ValueError("a count is 'abc'"), ""),
        # a restart frees no disk; pages say meanwhile that it is full
        (OSError(errno.ENOSPC, "No space left on device"), ""),
        (StoreFull("the disk is full"), ""),
    ],
)
def test_only_what_the_process_has_run_out_of_makes_it_unfit(error: Exception, told: str) -> None:
    assert told == lacking(error)


def test_a_full_disk_is_waited_for_whatever_the_database_calls_it() -> None:
    error = StoreFull("the disk is full")
    error.__context__ = OSError("disk I/O error")

    assert "" == lacking(error)


def test_the_cause_behind_an_error_counts() -> None:
    error = JournalError("the operational store failed")
    error.__cause__ = MemoryError()

    assert "no memory is left" == lacking(error)


def test_a_process_is_unfit_when_it_has_lacked_something_for_the_grace() -> None:
    watched = Watched()
    watched.fitness.failed("heartbeat", NO_THREAD)
    watched.time = GRACE_S - 1
    watched.fitness.failed("heartbeat", NO_THREAD)
    before = watched.calls
    watched.time = GRACE_S
    watched.fitness.failed("heartbeat", NO_THREAD)
    watched.fitness.failed("heartbeat", NO_THREAD)

    assert (0, 1) == (before, watched.calls)
    assert watched.fitness.reason.startswith(
        "no thread can be started: the heartbeat has not worked for 60 s"
    )


def test_what_works_again_begins_its_grace_anew() -> None:
    watched = Watched()
    watched.fitness.failed("work", FAILS)
    watched.time = GRACE_S - 1
    watched.fitness.worked("work")
    watched.time = GRACE_S + 1
    watched.fitness.failed("work", FAILS)

    assert "" == watched.fitness.reason


def test_one_part_that_works_does_not_excuse_another() -> None:
    """A thread that only reads works on a disk that fails."""
    watched = Watched()
    watched.fitness.failed("heartbeat", FAILS)
    watched.time = GRACE_S
    watched.fitness.worked("audit")
    watched.fitness.failed("heartbeat", FAILS)

    assert "the disk fails" in watched.fitness.reason


def test_a_store_that_is_away_is_waited_for() -> None:
    watched = Watched()
    for _ in range(100):
        watched.fitness.failed("work", NotSent("HubSpot cannot be reached"))
        watched.time += 60

    assert "" == watched.fitness.reason


def test_a_background_thread_tells_what_it_lacks_and_that_it_works_again() -> None:
    fitness = Fitness(grace_s=0)
    fails, ended = [NO_THREAD], threading.Event()

    def act() -> None:
        if fails:
            raise fails.pop()
        ended.set()

    ticker = PeriodicThread("alarms", act, 0.001, fitness)
    ticker.start()
    assert ended.wait(10)
    ticker.stop(10)

    assert "the alarms has not worked" in fitness.reason


def test_work_that_lacks_memory_is_told() -> None:
    desk, fitness = TestDesk(), Fitness(grace_s=0)

    def starve(_: str) -> None:
        raise MemoryError

    looking = Looking({Work.OPERATION: starve}, desk.journal, desk.now, "me", fitness)
    looking.look("op", 0)

    assert fitness.reason.startswith("no memory is left: the work has not worked")
