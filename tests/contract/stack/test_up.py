"""``python -m sandbox``: the processes, as scripts and ``make run`` use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from tests.conftest import SMALL_SEED

ROOT = Path(__file__).resolve().parents[3]
FIVE = (
    "sj_credits",
    "cs_credits",
    "sjmini_credits",
    "mock_discussion_token",
    "shared_mock_credits",
)
NAMES = {
    "HUBSPOT_BASE_URL",
    "HUBSPOT_TOKEN",
    "HUBSPOT_CLIENT_SECRET",
    "HUBSPOT_APP_ID",
    "SUPABASE_URL",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "SUPABASE_DB_URL",
    "OIDC_METADATA_URL",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "AUTH_COOKIE_SECRET",
    "STATE_DIR",
}


@dataclass
class Up:
    """A running ``sandbox up``."""

    process: subprocess.Popen[str]
    settings: dict[str, str]

    def end(self, number: signal.Signals) -> int:
        os.killpg(self.process.pid, number)
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        assert self.process.stdout.read() == "", "one line, and no more"
        self.process.stdout.close()
        return code


def _sandbox(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _up(state: Path, log: Path) -> Up:
    command = [sys.executable, "-m", "sandbox", "up", "--state", str(state), "--port", "0"]
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [*command, *SMALL_SEED],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, log.read_text()
    return Up(process, json.loads(line))


def _until(done: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def runs(folder: Path) -> Iterator[list[Up]]:
    """Every start so far; the last one may still run."""
    started: list[Up] = []
    yield started
    if started and started[-1].process.poll() is None:
        assert started[-1].end(signal.SIGTERM) == 0


@pytest.fixture
def up(folder: Path, runs: list[Up]) -> Up:
    """The one that runs, started again when a test before has ended it."""
    if not runs or runs[-1].process.poll() is not None:
        runs.append(_up(folder / "state", folder / "log"))
    return runs[-1]


def _hubspot(settings: dict[str, str], path: str, body: object = None) -> Any:
    answer = httpx.request(
        "POST" if body else "GET",
        settings["HUBSPOT_BASE_URL"] + path,
        headers={"Authorization": f"Bearer {settings['HUBSPOT_TOKEN']}"},
        json=body,
        timeout=60,
    )
    assert answer.status_code in (200, 207), answer.text
    return answer.json()


def _truth(settings: dict[str, str], ids: list[str]) -> dict[str, dict[str, str | None]]:
    found: dict[str, dict[str, str | None]] = {}
    for start in range(0, len(ids), 100):
        inputs = [{"id": id_} for id_ in ids[start : start + 100]]
        body = {"inputs": inputs, "properties": list(FIVE)}
        answer = _hubspot(settings, "/crm/v3/objects/contacts/batch/read", body)
        found |= {row["id"]: row["properties"] for row in answer["results"]}
    return found


def _mirror(settings: dict[str, str]) -> dict[str, dict[str, int]]:
    rest = settings["SUPABASE_URL"] + "/rest/v1/hubspot_contact_credits"
    key = {"apikey": settings["SUPABASE_SERVICE_ROLE_KEY"]}
    rows = httpx.get(rest, headers=key, timeout=60).json()
    return {row["hubspot_id"]: row for row in rows}


def _count(raw: str | None) -> int | str:
    try:
        number = float(raw or 0)
    except ValueError:
        return str(raw)
    return int(number) if number >= 0 and number == int(number) else str(raw)


def test_the_mirror_differs_from_the_truth_just_where_that_was_planted(up: Up) -> None:
    planted = json.loads((Path(up.settings["STATE_DIR"]) / "planted.json").read_text())
    drift = planted["drift"]["contacts"]
    mirror = _mirror(up.settings)
    truth = _truth(up.settings, sorted(mirror))

    unequal = {
        id_
        for id_, row in mirror.items()
        if id_ not in truth or [_count(truth[id_][k]) for k in FIVE] != [row[k] for k in FIVE]
    }
    merged = {id_ for pair in planted["merged"] for id_ in (pair["primary"], pair["other"])}
    causes = ("unreadable_value", "changed_in_hubspot", "changed_in_mirror", "older_copy")
    expected = {id_ for cause in causes for id_ in drift[cause]}
    assert unequal - merged == expected | {*drift["orphan_row"], *drift["contact_gone"]}
    assert not {*drift["missing_row"]} & mirror.keys()
    assert len(_truth(up.settings, drift["missing_row"])) == len(drift["missing_row"])


def test_the_world_of_a_started_stack_moves_as_its_seed_says(tmp_path: Path) -> None:
    alone = _up(tmp_path / "state", tmp_path / "log")  # the others' must stay as it was planted
    try:
        moved = _sandbox(
            "live", "--state", str(tmp_path / "state"), "--acts", "8", "--per-second", "50"
        )
    finally:
        alone.end(signal.SIGTERM)

    assert moved.returncode == 0, moved.stderr
    assert sum(json.loads(moved.stdout).values()) == 8


def test_a_world_that_is_not_started_does_not_move(tmp_path: Path) -> None:
    moved = _sandbox("live", "--state", str(tmp_path))

    assert moved.returncode == 1
    assert "python -m sandbox up" in moved.stderr


def test_the_settings_work_and_are_printed_again(up: Up) -> None:
    again = _sandbox("env", "--state", up.settings["STATE_DIR"])

    assert up.settings.keys() == NAMES
    assert json.loads(again.stdout) == up.settings
    assert (Path(up.settings["STATE_DIR"]) / "env.json").stat().st_mode & 0o777 == 0o600
    assert httpx.get(up.settings["OIDC_METADATA_URL"], timeout=60).json()["issuer"]
    assert _hubspot(up.settings, "/crm/v3/objects/contacts?limit=1")["results"]
    with psycopg.connect(up.settings["SUPABASE_DB_URL"]) as connection:
        versions = connection.execute(
            "select count(*) from supabase_migrations.schema_migrations"
        ).fetchone()
        assert versions is not None
        assert versions[0] == len(list((ROOT / "supabase" / "migrations").glob("*.sql")))


def test_a_second_start_on_one_state_is_refused(up: Up) -> None:
    second = _sandbox("up", "--state", up.settings["STATE_DIR"], "--port", "0")

    assert second.returncode == 1
    assert second.stdout == ""
    assert "runs on" in second.stderr


def test_data_secrets_and_ports_survive_an_end_and_a_kill_9(up: Up, folder: Path) -> None:
    url = f"{up.settings['HUBSPOT_BASE_URL']}/crm/v3/objects/contacts"
    bearer = {"Authorization": f"Bearer {up.settings['HUBSPOT_TOKEN']}"}
    body = {"properties": {"email": "kept@example.test", "student_id": "77"}}
    made = httpx.post(url, headers=bearer, json=body, timeout=60).json()["id"]
    with psycopg.connect(up.settings["SUPABASE_DB_URL"], autocommit=True) as connection:
        connection.execute("insert into hubspot_contact_credits (hubspot_id) values (%s)", [made])

    everyone = psutil.Process(up.process.pid).children(recursive=True)
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    second = _up(folder / "state", folder / "log")
    try:
        assert second.settings == up.settings
        assert made in _mirror(second.settings)
        assert made in _truth(second.settings, [made])
    finally:
        everyone += psutil.Process(second.process.pid).children(recursive=True)
        assert second.end(signal.SIGTERM) == 0
    _until(lambda: all(_gone(process) for process in everyone))


def test_the_stack_ends_with_a_reason_when_a_part_of_it_dies(up: Up, folder: Path) -> None:
    family = psutil.Process(up.process.pid).children(recursive=True)
    (victim,) = (process for process in family if process.name() == "postgrest")
    victim.kill()

    assert up.process.wait(timeout=60) == 1
    assert up.process.stdout is not None
    up.process.stdout.close()
    assert "PostgREST ended by itself" in (folder / "log").read_text()
    _until(lambda: all(_gone(process) for process in family))


def test_env_of_a_folder_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    asked = _sandbox("env", "--state", str(tmp_path))

    assert asked.returncode == 1
    assert "python -m sandbox up" in asked.stderr


def test_install_has_put_postgrest_into_the_cache() -> None:
    done = _sandbox("install", "--json")

    assert done.returncode == 0
    assert Path(json.loads(done.stdout)["postgrest"]).exists()
