"""Sweeps have the promises of operations, and hold none of them up."""

from __future__ import annotations

import signal
import time

import pytest

from core.credits.errors import UnknownId
from core.drift.sweeps import SweepMode
from core.workers.engine.engine import DbosEngine
from tests.contract.engine.conftest import SILENT_S, Desk, eventually
from tests.contract.engine.test_engine import stun

pytestmark = pytest.mark.timeout(300)


def begun(desk: Desk, sweep_id: str, pages: int = 3) -> None:
    eventually(lambda: desk.pages(sweep_id) >= pages)


def first_page(desk: Desk, sweep_id: str, worker: str) -> int:
    """Where this worker went on."""
    lines = (desk.folder / "told").read_text().splitlines()
    (found,) = (
        int(words[0].removeprefix("from-page-"))
        for words in map(str.split, lines)
        if words[0].startswith("from-page-") and words[1:3] == [sweep_id, worker]
    )
    return found


def test_another_worker_goes_on_at_the_saved_page_of_a_killed_one(desk: Desk) -> None:
    first = desk.worker("first")
    desk.ask_sweep("s")
    begun(desk, "s")
    desk.worker("second")
    eventually(lambda: len(desk.journal.workers()) == 2)

    desk.kill(first)
    saved = desk.pages("s")
    eventually(lambda: desk.told("sweeps", "s") == ["first", "second"])
    desk.let_go("s")

    eventually(lambda: desk.told("swept", "s") == ["second"])
    assert saved == first_page(desk, "s", "second")


def test_a_worker_that_starts_again_goes_on_with_its_sweep(desk: Desk) -> None:
    desk.ask_sweep("s")
    worker = desk.worker("w")
    begun(desk, "s")
    desk.kill(worker)
    saved = desk.pages("s")

    desk.worker("again")

    eventually(lambda: desk.told("sweeps", "s") == ["w", "again"])
    assert saved == first_page(desk, "s", "again") >= 3


def test_a_worker_that_only_seemed_dead_saves_no_page_more(desk: Desk) -> None:
    stunned = desk.worker("stunned", "--dead-after", SILENT_S)
    desk.ask_sweep("s")
    begun(desk, "s")
    desk.worker("second", "--dead-after", SILENT_S)

    stun(desk, stunned)
    eventually(lambda: desk.told("sweeps", "s") == ["stunned", "second"])
    stunned.send_signal(signal.SIGCONT)
    eventually(lambda: desk.has_left("stunned"))
    desk.let_go("s")

    eventually(lambda: desk.told("swept", "s") == ["second"])
    assert desk.journal.sweep("s").complete


def test_a_worker_asked_to_end_lets_a_sweep_go_at_once(desk: Desk) -> None:
    worker = desk.worker("w", "--grace", "60")
    desk.ask_sweep("s")
    begun(desk, "s")

    at = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert 0 == worker.wait(timeout=100)

    assert time.monotonic() - at < 30  # a second or two on an idle machine
    desk.let_go("s")
    desk.worker("next")
    eventually(lambda: desk.told("swept", "s") == ["next"])


def test_sweeps_hold_up_no_operation_and_operations_no_sweep(desk: Desk) -> None:
    desk.worker("w", "--at-once", "1")
    for mode in SweepMode:
        desk.ask_sweep(mode.value, mode)
    eventually(lambda: sum(bool(desk.told("sweeps", mode.value)) for mode in SweepMode) == 2)

    desk.confirm("blocks", "block")
    eventually(lambda: desk.told("carries", "blocks") == ["w"])
    for mode in SweepMode:
        desk.let_go(mode.value)
    eventually(lambda: all(desk.journal.sweep(mode.value).complete for mode in SweepMode))

    assert [] == desk.told("ended", "blocks")
    desk.let_go("blocks")
    eventually(lambda: desk.ended("blocks"))


def test_a_sweep_that_nobody_asked_for_cannot_be_submitted(desk: Desk) -> None:
    with pytest.raises(UnknownId):
        DbosEngine(desk.journal, desk.url).submit("sweep/none")
