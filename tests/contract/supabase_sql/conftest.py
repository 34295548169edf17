"""One real stack for the whole session; each test gets ids of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from sandbox.supabase import LocalSupabase, SupabaseSettings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSupabase]:
    with LocalSupabase(tmp_path_factory.mktemp("supabase")) as local:
        yield local


@pytest.fixture
def settings(stack: LocalSupabase) -> SupabaseSettings:
    return stack.settings


@pytest.fixture(scope="session")
def server(stack: LocalSupabase) -> Iterator[httpx.Client]:
    """PostgREST as the desk's server sees it, through the gateway."""
    with client(stack.settings, stack.settings.service_role_key) as made:
        yield made


@pytest.fixture(scope="session")
def db(stack: LocalSupabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.settings.db_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def new_id() -> Iterator[Any]:
    return (f"t{number:06d}" for number in _numbers)


def client(settings: SupabaseSettings, key: str, token: str | None = None) -> httpx.Client:
    headers = {"apikey": key, "Authorization": f"Bearer {token or key}"}
    return httpx.Client(base_url=f"{settings.url}/rest/v1", headers=headers, timeout=60)


def copy(server: httpx.Client, kind: str, *rows: object) -> list[tuple[Any, str]]:
    """(hubspot_id, outcome) for each row, in the order given."""
    answer = server.post("/rpc/credit_desk_copy", json={"kind": kind, "rows": rows})
    assert answer.status_code == 200, answer.text
    return [(row["hubspot_id"], row["outcome"]) for row in answer.json()]


def held(server: httpx.Client, table: str, id_: str) -> dict[str, Any]:
    (row,) = server.get(f"/{table}", params={"hubspot_id": f"eq.{id_}"}).json()
    assert isinstance(row, dict)
    return row
