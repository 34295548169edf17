"""The same cases over HubSpot in memory and over the sandbox, in both of its path styles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from core.credits.account import Portal
from core.hubspot.client import connect
from core.hubspot.inspection import Inspection
from core.hubspot.ports.channels import Channel
from sandbox.hubspot import choices
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.world import FakeWorld, SandboxWorld, World, utc_now

TOKEN = "pat-contract"
Served = tuple[HubSpotServer, str]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One sandbox for all tests: each makes records of its own."""
    with HubSpotServer(tmp_path_factory.mktemp("hubspot"), token=TOKEN, rate_limit=2000) as server:
        base_url = server.start()
        _provision(base_url)
        yield server, base_url


def _provision(base_url: str) -> None:
    """What students are told by, as an account that tells them has it."""
    client = connect(
        base_url=base_url, token=TOKEN, api_version="2026-09", portal=Portal(), now=utc_now
    )
    Inspection(client.hub, channel=Channel.PROPERTIES).provision()
    client.close()


@pytest.fixture
def hubspot(served: Served) -> Iterator[SandboxWorld]:
    """The real client in the default version."""
    yield from _world(served, "2026-09")


@pytest.fixture(params=["fake", "2026-09", "v3"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
    else:
        yield from _world(request.getfixturevalue("served"), request.param)


def _world(served: Served, version: str) -> Iterator[SandboxWorld]:
    server, base_url = served
    begun = choices.show(server.app)  # what the mode says; a test may choose for itself
    client = connect(
        base_url=base_url, token=TOKEN, api_version=version, portal=Portal(), now=utc_now
    )
    with stamina.set_testing(True, attempts=8, cap=True):  # it retries, but does not sleep
        server.app.desk.mailing.pending_ms = 0
        yield SandboxWorld(server, base_url, client)
    server.app.faults.clear()
    server.app.desk.mailing.forget()
    choices.change(server.app, begun)
    client.close()
