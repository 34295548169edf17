"""Slots that several processes share, in a file and in PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.database.database import SCHEMA
from core.database.fleeting import transaction
from core.hubspot.pace.shared_slots import LOOK_AGAIN_S, SharedSlots, open_engine
from core.hubspot.pace.slots import TICK_S, Grant, Limit, Wait
from tests.contract.journal.stores import fresh_database, postgres_server

FOREVER = Limit(count=40, window_s=1000.0)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/desk.sqlite"
    return fresh_database(request.getfixturevalue("postgres"), "slots")


def test_no_slot_is_given_to_two_who_ask_at_the_same_time(url: str) -> None:
    """Eight engines stand for eight processes; they make the tables at the same time, too."""
    taken: list[int] = []
    lock, ready = threading.Lock(), threading.Barrier(8)

    def race(_: int) -> None:
        ready.wait(60)
        engine = open_engine(url)
        slots = SharedSlots(engine, "calls")
        for _ in range(10):
            answer = slots.take(FOREVER, 0)
            if isinstance(answer, Grant):
                with lock:
                    taken.append(answer.slot)
        engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(race, range(8)))
    engine = open_engine(url)
    busy = SharedSlots(engine, "calls").busy()
    engine.dispose()

    assert len(taken) == len(set(taken)) == busy
    assert 0 < busy <= 40


def test_a_slot_rests_and_comes_back_for_whoever_asks_first(url: str) -> None:
    engine = open_engine(url)
    here, there = SharedSlots(engine, "calls"), SharedSlots(engine, "calls")
    one = Limit(count=1, window_s=0.3)
    grant = here.take(one, 0)
    held = there.take(one, 0)
    assert isinstance(grant, Grant)
    assert isinstance(held, Wait)

    resting_since = time.monotonic()
    here.give_back(one, grant)
    while not isinstance(there.take(one, 0), Grant):
        assert time.monotonic() - resting_since < 60
    engine.dispose()

    assert time.monotonic() - resting_since >= 0.3 - TICK_S


def grants(slots: SharedSlots, *, hasty: bool = False) -> int:
    """How many of one who asks on and on are granted in this moment."""
    return len(list(iter(lambda: isinstance(slots.take(FOREVER, 0, hasty=hasty), Grant), False)))


def test_haste_leaves_a_burst_to_those_of_other_processes_who_are_paced(url: str) -> None:
    engine, other = open_engine(url), open_engine(url)
    here, there = SharedSlots(engine, "calls"), SharedSlots(other, "calls")

    assert 36 == grants(here, hasty=True)
    assert 0 == grants(there, hasty=True)
    assert 4 == grants(there), "no more is kept"
    engine.dispose()
    other.dispose()


def test_haste_is_paced_while_somebody_in_another_process_has_to_wait(url: str) -> None:
    engine, other = open_engine(url), open_engine(url)
    here, there = SharedSlots(engine, "calls"), SharedSlots(other, "calls")
    assert 4 == grants(there)  # an operation, and the last of its takes has to wait

    assert 0 == grants(here, hasty=True), "an even pace has had all of its burst"
    assert 0 == grants(SharedSlots(other, "calls"), hasty=True)
    engine.dispose()
    other.dispose()


def test_a_sweep_of_another_process_lets_haste_go_first_and_an_operation_does_not(url: str) -> None:
    engine = open_engine(url)
    here, there = SharedSlots(engine, "calls"), SharedSlots(engine, "calls")
    grants(here, hasty=True)  # the last of them has to wait

    assert there.take(FOREVER, 2) == Wait(seconds=LOOK_AGAIN_S)
    assert isinstance(there.take(FOREVER, 1), Grant)
    engine.dispose()


def test_postgresql_keeps_the_slots_out_of_the_public_schema(postgres: str) -> None:
    """Supabase serves it to the world: whoever has the key of an app could hold every slot."""
    engine = open_engine(fresh_database(postgres, "own"))
    inspector = sa.inspect(engine)
    found = (inspector.get_table_names("public"), len(inspector.get_table_names(SCHEMA)))
    engine.dispose()

    assert ([], 3) == found


def test_who_stands_still_with_the_lock_of_all_slots_soon_loses_it(postgres: str) -> None:
    """On SQLite nobody can take it from them; there the processes share one machine."""
    engine = open_engine(fresh_database(postgres, "still"))
    with transaction(engine) as connection:
        shown = connection.exec_driver_sql("show idle_in_transaction_session_timeout").scalar()
    engine.dispose()

    assert "5s" == shown
