"""How often each may ask: in memory, and over processes that share a file or PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from core.access.store.rate import CONNECTIONS, SharedPace
from core.access.store.rate_port import Pace
from core.credits.errors import JournalError
from core.database.database import SCHEMA
from tests.contract.journal.children import Child, go_on, until_ready
from tests.fakes.pace import MemoryPace

#: No test lives to see the next one let in.
SLOW = 0.001


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def pace(request: pytest.FixtureRequest) -> Iterator[Pace]:
    if request.param == "memory":
        yield MemoryPace()
        return
    shared = SharedPace(request.getfixturevalue(f"{request.param}_journal_url"))
    yield shared
    shared.close()


@pytest.fixture
def two(url: str) -> Iterator[tuple[SharedPace, SharedPace]]:
    """Of two processes."""
    both = SharedPace(url), SharedPace(url)
    yield both
    for each in both:
        each.close()


def do(pace: SharedPace, statement: str, **values: float) -> None:
    """Past it, to the table that it keeps."""
    table = "api_pace" if pace.url.startswith("sqlite") else f"{SCHEMA}.api_pace"
    with pace._opened().connect() as connection:
        connection.execute(sa.text(statement.format(table)), values)


def test_after_a_silence_so_many_are_let_in_and_the_next_is_told_when(pace: Pace) -> None:
    taken = [pace.take("a", rate=SLOW, most=3) for _ in range(5)]

    assert [0.0] * 3 == taken[:3]
    assert all(990 < wait_s <= 1000 for wait_s in taken[3:]), taken


def test_who_asks_too_often_holds_up_nobody_else(pace: Pace) -> None:
    assert 0 == pace.take("a", rate=SLOW, most=1) < pace.take("a", rate=SLOW, most=1)

    assert 0 == pace.take("b", rate=SLOW, most=1)


def test_who_waits_is_let_in_again(pace: Pace) -> None:
    def ask() -> float:
        return pace.take("a", rate=10, most=1)

    assert ask() == 0

    while wait_s := ask():
        assert wait_s <= 1 / 10


def test_processes_count_together(two: tuple[SharedPace, SharedPace]) -> None:
    here, there = two

    taken = [each.take("a", rate=SLOW, most=3) for each in (here, there, here, there)]

    assert [True, True, True, False] == [wait_s == 0 for wait_s in taken]


def test_processes_that_ask_at_the_same_time_get_no_more_than_one_alone(
    url: str, child: Callable[..., Child]
) -> None:
    """They make the table at the same time, too."""
    children = [child("pace", url, "60") for _ in range(2)]
    until_ready(*children)

    let_in = [sum(taken) for taken in go_on(*children)]

    assert 40 == sum(let_in)


def test_threads_of_one_process_get_no_more_either(pace: Pace) -> None:
    together = threading.Barrier(2 * CONNECTIONS)

    def ask(_: int) -> float:
        together.wait(60)
        return pace.take("a", rate=SLOW, most=5)

    with ThreadPoolExecutor(2 * CONNECTIONS) as pool:
        taken = list(pool.map(ask, range(2 * CONNECTIONS)))

    assert 5 == taken.count(0)


@pytest.mark.parametrize("astray_s", [3600.0, 1e9])
def test_a_clock_that_was_put_back_bars_nobody(
    two: tuple[SharedPace, SharedPace], astray_s: float
) -> None:
    here, _ = two
    here.take("a", rate=1, most=3)
    do(here, "update {} set due = due + :later", later=astray_s)

    assert 0 == here.take("a", rate=1, most=3)


def test_a_store_that_fails_is_told_as_that(two: tuple[SharedPace, SharedPace]) -> None:
    here, _ = two
    here.take("a", rate=1, most=3)
    do(here, "drop table {}")

    with pytest.raises(JournalError, match="how often"):
        here.take("a", rate=1, most=1)
