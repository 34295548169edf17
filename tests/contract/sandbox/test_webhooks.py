"""Webhooks, received by a server of the test's own and checked with the official signature."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hubspot.utils.signature import Signature  # type: ignore[import-untyped]

from .conftest import Sandbox

SECRET = "client-secret"


class Receiver:
    """Keeps what comes, and answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.requests.append((dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def events(self) -> list[dict[str, Any]]:
        return [event for _, body in self.requests for event in json.loads(body)]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def subscribe(hubspot: Sandbox, receiver: Receiver, *subscriptions: str, **more: Any) -> None:
    plain = {"gather_ms": 10, "duplicate": 0.0, "retry_ms": 10}
    target = {"url": receiver.url, "secret": SECRET, "subscriptions": subscriptions}
    hubspot.put("/_sandbox/webhooks", {**target, **plain, **more})


def test_a_change_is_told_and_signed(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "contact.propertyChange:sj_credits")
    edit = {"properties": {"sj_credits": "4", "cs_credits": "1"}}
    hubspot.post("/_sandbox/objects/0-1/101/edit", edit)
    until(lambda: bool(receiver.requests))

    headers, body = receiver.requests[0]
    assert Signature.is_valid(
        signature=headers["X-HubSpot-Signature-v3"],
        client_secret=SECRET,
        request_body=body,
        http_uri=receiver.url,
        http_method="POST",
        signature_version="v3",
        timestamp=headers["X-HubSpot-Request-Timestamp"],
    )
    (event,) = json.loads(body)
    told = {
        "objectId": 101,
        "propertyName": "sj_credits",
        "propertyValue": "4",
        "changeSource": "CRM_UI",
        "sourceId": "userId:61000001",
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "portalId": 47100812,
    }
    assert told == {key: event[key] for key in told}


def test_a_delivery_has_at_most_a_hundred(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "contact.propertyChange")
    for round_ in range(4):
        values = {name: str(round_ + 5) for name in ("sj_credits", "cs_credits", "sjmini_credits")}
        inputs = [{"id": str(101 + n), "properties": values} for n in range(20)]
        hubspot.post("/crm/v3/objects/contacts/batch/update", {"inputs": inputs})

    until(lambda: len(receiver.events()) == 240)
    assert max(len(json.loads(body)) for _, body in receiver.requests) <= 100


def test_a_failed_delivery_comes_again(hubspot: Sandbox, receiver: Receiver) -> None:
    receiver.answers += [500, 503]
    subscribe(hubspot, receiver, "contact.propertyChange")
    hubspot.patch("/crm/v3/objects/contacts/101", {"sj_credits": "9"})

    until(lambda: len(receiver.events()) == 3)
    assert [0, 1, 2] == [event["attemptNumber"] for event in receiver.events()]
    assert 1 == len({event["eventId"] for event in receiver.events()})


def test_a_denied_delivery_does_not_come_again(hubspot: Sandbox, receiver: Receiver) -> None:
    receiver.answers += [401]
    subscribe(hubspot, receiver, "contact.propertyChange")
    hubspot.patch("/crm/v3/objects/contacts/101", {"sj_credits": "9"})

    until(lambda: hubspot.get("/_sandbox/webhooks")[0]["outcomes"] == {"401": 1})
    assert 0 == hubspot.get("/_sandbox/webhooks")[0]["waiting"]


def test_deliveries_may_come_twice(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "contact.propertyChange", duplicate=1.0)
    hubspot.patch("/crm/v3/objects/contacts/101", {"sj_credits": "9"})

    until(lambda: len(receiver.events()) == 2)
    assert 1 == len({event["eventId"] for event in receiver.events()})


def test_a_merge_tells_of_the_loser_alone(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "contact.merge", "contact.deletion", "contact.propertyChange")
    merge = {"primaryObjectId": "101", "objectIdToMerge": "102"}
    new = hubspot.post("/crm/v3/objects/contacts/merge", merge)["id"]

    until(lambda: len(receiver.events()) == 2)
    events = {event["subscriptionType"]: event for event in receiver.events()}
    assert 102 == events["contact.deletion"]["objectId"]
    merged = events["contact.merge"]
    assert (101, [102], int(new)) == (
        merged["primaryObjectId"],
        merged["mergedObjectIds"],
        merged["newObjectId"],
    )


def test_a_subscription_outlives_a_restart(
    start: Callable[..., Sandbox], receiver: Receiver
) -> None:
    first = start()
    subscribe(first, receiver, "contact.propertyChange")
    first.server.stop()

    start().patch("/crm/v3/objects/contacts/101", {"sj_credits": "9"})
    until(lambda: bool(receiver.events()))


def test_custom_objects_tell_their_type(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "object.creation", "object.deletion")
    hubspot.http.delete("/crm/v3/objects/2-50158943/501")

    until(lambda: bool(receiver.events()))
    (event,) = receiver.events()
    assert ("2-50158943", 501) == (event["objectTypeId"], event["objectId"])


GENERIC = (
    "object.creation",
    "object.deletion",
    "object.propertyChange",
    "object.merge",
    "object.restore",
    "object.associationChange",
)


FLAGS = ("associationRemoved", "isPrimaryAssociation")


def told(receiver: Receiver, count: int) -> dict[str, dict[str, Any]]:
    until(lambda: len(receiver.events()) >= count)
    events = receiver.events()
    assert count == len(events), events
    return {event["subscriptionType"]: event for event in events}


def test_a_contact_is_told_of_in_the_generic_form(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "object.creation@0-1", "object.propertyChange@0-1:sj_credits")
    made = hubspot.post("/crm/v3/objects/contacts", {"properties": {"sj_credits": "2"}}, 201)
    hubspot.post("/crm/v3/objects/companies", {"properties": {"name": "Acme"}}, 201)

    events = told(receiver, 2)
    creation, change = events["object.creation"], events["object.propertyChange"]
    assert {"objectTypeId": "0-1", "objectId": int(made["id"]), "changeFlag": "CREATED"} == {
        key: creation[key] for key in ("objectTypeId", "objectId", "changeFlag")
    }
    assert ("0-1", "sj_credits", "2", False) == tuple(
        change[key] for key in ("objectTypeId", "propertyName", "propertyValue", "isSensitive")
    )
    assert {"eventId", "subscriptionId", "portalId", "appId", "occurredAt", "changeSource"} <= (
        creation.keys() & change.keys()
    )


def test_the_old_form_has_neither_the_type_nor_the_sensitivity(
    hubspot: Sandbox, receiver: Receiver
) -> None:
    subscribe(hubspot, receiver, "contact.propertyChange:sj_credits", "contact.deletion")
    hubspot.patch("/crm/v3/objects/contacts/101", {"sj_credits": "9"})
    hubspot.http.delete("/crm/v3/objects/contacts/102")

    events = told(receiver, 2)
    change, deletion = events["contact.propertyChange"], events["contact.deletion"]
    assert not {"objectTypeId", "isSensitive"} & (change.keys() | deletion.keys())
    assert "DELETED" == deletion["changeFlag"]


def test_both_forms_may_be_subscribed_to_at_once(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "contact.deletion", "object.deletion")
    hubspot.http.delete("/crm/v3/objects/contacts/102")

    assert {"contact.deletion", "object.deletion"} == told(receiver, 2).keys()


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_generic_merge_names_all_ids(hubspot: Sandbox, receiver: Receiver, mode: str) -> None:
    hubspot.put("/_sandbox/options", {"merge_ids": mode})
    subscribe(hubspot, receiver, *GENERIC)
    body = {"primaryObjectId": "501", "objectIdToMerge": "503"}
    new = hubspot.post("/crm/v3/objects/2-50158943/merge", body)["id"]
    hubspot.put("/_sandbox/options", {"merge_ids": "all"})

    events = told(receiver, 2)
    merge = events["object.merge"]
    assert ("2-50158943", 501, [503], int(new)) == tuple(
        merge[key] for key in ("objectTypeId", "primaryObjectId", "mergedObjectIds", "newObjectId")
    )
    assert 503 == events["object.deletion"]["objectId"]


def test_what_is_restored_is_told_of_once(hubspot: Sandbox, receiver: Receiver) -> None:
    hubspot.http.delete("/crm/v3/objects/contacts/102")
    subscribe(hubspot, receiver, *GENERIC, "contact.restore")
    hubspot.post("/_sandbox/objects/0-1/102/restore", {})

    events = told(receiver, 2)
    assert {"object.restore", "contact.restore"} == events.keys()
    assert {102} == {event["objectId"] for event in events.values()}


def test_an_association_is_told_of_from_both_ends(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, "object.associationChange", "contact.associationChange")
    path = "/crm/v4/objects/0-1/101/associations"
    hubspot.put(f"{path}/default/2-50158943/540")
    hubspot.put(f"{path}/default/2-50158943/540")  # there already: nothing to tell

    until(lambda: len(receiver.events()) >= 3)
    events = receiver.events()
    assert 3 == len(events)
    ends = {
        (event["subscriptionType"], event["fromObjectId"], event["toObjectId"]) for event in events
    }
    assert {
        ("object.associationChange", 101, 540),
        ("object.associationChange", 540, 101),
        ("contact.associationChange", 101, 540),
    } == ends
    one = next(e for e in events if e.get("fromObjectTypeId") == "0-1")
    assert ("2-50158943", "CONTACT_TO_P47100812_BOOKINGS", False, "USER_DEFINED") == tuple(
        one[key]
        for key in (
            "toObjectTypeId",
            "associationType",
            "associationRemoved",
            "associationCategory",
        )
    )
    assert "objectId" not in one

    receiver.requests.clear()
    hubspot.http.delete(f"{path}/2-50158943/540")
    until(lambda: len(receiver.events()) >= 3)
    assert {True} == {event["associationRemoved"] for event in receiver.events()}


def test_a_new_primary_company_tells_of_the_one_before(
    hubspot: Sandbox, receiver: Receiver
) -> None:
    one, two = (
        hubspot.post("/crm/v3/objects/companies", {"properties": {"name": name}}, 201)["id"]
        for name in ("One", "Two")
    )
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    hubspot.put(f"/crm/v4/objects/0-1/101/associations/0-2/{one}", spec, 201)
    subscribe(hubspot, receiver, "object.associationChange@0-1")
    hubspot.put(f"/crm/v4/objects/0-1/101/associations/0-2/{two}", spec, 201)

    until(lambda: len(receiver.events()) >= 3)
    assert {
        (int(one), 1, True, True),
        (int(two), 1, False, True),
        (int(two), 279, False, False),
    } == {
        (
            e["toObjectId"],
            e["associationTypeId"],
            e["associationRemoved"],
            e["isPrimaryAssociation"],
        )
        for e in receiver.events()
    }


def test_only_contacts_are_deleted_for_privacy(hubspot: Sandbox, receiver: Receiver) -> None:
    subscribe(hubspot, receiver, *GENERIC, "contact.privacyDeletion")
    hubspot.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": "102"}, 204)

    assert {"contact.privacyDeletion"} == told(receiver, 1).keys()
