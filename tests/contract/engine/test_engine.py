"""What the engine promises, kept by real processes that are killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text

from core.credits.errors import UnknownId
from core.database.database import Database
from core.operations.states import OperationState
from core.workers.engine.engine import DbosEngine
from scripts.processes import ROOT
from tests.contract.engine.conftest import SILENT_S, Desk, eventually

pytestmark = pytest.mark.timeout(300)

ACTOR = "admin@example.test"


def submit(desk: Desk, operation_id: str) -> None:
    """As a command line call does that is no worker and exits at once."""
    DbosEngine(desk.journal, desk.url).submit(operation_id)


def test_what_was_submitted_with_no_worker_alive_is_carried_by_the_first_that_starts(
    desk: Desk,
) -> None:
    for id_ in ("one", "two", "three"):
        desk.confirm(id_)
        submit(desk, id_)

    desk.worker("late")

    eventually(lambda: desk.ended("one", "two", "three"))
    assert ["late"] == desk.told("ended", "one")


def test_another_worker_takes_over_what_a_killed_one_had_in_hand(desk: Desk) -> None:
    first = desk.worker("first")
    desk.confirm("op", "block")
    eventually(lambda: desk.told("carries", "op") == ["first"])
    desk.worker("second")
    eventually(lambda: len(desk.journal.workers()) == 2)

    desk.kill(first)
    eventually(lambda: desk.told("carries", "op") == ["first", "second"])
    desk.let_go("op")

    eventually(lambda: desk.ended("op"))
    assert ["second"] == desk.told("ended", "op")
    eventually(lambda: len(desk.journal.workers()) == 1)


def test_a_worker_that_starts_again_goes_on_with_what_it_had(desk: Desk) -> None:
    desk.confirm("op", "block")
    worker = desk.worker("w")
    eventually(lambda: desk.told("carries", "op") == ["w"])
    desk.kill(worker)
    desk.let_go("op")

    desk.worker("again")

    eventually(lambda: desk.ended("op"))
    assert ["again"] == desk.told("ended", "op")


def stun(desk: Desk, worker: subprocess.Popen[bytes]) -> None:
    """Stop a process, but not in the middle of a transaction: SQLite has one writer at a time.

    PostgreSQL takes the transaction from it (``STANDS_STILL_S``).
    """
    for _ in range(50):
        worker.send_signal(signal.SIGSTOP)
        eventually(lambda: psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED)
        if desk.url.startswith("postgres") or all(map(is_free, desk.folder.glob("*.sqlite"))):
            return
        worker.send_signal(signal.SIGCONT)
    raise AssertionError("always in the middle of a transaction")


def is_free(file: Path) -> bool:
    """Whether nobody is writing to it, whom we give no time to end."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


def test_a_worker_that_only_seemed_dead_ends_without_another_word(desk: Desk) -> None:
    stunned = desk.worker("stunned", "--dead-after", SILENT_S)
    desk.confirm("op", "block")
    eventually(lambda: desk.told("carries", "op") == ["stunned"])
    desk.worker("second", "--dead-after", SILENT_S)

    stun(desk, stunned)
    eventually(lambda: desk.told("carries", "op") == ["stunned", "second"])
    stunned.send_signal(signal.SIGCONT)
    eventually(lambda: desk.has_left("stunned"))
    desk.let_go("op")

    eventually(lambda: desk.ended("op"))
    assert ["second"] == desk.told("ended", "op")


def test_a_worker_asked_to_end_hands_over_what_waits_and_what_takes_too_long(desk: Desk) -> None:
    worker = desk.worker("w", "--grace", "1")
    desk.confirm("waits", "wait 600")
    desk.confirm("works", "block")
    eventually(lambda: desk.told("carries", "waits") + desk.told("carries", "works") == ["w", "w"])

    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert 0 == worker.wait(timeout=60)
    took_s = time.monotonic() - begun

    assert took_s < 30  # grace and a second on an idle machine
    assert [] == desk.journal.workers()
    assert "Traceback" not in desk.log_of("w")
    desk.let_go("works")
    desk.worker("next")
    eventually(lambda: desk.ended("works"))
    assert ["next"] == desk.told("ended", "works")
    assert desk.state("waits") is OperationState.RUNNING


def test_what_is_nearly_done_is_finished_within_the_grace(desk: Desk) -> None:
    worker = desk.worker("w", "--grace", "60")
    desk.confirm("op", "block")
    eventually(lambda: desk.told("carries", "op") == ["w"])

    worker.send_signal(signal.SIGTERM)
    desk.let_go("op")

    assert 0 == worker.wait(timeout=60)
    assert ["w"] == desk.told("ended", "op")


def test_workers_that_start_at_once_on_a_fresh_database_all_come_to_work(desk: Desk) -> None:
    for n in range(3):
        desk.worker(f"w{n}", "--at-once", "1")
    ids = [f"op{n}" for n in range(6)]
    for id_ in ids:
        desk.confirm(id_)

    eventually(lambda: desk.ended(*ids))
    eventually(lambda: len(desk.journal.workers()) == 3)
    assert [1] * 6 == [len(desk.told("ended", id_)) for id_ in ids]


# what one living worker does


def test_a_submitted_operation_is_taken_within_a_second_and_runs_once(manned: Desk) -> None:
    manned.confirm("once")
    for _ in range(3):
        submit(manned, "once")
    took_s = eventually(lambda: manned.ended("once"))
    submit(manned, "once")
    manned.confirm("after")
    eventually(lambda: manned.ended("after"))

    assert ["w"] == manned.told("carries", "once")
    assert took_s < 30  # half a second on an idle machine


def test_what_was_confirmed_but_never_submitted_is_carried_all_the_same(manned: Desk) -> None:
    """The caller died between the two."""
    manned.confirm("unsaid")

    eventually(lambda: manned.ended("unsaid"))


def test_what_failed_unexpectedly_is_told_and_tried_again(manned: Desk) -> None:
    manned.confirm("failing", "fail 2")

    eventually(lambda: manned.ended("failing"))

    failed = [e for e in manned.journal.events(operation_id="failing") if "failed" in e.what]
    assert [2, 1] == [e.detail["times"] for e in failed]
    assert "RuntimeError: nobody expected that" == failed[0].detail["error"]
    assert "Traceback" in manned.log_of("w")


def test_a_retried_operation_runs_again_under_its_own_id(manned: Desk) -> None:
    manned.confirm("retried")
    eventually(lambda: manned.ended("retried"))

    for _ in range(2):
        manned.journal.move("retried", OperationState.RUNNING, at=datetime.now(UTC), actor=ACTOR)
        submit(manned, "retried")
        eventually(lambda: manned.ended("retried"))

    assert ["w"] * 3 == manned.told("ended", "retried")


def test_an_operation_is_not_begun_within_its_hold(manned: Desk) -> None:
    manned.confirm("held", hold_s=4)
    until = manned.journal.operation("held").hold_until
    eventually(lambda: manned.told("held", "held") == ["w"])

    eventually(lambda: manned.ended("held"))

    begun = manned.journal.operation("held").started_at
    assert begun is not None
    assert begun >= until


def test_what_awaits_approval_is_in_nobody_s_hands_until_it_has_it(manned: Desk) -> None:
    awaiting = {"state": OperationState.AWAITING, "needs_approval": "more than 0 bookings"}
    manned.confirm("awaiting", hold_s=600, **awaiting)
    submit(manned, "awaiting")
    manned.confirm("while")
    eventually(lambda: manned.ended("while"))
    assert [] == manned.told("held", "awaiting") + manned.told("carries", "awaiting")

    now = datetime.now(UTC)
    manned.journal.approve("awaiting", by="ben@example.test", at=now, hold_until=now)

    eventually(lambda: manned.ended("awaiting"))
    assert ["w"] == manned.told("carries", "awaiting")


def test_a_stop_wakes_an_operation_that_waits(manned: Desk) -> None:
    manned.confirm("waiting", "wait 600")
    eventually(lambda: manned.told("carries", "waiting") == ["w"])
    manned.confirm("next")
    eventually(lambda: manned.ended("next"))

    manned.journal.move("waiting", OperationState.STOPPING, at=datetime.now(UTC), actor=ACTOR)

    eventually(lambda: manned.state("waiting") is OperationState.STOPPED)


def test_waiting_operations_leave_room_for_others(manned: Desk) -> None:
    for n in range(3):
        manned.confirm(f"waits{n}", "wait 600")

    manned.confirm("op")

    eventually(lambda: manned.ended("op"))
    eventually(lambda: all(manned.told("carries", f"waits{n}") for n in range(3)))
    assert all(manned.state(f"waits{n}") is OperationState.RUNNING for n in range(3))


def test_only_so_many_operations_are_worked_on_at_once(manned: Desk) -> None:
    ids = [f"block{n}" for n in range(3)]
    for id_ in ids:
        manned.confirm(id_, "block")

    def begun() -> list[str]:
        return [id_ for id_ in ids if manned.told("carries", id_)]

    eventually(lambda: len(begun()) == 2)
    manned.let_go(begun()[0])
    eventually(lambda: len(begun()) == 3)
    for id_ in ids:
        manned.let_go(id_)
    eventually(lambda: manned.ended(*ids))


def test_a_worker_that_lost_its_connections_goes_on(manned: Desk) -> None:
    if manned.url.startswith("sqlite"):
        return
    database = Database(manned.url)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    database.write(lambda connection: connection.execute(cut).all())
    database.close()

    manned.confirm("reconnected")

    eventually(lambda: manned.ended("reconnected"))


def test_a_worker_listens_on_no_port(manned: Desk) -> None:
    (worker,) = manned.workers

    listening = [
        each.laddr
        for each in psutil.Process(worker.pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    ]

    assert [] == listening


def test_the_engine_loads_dbos_only_in_a_worker() -> None:
    """It takes seconds, and a command line call that only submits shall not wait for it."""
    asked = "import sys, core.workers.engine; sys.exit('dbos' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode


def test_what_was_never_confirmed_cannot_be_submitted(manned: Desk) -> None:
    with pytest.raises(UnknownId):
        submit(manned, "nothing")
