"""What doctor says of an account, and what provision makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
import stamina

from core.domain.portal import OBJECT_TYPES, Portal
from core.domain.records import MARKER, Kind
from core.gateways.hubspot.client import HubSpot, connect
from core.gateways.hubspot.inspection import Inspection
from core.gateways.ports.inspecting import Finding, Health
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.world import utc_now

RIGHT = "pat-right"


class Serve(Protocol):
    def __call__(self, *, portal: Portal = ..., token: str = ..., **options: Any) -> HubSpot: ...


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """An account with these scopes and properties, and a client to it."""
    with ExitStack() as stack:

        def start(*, portal: Portal | None = None, token: str = RIGHT, **options: Any) -> HubSpot:
            server = HubSpotServer(tmp_path, token=RIGHT, **options)
            stack.enter_context(server)
            client = connect(
                base_url=server.start(),
                token=token,
                api_version="2026-09",
                portal=portal or Portal(),
                now=utc_now,
            )
            stack.callback(client.close)
            return client

        stack.enter_context(stamina.set_testing(True, attempts=2))
        yield start


def wrong(client: HubSpot) -> dict[str, Finding]:
    found = Inspection(client.hub).inspect()
    return {finding.what: finding for finding in found if finding.health is not Health.FINE}


def test_an_account_that_is_as_needed_has_nothing_to_mend(serve: Serve) -> None:
    client = serve()

    assert {} == wrong(client)
    assert len(Inspection(client.hub).inspect()) > 40
    assert [] == Inspection(client.hub).provision()


def test_a_missing_marker_is_named_and_made_where_it_is_missing(serve: Serve) -> None:
    client = serve(portal=Portal())
    for kind in (Kind.CONTACT, Kind.EXAM):
        path = client.hub.paths.properties(OBJECT_TYPES[kind], MARKER)
        client.hub.transport.client.delete(path)

    before = wrong(client)
    made = Inspection(client.hub).provision()

    assert {f"contacts: property {MARKER}", f"exams: property {MARKER}"} == set(before)
    assert {"Run python -m core provision"} == {finding.mend for finding in before.values()}
    assert [f"property {MARKER} of contacts", f"property {MARKER} of exams"] == made
    assert {} == wrong(client)


def test_a_wrong_token_is_all_that_is_said(serve: Serve) -> None:
    found = Inspection(serve(token="wrong").hub).inspect()

    assert [Health.FAULT] == [finding.health for finding in found]
    assert "HUBSPOT_TOKEN" in found[0].mend


def test_missing_scopes_are_named_with_what_they_are_for(serve: Serve) -> None:
    client = serve(scopes=ALL - {"crm.objects.contacts.write", "crm.objects.custom.read"})

    found = wrong(client)

    assert "crm.objects.contacts.write" in found["writing contacts"].mend
    assert "crm.objects.custom.read" in found["reading bookings"].mend
    assert "writing bookings" not in found


def test_an_unknown_object_type_comes_with_those_that_there_are(serve: Serve) -> None:
    types = {**OBJECT_TYPES, Kind.BOOKING: "2-999"}

    found = wrong(serve(portal=Portal(types=types)))

    assert "2-50158913 (bookings)" in found["bookings: object type 2-999"].mend


def test_properties_of_another_type_or_that_cannot_be_written_are_named(serve: Serve) -> None:
    renamed = {
        Kind.CONTACT: {"cs_credits": "company", "sj_credits": "hs_object_id"},
        Kind.BOOKING: {"booking_id": "student_name"},
        Kind.EXAM: {"location": "place"},
    }

    found = wrong(serve(portal=Portal(renamed=renamed)))

    assert "is of type string" == found["contacts: property company"].said
    assert "cannot be written" == found["contacts: property hs_object_id"].said
    assert "does not hold unique values" == found["bookings: property student_name"].said
    assert "exams: property place" in found
    assert Health.WARNING is found["exams: property place"].health
