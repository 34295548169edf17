"""State outlives the processes, however they end; the processes do not outlive their owner."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg

from sandbox.supabase import LocalSupabase

ROOT = Path(__file__).resolve().parents[3]
OWNER = """
import sys, time
from pathlib import Path
from sandbox.supabase import LocalSupabase
settings = LocalSupabase(Path(sys.argv[1])).start()
print(settings.db_url, flush=True)
time.sleep(600)
"""


def _until(done: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def _owner(state: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(state)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_state_survives_kill_9_of_the_group_and_of_every_child(tmp_path: Path) -> None:
    process, url = _owner(tmp_path)
    assert process.stdout is not None
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into hubspot_contact_credits (hubspot_id) values ('kept')")
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    _until(lambda: all(_gone(child) for child in children))
    secrets = (tmp_path / "secrets.json").read_text()

    process, url = _owner(tmp_path)  # and now nobody is left to end anything in order
    assert process.stdout is not None
    children = psutil.Process(process.pid).children(recursive=True)
    for victim in [psutil.Process(process.pid), *children]:
        with contextlib.suppress(psutil.NoSuchProcess):  # died of the one before
            victim.kill()
    process.wait()
    process.stdout.close()

    with LocalSupabase(tmp_path) as again:
        url = f"{again.settings.url}/rest/v1/hubspot_contact_credits"
        answer = httpx.get(url, headers={"apikey": again.settings.service_role_key}, timeout=60)
        assert [row["hubspot_id"] for row in answer.json()] == ["kept"]
    assert (tmp_path / "secrets.json").read_text() == secrets


def test_a_server_left_running_on_the_data_is_ended_first(tmp_path: Path) -> None:
    """As after a kill of owner and leash at once on a system that cannot tie them."""
    first = LocalSupabase(tmp_path)
    first.start()
    with LocalSupabase(tmp_path) as second:  # takes over while the first still runs
        url = f"{second.settings.url}/rest/v1/hubspot_mock_exams"
        assert (
            httpx.get(url, headers={"apikey": second.settings.service_role_key}, timeout=60).json()
            == []
        )
    first.stop()


def test_secrets_are_for_their_owner_alone(stack: LocalSupabase) -> None:
    names = ("secrets.json", "postgrest.conf", "gateway.json")
    modes = {(stack.state_dir / name).stat().st_mode & 0o777 for name in names}

    assert modes == {0o600}
    log = (stack.state_dir / "gateway.log").read_text()
    assert json.loads((stack.state_dir / "secrets.json").read_text())["jwt_secret"] not in log
