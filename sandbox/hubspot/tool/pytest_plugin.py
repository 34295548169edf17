"""pytest fixtures: `hubspot_sandbox` begins with the seed in every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.hubspot.tool.account import Account


def pytest_addoption(parser: pytest.Parser) -> None:
    """The files, named in the project's pytest settings relative to its root."""
    parser.addini("hubspot_sandbox_schema", "schema file of the HubSpot sandbox", type="string")
    parser.addini("hubspot_sandbox_seed", "seed file of the HubSpot sandbox", type="string")


@pytest.fixture(scope="session")
def hubspot_sandbox_options() -> dict[str, Any]:
    """Options of every account, as {"search_lag_ms": 500}; override it in conftest.py."""
    return {}


@pytest.fixture(scope="session")
def hubspot_sandbox_session(
    pytestconfig: pytest.Config, hubspot_sandbox_options: dict[str, Any]
) -> Iterator[Account]:
    """One account for all tests; what a test changes stays."""
    root = pytestconfig.rootpath
    names = ("schema", "seed")
    given = {name: str(pytestconfig.getini(f"hubspot_sandbox_{name}") or "") for name in names}
    files = {name: root / path for name, path in given.items() if path}
    with Account(files.get("schema"), files.get("seed"), **hubspot_sandbox_options) as account:
        yield account


@pytest.fixture
def hubspot_sandbox(hubspot_sandbox_session: Account) -> Account:
    """The account as its files say, whatever the tests before did; its URL stays the same."""
    hubspot_sandbox_session.reset()
    return hubspot_sandbox_session
