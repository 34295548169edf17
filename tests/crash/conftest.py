from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.processes import local_stack
from tests.crash.desk import Desk

SEED = ("--contacts", "2000", "--bookings", "6000", "--exams", "40", "--seed", "11")
FAST = ("--latency-ms", "40", "--rate-limit", "100000")

#: It waits for minutes for what the desk looks at again, and works for seconds.
WAITS = "test_company.py"


@pytest.hookimpl(trylast=True)  # pytest has sorted them by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits begins first, beside the journeys; begun last, it ended long after all others."""
    items.sort(key=lambda item: item.path.name != WAITS)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("stack")
    log = folder.with_suffix(".log")
    with local_stack("--port", "0", "--state", str(folder), *SEED, *FAST, log=log) as settings:
        yield settings


@pytest.fixture
def desk(stack: Mapping[str, str], tmp_path: Path) -> Iterator[Desk]:
    made = Desk(stack, tmp_path)
    yield made
    made.close()
