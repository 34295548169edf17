"""A worker whose files cannot grow ends with a reason, so that its supervisor starts it again."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.app.stores import SqlJournal
from tests.contract.cli.test_messages import settings

__all__ = ["settings"]  # a fixture

ROOT = Path(__file__).parents[3]
PATIENCE_S = 90


def test_a_worker_whose_files_cannot_grow_ends_with_a_reason(settings: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "core", "worker", "--unfit-after", "3"]
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(settings), stderr=subprocess.PIPE, text=True
    ) as worker:
        try:
            _alive(settings["OPS_DATABASE_URL"], worker)
            # a limit of the process, which its next start may not have; a full disk is waited for
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            _, said = worker.communicate(timeout=PATIENCE_S)
        finally:
            worker.kill()

    assert 1 == worker.returncode, said[-2000:]
    assert "the worker ends: the disk fails: the " in said


def _alive(url: str, worker: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE_S
    journal = SqlJournal(url)
    try:
        while not any(each.pid == worker.pid for each in journal.workers()):
            assert worker.poll() is None, "the worker ended before it began"
            assert time.monotonic() < until, "the worker never began"
            time.sleep(0.1)
    finally:
        journal.close()
