"""Other people's clients read the sandbox as they read HubSpot; `python -m tests.clients` runs all.

Here are those that are installed in seconds. HubSpot's own two of the undated versions are in
test_clients.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.clients import account
from tests.clients.environments import CLIENTS, Client, Unavailable
from tests.clients.running import run

QUICK = ("hubspot-sdk", "tap-hubspot", "meltano-tap-hubspot")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with account.serving() as address:
        yield address


@pytest.mark.parametrize(
    "client", [one for one in CLIENTS if one.name in QUICK], ids=lambda one: one.name
)
def test_a_client_reads_every_contact_booking_and_exam(url: str, client: Client) -> None:
    try:
        result = run(client, url)
    except Unavailable as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))

    assert ("", account.WHOLE) == (result.fault, result.counts)
