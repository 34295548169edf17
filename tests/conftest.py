"""What every kind of test shares. Folders with needs of their own have their own conftest."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import psycopg
import pytest

from scripts.chromium import FLAGS, find_chromium
from scripts.processes import ROOT, local_stack
from tests.simulation import seeds

#: These start servers of their own, on this machine alone. All other tests open no socket.
FOLDERS_WITH_SERVERS = frozenset({"contract", "crash", "e2e"})
LOOPBACK = ["127.0.0.1", "::1"]
SMALL_SEED = ("--contacts", "120", "--bookings", "360", "--exams", "12", "--seed", "7")

#: How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile(
    "laptop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("laptop"), derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "laptop")


def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``. Half of the tests' time is waiting for processes, so more than the cores."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_configure() -> None:
    """Before any worker process is started: all of them collect the same histories."""
    os.environ.setdefault(seeds.SETTING, seeds.drawn())


def pytest_report_header() -> str:
    return f"fresh seeds of the simulations: {seeds.SETTING}={os.environ[seeds.SETTING]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in FOLDERS_WITH_SERVERS:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        if folder in {"crash", "e2e"}:
            item.add_marker(folder)


def pytest_collection_finish() -> None:
    """What was imported stays: no test looks through it for cycles to free."""
    gc.collect()
    gc.freeze()


#: Each test has a desk of its own on the one account that all share. They must not stop each
#: other: what desks do that see each other is tried where a test has an account to itself.
UNSEEN = """
create function public.unseen() returns trigger language plpgsql as 'begin return null; end';
create trigger unseen before insert on public.credit_desk_desks
for each row execute function public.unseen();
"""


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings of a whole local stack, seeded small, alone for this run of the tests."""
    state = tmp_path_factory.mktemp("sandbox")
    log = state.with_suffix(".log")
    with local_stack("--port", "0", "--state", str(state), *SMALL_SEED, log=log) as settings:
        with psycopg.connect(settings["SUPABASE_DB_URL"], autocommit=True) as connection:
            connection.execute(UNSEEN)
        yield settings


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Playwright drives the machine's own Chromium: no browser of its own is downloaded."""
    chromium = find_chromium()
    if chromium is None:
        message = "no Chromium found: `make setup` says how to get one, or set CHROMIUM"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return {**browser_type_launch_args, "executable_path": chromium, "args": [*FLAGS]}
