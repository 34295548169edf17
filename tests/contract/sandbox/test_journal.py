"""The webhooks journal, polled with the token that an app gets for its id and secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.hubspot.portal import Portal
from sandbox.hubspot.scopes import JOURNAL

from .conftest import BOOKINGS, TOKEN, Sandbox

FORM = {
    "grant_type": "client_credentials",
    "client_id": Portal().client_id,
    "client_secret": TOKEN,
    "scope": " ".join(sorted(JOURNAL)),
}
PORTAL = Portal().id
BASES = ("/webhooks/v4/journal", "/webhooks-journal/journal/2026-03")
SUBSCRIPTIONS = "/webhooks-journal/subscriptions/2026-03"


class Poller:
    """An app that polls."""

    def __init__(self, hubspot: Sandbox) -> None:
        self.hubspot = hubspot
        told = hubspot.http.post("/oauth/v1/token", data=FORM).json()
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        self.http = httpx.Client(base_url=hubspot.url, headers=headers, trust_env=False)

    def ask(self, method: str, path: str, status: int = 200, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert status == answer.status_code, answer.text
        return answer.json() if answer.content else None

    def subscribe(self, type_: str, actions: list[str], **more: Any) -> Any:
        kind = "ASSOCIATION" if "ASSOCIATION_ADDED" in actions else "OBJECT"
        body = {"subscriptionType": kind, "objectTypeId": type_, "portalId": PORTAL}
        return self.ask("POST", SUBSCRIPTIONS, body={**body, "actions": actions, **more})

    def events(self, base: str = BASES[0]) -> list[dict[str, Any]]:
        """All events, entry by entry as a client reads them."""
        found = []
        entry = self.ask_entry(f"{base}/earliest")
        while entry is not None:
            file = httpx.get(entry["url"], trust_env=False)  # needs no token
            assert 200 == file.status_code
            assert entry["currentOffset"] == file.json()["offset"]
            found += file.json()["journalEvents"]
            entry = self.ask_entry(f"{base}/offset/{entry['currentOffset']}/next")
        return found

    def ask_entry(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code in {200, 204}, answer.text
        return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def poller(start: Callable[..., Sandbox]) -> Iterator[Poller]:
    one = Poller(start())
    yield one
    one.http.close()


@pytest.mark.parametrize("base", BASES)
def test_a_client_reads_what_it_subscribed_to_from_first_to_last(poller: Poller, base: str) -> None:
    assert [] == poller.events(base)
    poller.subscribe("0-1", ["CREATE", "UPDATE", "DELETE"], properties=["sj_credits", "email"])
    hubspot = poller.hubspot
    values = {"email": "new@school.example", "firstname": "New", "sj_credits": "1"}
    made = hubspot.post("/crm/v3/objects/contacts", {"properties": values}, 201)["id"]
    hubspot.patch(f"/crm/v3/objects/contacts/{made}", {"sj_credits": "2", "firstname": "N."})
    hubspot.patch(f"/crm/v3/objects/contacts/{made}", {"firstname": "Nobody asked"})
    hubspot.patch(f"/crm/v3/objects/{BOOKINGS}/501", {"attendance": "Yes"})
    hubspot.http.delete(f"/crm/v3/objects/contacts/{made}")

    created, updated, deleted = poller.events(base)
    assert {
        "type": "OBJECT",
        "portalId": PORTAL,
        "occurredAt": "2026-11-23T12:00:00Z",
        "action": "CREATE",
        "objectTypeId": "0-1",
        "objectId": int(made),
        "propertyChanges": {"email": "new@school.example", "sj_credits": "1"},
    } == created
    assert ("UPDATE", {"sj_credits": "2"}) == (updated["action"], updated["propertyChanges"])
    assert ("DELETE", int(made)) == (deleted["action"], deleted["objectId"])


def test_merges_restores_and_associations_are_in_the_journal(poller: Poller) -> None:
    hubspot = poller.hubspot
    poller.subscribe("0-1", ["MERGE", "RESTORE", "DELETE"])
    poller.subscribe("0-1", ["ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"])
    new = hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "102"})["id"]
    hubspot.post("/_sandbox/objects/0-1/103/archive", {})
    hubspot.post("/_sandbox/objects/0-1/103/restore", {})
    path = f"/crm/v4/objects/0-1/104/associations/{BOOKINGS}"
    hubspot.put(path.replace("associations/", "associations/default/") + "/540")
    hubspot.http.delete(f"{path}/540")

    found = poller.events()
    assert [
        ("MERGE", int(new)),
        ("DELETE", 102),
        ("DELETE", 103),
        ("RESTORE", 103),
    ] == [(e["action"], e["objectId"]) for e in found[:4]]
    assert (101, [102]) == (found[0]["primaryObjectId"], found[0]["mergedObjectIds"])
    added, removed = found[4:]
    assert ("ASSOCIATION_ADDED", 104, 540, BOOKINGS, False) == tuple(
        added[k] for k in ("action", "fromObjectId", "toObjectId", "toObjectTypeId", "isPrimary")
    )
    assert "ASSOCIATION_REMOVED" == removed["action"]


def test_a_subscription_may_be_to_some_objects(poller: Poller) -> None:
    poller.subscribe("0-1", ["UPDATE"], properties=["sj_credits"], objectIds=[103])
    for id_ in ("102", "103"):
        poller.hubspot.patch(f"/crm/v3/objects/contacts/{id_}", {"sj_credits": "9"})

    assert [103] == [event["objectId"] for event in poller.events()]


def test_entries_come_in_batches(poller: Poller) -> None:
    poller.subscribe("0-1", ["UPDATE"], properties=["sj_credits"])
    for value in "56789":
        poller.hubspot.patch("/crm/v3/objects/contacts/103", {"sj_credits": value})
    base = "/webhooks-journal/journal-local/2026-09/batch"

    first = poller.ask("GET", f"{base}/earliest/2")["results"]
    rest = poller.ask("GET", f"{base}/{first[-1]['currentOffset']}/next/100")["results"]
    offsets = [one["currentOffset"] for one in first + rest]
    assert 5 == len(set(offsets))
    assert offsets[-2:] == [
        one["currentOffset"] for one in poller.ask("GET", f"{base}/latest/2")["results"]
    ]
    assert offsets[-1] == poller.ask("GET", f"{BASES[0]}/latest")["currentOffset"]
    body = poller.ask("POST", f"{base}/read", 207, {"inputs": [offsets[0], str(uuid4())]})
    assert (1, 1) == (len(body["results"]), body["numErrors"])
    poller.ask("GET", f"{base}/earliest/101", 400)


def test_an_offset_that_is_none_is_refused_and_the_last_has_no_next(poller: Poller) -> None:
    poller.ask("GET", f"{BASES[0]}/offset/{uuid4()}/next", 404)
    poller.subscribe("0-1", ["DELETE"])
    poller.hubspot.http.delete("/crm/v3/objects/contacts/103")
    last = poller.ask("GET", f"{BASES[0]}/latest")["currentOffset"]

    poller.ask("GET", f"{BASES[0]}/offset/{last}/next", 204)


def test_files_are_there_for_minutes_and_entries_for_three_days(poller: Poller) -> None:
    poller.subscribe("0-1", ["DELETE"])
    poller.hubspot.http.delete("/crm/v3/objects/contacts/103")
    entry = poller.ask("GET", f"{BASES[0]}/latest")
    clock = poller.hubspot.clock
    clock.now += timedelta(minutes=6)
    assert 403 == httpx.get(entry["url"], trust_env=False).status_code
    again = poller.ask("GET", f"{BASES[0]}/latest")
    assert 200 == httpx.get(again["url"], trust_env=False).status_code

    clock.now += timedelta(days=3)
    expired = poller.http.get(f"{BASES[0]}/latest")
    assert (401, "EXPIRED_AUTHENTICATION") == (expired.status_code, expired.json()["category"])
    later = Poller(poller.hubspot)
    later.ask("GET", f"{BASES[0]}/latest", 204)
    later.http.close()


def test_the_journal_and_its_subscriptions_outlive_a_restart(start: Callable[..., Sandbox]) -> None:
    first = Poller(start())
    first.subscribe("0-1", ["DELETE"])
    first.hubspot.http.delete("/crm/v3/objects/contacts/103")
    first.http.close()
    first.hubspot.server.stop()

    again = Poller(start())
    again.hubspot.http.delete("/crm/v3/objects/contacts/104")
    assert [103, 104] == [event["objectId"] for event in again.events()]
    again.http.close()


def test_subscriptions_are_listed_and_ended(poller: Poller) -> None:
    one = poller.subscribe("contacts", ["DELETE"])
    two = poller.subscribe(BOOKINGS, ["CREATE"])
    assert ("0-1", ["DELETE"]) == (one["objectTypeId"], one["actions"])
    assert [one, two] == poller.ask("GET", "/webhooks/v4/subscriptions")["results"]
    assert one == poller.ask("GET", f"{SUBSCRIPTIONS}/{one['id']}")

    poller.ask("DELETE", f"{SUBSCRIPTIONS}/{one['id']}", 204)
    poller.ask("GET", f"{SUBSCRIPTIONS}/{one['id']}", 404)
    poller.hubspot.http.delete("/crm/v3/objects/contacts/103")
    assert [] == poller.events()
    poller.ask("DELETE", f"{SUBSCRIPTIONS}/portals/{PORTAL}", 204)
    assert [] == poller.ask("GET", SUBSCRIPTIONS)["results"]


@pytest.mark.parametrize(
    "change",
    [
        {"subscriptionType": "SOMETHING"},
        {"actions": ["ASSOCIATION_ADDED"]},
        {"actions": []},
        {"portalId": 5},
        {"objectTypeId": "bookings"},
        {"objectIds": 5},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(
    poller: Poller, change: dict[str, Any]
) -> None:
    body = {
        "subscriptionType": "OBJECT",
        "objectTypeId": "0-1",
        "portalId": PORTAL,
        "actions": ["CREATE"],
    }
    poller.ask("POST", SUBSCRIPTIONS, 400, {**body, **change})


def test_a_snapshot_is_written_into_the_journal(poller: Poller) -> None:
    asked = {"portalId": PORTAL, "objectTypeId": "0-1", "properties": ["email"]}
    requests = [{**asked, "objectId": 103}, {**asked, "objectId": 9}]
    body = poller.ask(
        "POST", "/webhooks-journal/snapshots/2026-03/crm", body={"snapshotRequests": requests}
    )
    there, gone = (
        poller.ask("GET", f"/webhooks-journal/journal/2026-03/status/{one['snapshotStatusId']}")
        for one in body["snapshotResponses"]
    )
    assert ("SUCCESS", "FAILED") == (there["status"], gone["status"])
    (event,) = poller.events()
    assert ("SNAPSHOT", "student2@school.example") == (
        event["action"],
        event["propertyChanges"]["email"],
    )


def test_the_journal_is_for_an_apps_own_token_and_that_for_the_journal_alone(
    poller: Poller,
) -> None:
    refused = poller.hubspot.get(f"{BASES[0]}/latest", 403)
    assert "developer.webhooks_journal.read" in str(refused)
    poller.ask("GET", "/crm/v3/objects/contacts/101", 403)


def test_the_token_of_another_app_or_of_the_journal_itself_is_no_secret(poller: Poller) -> None:
    another = {"token": "pat-another", "app_id": 99, "name": "Another app"}
    assert poller.hubspot.http.put("/_sandbox/apps", json=another).is_success
    granted = poller.http.headers["Authorization"].removeprefix("Bearer ")

    for secret in ("pat-another", granted, ""):
        answer = poller.hubspot.http.post("/oauth/v1/token", data={**FORM, "client_secret": secret})
        assert "BAD_CLIENT_SECRET" == answer.json()["status"], secret


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_id": "somebody"}, "BAD_CLIENT_ID"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "UNSUPPORTED_GRANT_TYPE"),
        ({"scope": "crm.objects.contacts.read"}, "BAD_SCOPES"),
    ],
)
def test_a_token_is_not_given_to_everybody(
    hubspot: Sandbox, change: dict[str, str], status: str
) -> None:
    answer = hubspot.http.post("/oauth/2026-03/token", data={**FORM, **change})

    assert (400, status) == (answer.status_code, answer.json()["status"])
