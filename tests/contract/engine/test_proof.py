"""Whether an engine starts is proved by starting one, apart from those at work."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, select, table, text
from sqlalchemy.engine import make_url

from core.workers.engine.dbos_runtime import SCHEMA as ENGINE_SCHEMA
from core.workers.engine.dbos_runtime import System, system_url
from core.workers.engine.proof import SCHEMA, TABLE, _never, start_fault, tables_fault
from tests.contract.engine.conftest import Desk


def test_an_engine_that_starts_leaves_nothing_behind(desk: Desk) -> None:
    assert "" == start_fault(desk.url)

    url = make_url(desk.url)
    if url.get_backend_name() == "sqlite":
        assert [] == [path.name for path in desk.folder.glob("*engine*")]
    else:
        database = create_engine(url.set(drivername="postgresql+psycopg"))
        assert SCHEMA not in inspect(database).get_schema_names()
        database.dispose()


def test_why_an_engine_does_not_start_is_told_in_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("NOT NULL constraint failed:\n application_versions")

    monkeypatch.setattr(System, "launch", fail)

    assert "RuntimeError: NOT NULL constraint failed: application_versions" == start_fault(desk.url)


def test_the_tables_of_those_at_work_are_tried_without_a_trace(desk: Desk) -> None:
    url = system_url(desk.url)
    assert "" == tables_fault(url), "none are there yet"
    system = System(desk.url, "one", _never, _never)
    system.launch()
    system.destroy()

    assert "" == tables_fault(url)

    made = make_url(url)
    on_file = made.get_backend_name() == "sqlite"
    database = create_engine(made if on_file else made.set(drivername="postgresql+psycopg"))
    named = table(TABLE, schema=None if on_file else ENGINE_SCHEMA)
    with database.connect() as connection:
        kept = [
            each for (each,) in connection.execute(select(text("version_name")).select_from(named))
        ]
    database.dispose()
    assert ["1"] == kept
