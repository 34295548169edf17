"""From the command to HubSpot: the files that docs/architecture.md lists, seen on the stacks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path, PurePosixPath
from types import FrameType
from unittest.mock import patch

import httpx
import pytest
from typer.testing import CliRunner

from core.cli.commands import upkeep  # noqa: F401 - it adds `provision`
from core.workers.engine.engine import DbosEngine
from scripts.processes import ROOT
from tests.commands import app
from tests.crash.desk import Desk
from tests.crash.school import CONTACTS, School

#: More than this, and nobody follows the path to its end.
FILES_MAX, CROSSINGS_MAX = 15, 6
CORE = ROOT / "core"


def stack() -> list[str]:
    """The core's files on this thread's stack, the outermost first."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(CORE):
            found.append(path.relative_to(CORE).as_posix())
        frame = frame.f_back
    return found[::-1]


@pytest.fixture
def desk(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Desk]:
    made = Desk(sandbox, tmp_path)
    yield made
    made.close()


def test_a_refund_reaches_hubspot_by_the_files_that_the_docs_list(desk: Desk) -> None:
    assert 0 == CliRunner().invoke(app, ["provision"], env=desk.environment).exit_code
    school = School(desk)
    contact, exam = school.contact(cs_credits=1), school.exam("Clinical Skills", day=70)
    record = school.booking(contact, exam, "Clinical Skills Token", status="Cancelled")
    confirmed: list[list[str]] = []
    written: list[list[str]] = []
    send, submit = httpx.HTTPTransport.handle_request, DbosEngine.submit

    def sending(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(f"/{CONTACTS}/batch/update") and contact in str(
            request.content
        ):
            written.append(stack())
        return send(transport, request)

    def submitting(engine: DbosEngine, key: str) -> None:
        confirmed.append(stack())
        submit(engine, key)

    with (
        patch.object(httpx.HTTPTransport, "handle_request", sending),
        patch.object(DbosEngine, "submit", submitting),
    ):
        asked = ["refund", "--ids", record, "--reason", "a test", "--wait"]
        assert 0 == CliRunner().invoke(app, asked, env=desk.environment).exit_code

    (command,), (engine,) = confirmed, written
    path = command + engine
    folders = [folder for folder, _ in groupby(PurePosixPath(file).parent for file in path)]
    assert listed() == list(dict.fromkeys(path))
    assert len(listed()) <= FILES_MAX
    assert len(folders) - 1 <= CROSSINGS_MAX


def listed() -> list[str]:
    """Of the table in docs/architecture.md: the first cell of each line is one file of the core."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("File by file")[2].partition("\n\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([\w/]+\.py)` \|", table, re.MULTILINE)
