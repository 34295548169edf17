"""Journal, engine, slots and paces behind a pooler of transactions: Supabase's port 6543."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from core.access.store.rate import SharedPace
from core.hubspot.pace.shared_slots import SharedSlots, open_engine
from core.hubspot.pace.slots import Grant, Limit
from core.workers.engine.dbos_runtime import system_url
from core.workers.engine.proof import tables_fault
from tests.contract.engine.conftest import Desk, eventually, opened
from tests.contract.engine.pooler import pooled
from tests.contract.journal.stores import fresh_database

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    """Behind the pooler."""
    with pooled(fresh_database(postgres_url, "pooled")) as behind:
        yield behind


def test_the_pooler_of_these_tests_forgets_what_a_session_prepared_and_set(url: str) -> None:
    """Else they prove nothing."""
    usual = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), connect_args={"prepare_threshold": 0}
    )
    with usual.connect() as connection:
        connection.execute(text("SET lock_timeout = 4711"))
        connection.commit()
        assert "0" == connection.execute(text("SHOW lock_timeout")).scalar()
        connection.commit()
        with pytest.raises(DBAPIError, match=r"prepared statement .* does not exist"):
            connection.execute(text("SHOW lock_timeout"))
    usual.dispose()


def test_two_workers_that_start_together_carry_everything_without_an_error(
    url: str, tmp_path: Path
) -> None:
    """They make the engine's tables, one after the other."""
    with opened(url, tmp_path) as desk:
        ids = [f"op{number}" for number in range(12)]
        for id_ in ids:
            desk.confirm(id_)
        for name in ("first", "second"):
            desk.worker(name)

        eventually(lambda: desk.ended(*ids))
        _look_at_logs(desk, "first", "second")
        assert "" == tables_fault(system_url(url)), "nor does the doctor find one"


def _look_at_logs(desk: Desk, *names: str) -> None:
    for name in names:
        log = desk.log_of(name)
        assert "Traceback" not in log, log
        assert "does not exist" not in log, log


def test_slots_and_paces_are_taken_again_and_again(url: str) -> None:
    limit = Limit(count=10, window_s=10.0)
    slots = SharedSlots(open_engine(url), "pooled")
    pace = SharedPace(url)
    try:
        granted = [slots.take(limit, 0) for _ in range(8)]
        for grant in (each for each in granted if isinstance(each, Grant)):
            slots.give_back(limit, grant)
        waited = [pace.take("key", rate=1000.0, most=20.0) for _ in range(8)]
    finally:
        slots.engine.dispose()
        pace.close()

    assert isinstance(granted[0], Grant)
    assert [0.0] * 8 == waited
