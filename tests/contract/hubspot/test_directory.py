"""What the account tells of itself: its id, where its screens are, its people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from core.credits.account import OBJECT_TYPES, Portal
from core.credits.errors import Forbidden
from core.credits.records import Kind
from core.hubspot.client import HubSpot, connect
from sandbox.hubspot.portal import Portal as Sandbox
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.conftest import TOKEN, Served
from tests.contract.hubspot.world import utc_now


@pytest.fixture(params=["2026-09", "v3"])
def client(served: Served, request: pytest.FixtureRequest) -> Iterator[HubSpot]:
    made = connect(
        base_url=served[1],
        token=TOKEN,
        api_version=request.param,
        portal=Portal(),
        now=utc_now,
    )
    yield made
    made.close()


def test_account_names_itself_and_the_page_of_a_record(client: HubSpot, served: Served) -> None:
    portal = served[0].app.desk.portal.id
    found = client.directory().account()

    assert (str(portal), dict(OBJECT_TYPES)) == (found.portal_id, dict(found.types))
    url = f"https://app.hubspot.com/contacts/{portal}/record/0-1/52000000001"
    assert url == found.record_url(Kind.CONTACT, "52000000001")
    assert 1 == client.usage()["total"], "the types are given by their ids"


def test_people_are_named_by_the_id_that_histories_have(client: HubSpot, served: Served) -> None:
    people = served[0].app.desk.portal.people
    assert people

    found = client.directory().people()

    assert {str(user) for user in people} == found.keys()
    assert all("School" in name for name in found.values())
    assert 2 == client.usage()["owners"], "those who left are asked for too"


def test_token_without_the_scope_may_not_read_people(tmp_path: Path) -> None:
    scopes = ALL - {"crm.objects.owners.read"}
    with (
        HubSpotServer(tmp_path, token=TOKEN, portal=Sandbox(), scopes=scopes) as server,
        stamina.set_testing(True, attempts=2),
    ):
        client = connect(
            base_url=server.start(),
            token=TOKEN,
            api_version="2026-09",
            portal=Portal(),
            now=utc_now,
        )
        assert client.directory().account().portal_id
        with pytest.raises(Forbidden):
            client.directory().people()
        client.close()
