"""Processes of their own for the journal's tests, which go on together when a test says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from scripts.processes import ROOT

Child = subprocess.Popen[str]


@contextmanager
def starting() -> Iterator[Callable[..., Child]]:
    """Starts one that does a job of ``child.JOBS``; in the end all are killed."""
    started: list[Child] = []

    def start(*args: str) -> Child:
        command = [sys.executable, "-m", "tests.contract.journal.child", *args]
        pipe = subprocess.PIPE
        begun = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        started.append(begun)
        return begun

    yield start
    for each in started:
        each.kill()
        each.communicate()


def until_ready(*children: Child) -> None:
    for each in children:
        assert each.stdout is not None
        assert "ready\n" == each.stdout.readline()


def go_on(*children: Child) -> list[list[Any]]:
    """Let them go on together; what each of them told."""
    with ThreadPoolExecutor(len(children)) as pool:
        answers = list(pool.map(lambda each: each.communicate("go\n")[0], children))
    assert [0] * len(children) == [each.returncode for each in children]
    return [json.loads(answer) for answer in answers]
