"""What connections to a PostgreSQL are made with, and what is said of one that is not reached."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import OperationalError as Unreached
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from core.database.database import Database
from core.database.fleeting import opened
from core.workers.engine.dbos_runtime import pooled_engine
from core.workers.engine.proof import tables_fault

DIRECT = "postgresql://postgres:canary@db.abcdefghijklmnop.supabase.co:5432/postgres"
POOLER = "postgresql://postgres.abc:canary@aws-0-eu-1.pooler.supabase.com:6543/postgres"
SAID = 'connection to server at "2600:1f::1", port 5432 failed: Network is unreachable'


def told(url: str, error: DBAPIError) -> str:
    return str(Database(url)._failure(error, "failed"))


def unreached() -> DBAPIError:
    return OperationalError("SELECT 1", {}, Unreached(SAID))


def test_the_direct_host_that_is_not_reached_is_said_to_be_ipv6_only() -> None:
    words = told(DIRECT, unreached())

    assert SAID in words
    assert "answers over IPv6 alone" in words
    assert "Session pooler, port 5432" in words
    assert "canary" not in words


@pytest.mark.parametrize("url", [POOLER, "postgresql://desk@10.0.0.7/desk"])
def test_of_another_host_nothing_is_said_of_ipv6(url: str) -> None:
    assert "IPv6" not in told(url, unreached())


def test_what_the_server_itself_refuses_is_not_blamed_on_ipv6() -> None:
    refused = DBAPIError("SELECT 1", {}, InsufficientPrivilege("permission denied"))

    assert told(DIRECT, refused).endswith("permission denied")


def test_neither_journal_nor_engine_prepares_a_statement() -> None:
    """A pooler of transactions hands the next one to a connection that does not know it."""
    for engine in (Database(POOLER).engine, pooled_engine(POOLER)):
        given: list[dict[str, Any]] = []

        @event.listens_for(engine, "do_connect")
        def _connect(*args: Any, given: list[dict[str, Any]] = given) -> None:
            given.append(args[-1])
            raise Unreached(SAID)

        with pytest.raises(OperationalError):
            engine.connect()
        assert [None] == [each["prepare_threshold"] for each in given]


def test_a_server_whose_machine_is_gone_is_given_up_within_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it a thread that waits for an answer waits two hours, as Linux does by itself."""
    given: list[dict[str, Any]] = []

    def connect(*_: Any, **options: Any) -> None:
        given.append(options)
        raise Unreached(SAID)

    monkeypatch.setattr("psycopg.connect", connect)
    for reach in (
        Database(POOLER).engine.connect,
        pooled_engine(POOLER).connect,
        lambda: opened(POOLER, ""),
        lambda: tables_fault(POOLER),
    ):
        with pytest.raises(OperationalError):
            reach()

    assert 4 == len(given)
    for each in given:
        tries_s = each["keepalives_count"] * each["keepalives_interval"]
        assert each["keepalives_idle"] + tries_s <= 30, "it waits for an answer"
        assert each["tcp_user_timeout"] <= 30_000, "what it sent is not taken"
        assert each["connect_timeout"] <= 30
