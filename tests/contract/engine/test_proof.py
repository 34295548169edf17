"""Whether an engine starts is proved by starting one, apart from those at work."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from core.gateways.engine.proof import SCHEMA, start_fault
from core.gateways.engine.system import System
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
