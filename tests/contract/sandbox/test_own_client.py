"""Our client and HubSpot's own Python client look at one account, and see the same.

The cases of our client alone, in both path styles and beside its fake, are in
`tests/contract/hubspot`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.credits.account import Portal
from core.credits.records import BookingId, ContactId, Kind
from core.hubspot.client import HubSpot, connect
from sandbox.hubspot.portal import CREDITS

from .clients import CONTACTS, PythonSdk
from .conftest import BOOKINGS, TOKEN, Sandbox

IDS = [str(101 + n) for n in range(20)]


@pytest.fixture(params=["v3", "2026-09"])
def ours(request: pytest.FixtureRequest, hubspot: Sandbox) -> Iterator[HubSpot]:
    client = connect(
        base_url=hubspot.url,
        token=TOKEN,
        api_version=request.param,
        portal=Portal(),
        now=lambda: datetime.now(UTC),
    )
    yield client
    client.close()


@pytest.fixture
def theirs(hubspot: Sandbox) -> PythonSdk:
    return PythonSdk(hubspot.url, TOKEN)


def test_balances(ours: HubSpot, theirs: PythonSdk) -> None:
    asked = {
        "inputs": [{"id": id_} for id_ in IDS],
        "properties": list(CREDITS),
        "propertiesWithHistory": [],
    }
    rows = {row["id"]: row["properties"] for row in theirs.batch(CONTACTS, "read", asked).results}

    contacts = ours.contacts([ContactId(id_) for id_ in IDS])

    for id_, row in rows.items():
        contact = contacts[ContactId(id_)]
        assert contact is not None
        assert {name: float(row[name] or 0) for name in CREDITS} == {
            str(name): balance for name, balance in contact.balances.items()
        }


def test_a_merged_contact(ours: HubSpot, theirs: PythonSdk) -> None:
    merged = theirs.merge("101", "102").body["id"]

    contacts = ours.contacts([ContactId("101"), ContactId("102")])

    assert {merged} == {contact.id for contact in contacts.values() if contact}
    assert 2 == len(contacts)


def test_who_a_booking_belongs_to(ours: HubSpot, theirs: PythonSdk) -> None:
    ends = theirs.links(BOOKINGS, "505", CONTACTS).results

    booking = ours.bookings([BookingId("505")])[BookingId("505")]

    assert booking is not None
    assert [str(end["toObjectId"]) for end in ends] == [str(id_) for id_ in booking.contact_ids]


def test_histories(ours: HubSpot, theirs: PythonSdk) -> None:
    for value in ("7", "8"):
        theirs.update(CONTACTS, "103", {"sj_credits": value})
    body = theirs.get(CONTACTS, "103", history=["sj_credits"]).body
    versions = body["propertiesWithHistory"]["sj_credits"]

    history = ours.histories(Kind.CONTACT, ["103"], ["sj_credits"])["103"]

    assert history is not None
    assert [8, 7, 2] == [float(version.value or 0) for version in history["sj_credits"]]
    assert [8, 7, 2] == [float(version["value"]) for version in versions]
