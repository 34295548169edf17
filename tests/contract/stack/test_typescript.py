"""A TypeScript client made from the API's own description, over the real stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.npm import NodeMissing, install, tool
from tests.contract.stack.test_api import CS, WITHIN_S, Servers, server
from tests.crash.desk import Desk
from tests.crash.waiting import wait_for
from tests.e2e.conftest import healthy

HERE = Path(__file__).parent / "typescript"
#: What the API has a default for need not be sent.
GENERATE = ("--default-non-nullable", "false")
COMPILE = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "client.ts")
TIMEOUT_S = 120


@pytest.fixture
def packages() -> Path:
    try:
        return install(HERE, "typescript-client")
    except NodeMissing as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture
def work(packages: Path) -> Iterator[Path]:
    """Beside the packages, where Node finds them."""
    with tempfile.TemporaryDirectory(dir=packages.parent, prefix="work-") as folder:
        shutil.copy(HERE / "client.ts", folder)
        yield Path(folder)


@pytest.fixture
def servers(sandbox: dict[str, str], tmp_path: Path) -> Iterator[Servers]:
    desk = Desk({**sandbox, "CREDIT_DESK_API_WAIT_S": "30"}, tmp_path)
    desk.core("provision")
    key = desk.core("keys", "make", "student-app", "--scope", "book")["key"]
    with server(desk, tmp_path / "server.log") as (origin, _):
        wait_for(partial(healthy, origin), within_s=WITHIN_S)
        yield Servers(desk, [origin], key)
    desk.close()


def run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert 0 == done.returncode, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_a_generated_client_cancels_an_exam_from_preview_to_end(
    servers: Servers, packages: Path, work: Path
) -> None:
    students = [servers.student(cs_credits=1) for _ in range(2)]
    exam = servers.exam("Clinical Skills", "2031-07-01")
    booked = [servers.book(student, exam, f"ts-{student}").json() for student in students]
    made = servers.desk.core("keys", "make", "admin-app", "--scope", "admin")
    origin, admin = servers.origins[0], servers.desk.environment["CREDIT_DESK_ADMINS"]
    described = httpx.get(f"{origin}/api/v1/openapi.json").text
    (work / "openapi.json").write_text(described)
    node = tool("node")

    cli = packages / "openapi-typescript/bin/cli.js"
    run([*node, str(cli), "openapi.json", *GENERATE, "-o", "schema.d.ts"], work)
    run([*node, str(packages / "typescript/bin/tsc"), *COMPILE], work)
    told: dict[str, Any] = json.loads(
        run([*node, "client.js", origin, made["key"], admin, exam], work)
    )

    assert (2, {"cs_credits": 2}, True) == (
        told["plan"]["counts"]["will change"], told["plan"]["credits"], told["samePlan"],
    )  # fmt: skip
    done = told["done"]
    assert ("done", {"done": 2}, admin, f"api:admin-app/{made['id']}") == (
        done["state"], done["counts"], done["confirmed_by"], done["via"],
    )  # fmt: skip
    assert {each["bookings"][0]["record_id"] for each in booked} == set(told["records"])
    assert "/api/v1/problems/wrong-state" == told["refused"]
    assert [(1, 1)] * 2 == [servers.held(student, CS) for student in students]
    assert 0 == servers.seats(exam)
