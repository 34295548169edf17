"""The same cases through plain HTTP in both path styles, and through HubSpot's own clients.

With HUBSPOT_CONTRACT_URL and HUBSPOT_CONTRACT_TOKEN the cases run against that account instead:
`pytest -m live tests/contract/sandbox/test_clients.py`. The cases that only read come first; those
that write make contacts of their own and archive them, and run only with HUBSPOT_CONTRACT_WRITES=1.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.contract.npm import NodeMissing

from .clients import CONTACTS, Body, HubSpotClient, PythonSdk, Raw, Reply
from .conftest import TOKEN, Sandbox
from .node_client import NodeSdk

URL = os.environ.get("HUBSPOT_CONTRACT_URL", "")
REAL = {"url": URL, "token": os.environ.get("HUBSPOT_CONTRACT_TOKEN", "")} if URL else None
WRITES = REAL is None or os.environ.get("HUBSPOT_CONTRACT_WRITES") == "1"
NAMES = ("raw v3", "raw 2026-03", "raw 2026-09", "python", "node")
NOBODY = "1"  # an id that no contact has
pytestmark = [pytest.mark.live] if REAL else []
writing = pytest.mark.skipif(not WRITES, reason="HUBSPOT_CONTRACT_WRITES is not 1")


@pytest.fixture(scope="module")
def account(request: pytest.FixtureRequest) -> dict[str, str]:
    if REAL is not None:
        return REAL
    shared: Sandbox = request.getfixturevalue("shared")
    shared.begin_again()
    return {"url": shared.url, "token": TOKEN}


@pytest.fixture(scope="module")
def node(account: dict[str, str]) -> Iterator[NodeSdk]:
    try:
        one = NodeSdk(account["url"], account["token"])
    except NodeMissing as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    yield one
    one.close()


@pytest.fixture(scope="module", params=NAMES)
def client(request: pytest.FixtureRequest, account: dict[str, str]) -> Iterator[HubSpotClient]:
    url, token = account["url"], account["token"]
    if request.param == "node":
        yield request.getfixturevalue("node")
    elif request.param == "python":
        yield PythonSdk(url, token)
    else:
        headers = {"Authorization": f"Bearer {token}"}
        verify = ssl.create_default_context() if REAL else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with httpx.Client(base_url=url, headers=headers, verify=verify) as http:
            yield Raw(http, request.param.removeprefix("raw "))


@pytest.fixture(autouse=True)
def patient(request: pytest.FixtureRequest) -> None:
    """Searches are limited by the second: in the sandbox the second is over at once."""
    if REAL is not None:
        time.sleep(0.25)
    else:
        request.getfixturevalue("shared").server.app.apps.daily.searches.clear()


def new(client: HubSpotClient, **properties: str) -> str:
    email = f"credit-desk-{uuid4().hex}@school.example"
    reply = client.create(CONTACTS, {"properties": {"email": email, **properties}})
    assert reply.status == 201, reply.body
    return str(reply.body["id"])


def codes(reply: Reply) -> set[str]:
    return {error["code"] for error in reply.body["errors"]}


# -- reading


def test_a_list_leads_to_its_next_page(client: HubSpotClient) -> None:
    first = client.page(CONTACTS, limit=2)
    after = first.body["paging"]["next"]["after"]
    second = client.page(CONTACTS, limit=2, after=after)

    assert (200, 200) == (first.status, second.status)
    assert not set(first.ids) & set(second.ids)


def test_an_object_has_these_fields(client: HubSpotClient) -> None:
    id_ = client.page(CONTACTS, limit=1).ids[0]
    body = client.get(CONTACTS, id_, ["phone"]).body

    assert {"id", "properties", "createdAt", "updatedAt", "archived"} <= body.keys()
    assert id_ == body["id"] == body["properties"]["hs_object_id"]
    assert {"createdate", "lastmodifieddate", "phone"} <= body["properties"].keys()


def test_a_missing_id_is_404_without_a_category(client: HubSpotClient) -> None:
    reply = client.get(CONTACTS, NOBODY)

    assert 404 == reply.status
    assert "resource not found" == reply.body["message"]
    assert "category" not in reply.body


def test_a_word_for_an_id_is_404_with_one(client: HubSpotClient) -> None:
    reply = client.get(CONTACTS, "abc")

    assert (404, "OBJECT_NOT_FOUND") == (reply.status, reply.body["category"])


def test_a_batch_read_is_partial(client: HubSpotClient) -> None:
    id_ = client.page(CONTACTS, limit=1).ids[0]
    inputs = [{"id": id_}, {"id": NOBODY}]
    body: Body = {"inputs": inputs, "properties": ["email"], "propertiesWithHistory": []}
    reply = client.batch(CONTACTS, "read", body)

    assert (207, [id_]) == (reply.status, reply.ids)
    assert 1 == reply.body["numErrors"]
    assert [NOBODY] == reply.body["errors"][0]["context"]["ids"]
    assert "COMPLETE" == reply.body["status"]


def test_duplicate_ids_refuse_a_batch(client: HubSpotClient) -> None:
    id_ = client.page(CONTACTS, limit=1).ids[0]
    inputs = [{"id": id_, "properties": {"firstname": "x"}}] * 2
    reply = client.batch(CONTACTS, "update", {"inputs": inputs})

    assert (400, "VALIDATION_ERROR") == (reply.status, reply.body["category"])
    assert [id_] == reply.body["context"]["ids"]


@pytest.mark.parametrize(("count", "history"), [(101, []), (51, ["email"])])
def test_a_batch_has_its_limits(client: HubSpotClient, count: int, history: list[str]) -> None:
    inputs = [{"id": str(n)} for n in range(count)]
    body: Body = {"inputs": inputs, "properties": [], "propertiesWithHistory": history}

    assert 400 == client.batch(CONTACTS, "read", body).status


def test_histories_are_newest_first(client: HubSpotClient) -> None:
    id_ = client.page(CONTACTS, limit=1).ids[0]
    body = client.get(CONTACTS, id_, history=["email"]).body

    versions = body["propertiesWithHistory"]["email"]
    assert {"value", "timestamp", "sourceType"} <= versions[0].keys()
    times = [str(version["timestamp"]) for version in versions]
    assert times == sorted(times, reverse=True)


def test_a_search_counts_and_pages(client: HubSpotClient) -> None:
    sort = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    body: Body = {"limit": 1, "sorts": sort, "filterGroups": [], "properties": ["email"]}
    reply = client.search(CONTACTS, body)

    assert 200 == reply.status
    assert reply.body["total"] > 1
    assert "1" == reply.body["paging"]["next"]["after"]


def test_a_search_ends_at_ten_thousand(client: HubSpotClient) -> None:
    body: Body = {"limit": 100, "after": "10000", "filterGroups": [], "sorts": [], "properties": []}

    assert 400 == client.search(CONTACTS, body).status


def test_a_property_says_what_it_takes(client: HubSpotClient) -> None:
    one = client.property(CONTACTS, "email").body

    assert ("email", "string") == (one["name"], one["type"])
    assert {"archivable", "readOnlyValue"} <= one["modificationMetadata"].keys()
    assert "email" in {found["name"] for found in client.properties(CONTACTS).results}
    assert 404 == client.property(CONTACTS, "no_such_property").status


def test_schemas_are_listed(client: HubSpotClient) -> None:
    reply = client.schemas()

    assert 200 == reply.status
    assert all(one["objectTypeId"].startswith("2-") for one in reply.results)


# -- writing


@writing
def test_an_update_is_read_back_at_once(client: HubSpotClient) -> None:
    id_ = new(client, firstname="One")
    reply = client.update(CONTACTS, id_, {"firstname": "Two"})

    assert 200 == reply.status
    found = client.get(CONTACTS, id_, ["firstname"], ["firstname"]).body
    assert "Two" == found["properties"]["firstname"]
    assert ["Two", "One"] == [v["value"] for v in found["propertiesWithHistory"]["firstname"]]
    assert 204 == client.archive(CONTACTS, id_).status


@writing
def test_an_archived_contact_is_gone_for_reads_and_batches(client: HubSpotClient) -> None:
    id_ = new(client)
    client.archive(CONTACTS, id_)

    assert 404 == client.get(CONTACTS, id_).status
    inputs = [{"id": id_, "properties": {"firstname": "x"}}]
    reply = client.batch(CONTACTS, "update", {"inputs": inputs})
    assert (207, []) == (reply.status, reply.ids)
    assert "OBJECT_NOT_FOUND" == reply.body["errors"][0]["category"]


@writing
def test_an_unknown_property_refuses_the_whole_batch(client: HubSpotClient) -> None:
    one, two = new(client), new(client)
    inputs = [
        {"id": one, "properties": {"firstname": "Done"}},
        {"id": two, "properties": {"no_such_property": "x"}},
    ]
    reply = client.batch(CONTACTS, "update", {"inputs": inputs})

    assert (400, {"PROPERTY_DOESNT_EXIST"}) == (reply.status, codes(reply))
    assert client.get(CONTACTS, one, ["firstname"]).body["properties"]["firstname"] != "Done"
    client.batch(CONTACTS, "archive", {"inputs": [{"id": one}, {"id": two}]})


@writing
def test_trace_ids_let_the_good_be_created(client: HubSpotClient) -> None:
    name = f"credit-desk-{uuid4().hex}"
    inputs = [
        {"properties": {"email": f"{name}@school.example"}, "objectWriteTraceId": "good"},
        {"properties": {"email": "no address"}, "objectWriteTraceId": "bad"},
    ]
    bodies = [{**one, "associations": []} for one in inputs]
    reply = client.batch(CONTACTS, "create", {"inputs": bodies})

    assert (207, 1) == (reply.status, len(reply.ids))
    assert ["bad"] == reply.body["errors"][0]["context"]["objectWriteTraceId"]
    client.archive(CONTACTS, reply.ids[0])


@writing
def test_a_taken_email_is_a_conflict(client: HubSpotClient) -> None:
    email = f"credit-desk-{uuid4().hex}@school.example"
    body = {"properties": {"email": email}, "associations": []}
    first, second = client.create(CONTACTS, body), client.create(CONTACTS, body)

    assert (201, 409) == (first.status, second.status)
    assert str(second.body["message"]).endswith(f"Existing ID: {first.body['id']}")
    client.archive(CONTACTS, first.body["id"])


@writing
def test_both_ids_of_a_merge_lead_to_a_new_one(client: HubSpotClient) -> None:
    one, two = new(client, firstname="One"), new(client, firstname="Two")
    merged = client.merge(one, two)

    assert 200 == merged.status
    for old in (one, two):
        found = client.get(CONTACTS, old, ["firstname"]).body
        assert (merged.body["id"], "One") == (found["id"], found["properties"]["firstname"])
    client.archive(CONTACTS, merged.body["id"])


@writing
def test_a_note_is_tied_to_its_contact(client: HubSpotClient) -> None:
    contact = new(client)
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}
    ends = [{"to": {"id": contact}, "types": [spec]}]
    values = {"hs_timestamp": "2026-11-23T12:00:00Z", "hs_note_body": "Two credits given back"}
    note = client.create("notes", {"properties": values, "associations": ends})

    assert 201 == note.status
    found = client.links(CONTACTS, contact, "notes")
    assert [note.body["id"]] == [str(one["toObjectId"]) for one in found.results]
    pairs = {"inputs": [{"id": contact}]}
    (entry,) = client.batch_links(CONTACTS, "notes", "read", pairs).results
    assert note.body["id"] == str(entry["to"][0]["toObjectId"])

    assert 204 == client.unlink(CONTACTS, contact, "notes", note.body["id"]).status
    assert [] == client.links(CONTACTS, contact, "notes").results
    assert 200 == client.link(CONTACTS, contact, "notes", note.body["id"]).status
    assert 1 == len(client.links(CONTACTS, contact, "notes").results)
    client.archive("notes", note.body["id"])
    client.archive(CONTACTS, contact)


@writing
def test_a_property_lives_until_it_is_archived(client: HubSpotClient) -> None:
    name = f"credit_desk_{uuid4().hex[:8]}"
    body = {
        "name": name,
        "label": name,
        "type": "number",
        "fieldType": "number",
        "groupName": "contactinformation",
    }
    assert 201 == client.create_property(CONTACTS, body).status
    assert 409 == client.create_property(CONTACTS, body).status
    id_ = new(client)
    refused = client.update(CONTACTS, id_, {name: "abc"})
    assert (400, {"INVALID_INTEGER"}) == (refused.status, codes(refused))
    assert 200 == client.update(CONTACTS, id_, {name: "3"}).status

    assert 204 == client.archive_property(CONTACTS, name).status
    refused = client.update(CONTACTS, id_, {name: "4"})
    assert {"PROPERTY_DOESNT_EXIST"} == codes(refused)
    client.archive(CONTACTS, id_)


@writing
def test_an_upsert_tells_the_new_from_the_known(client: HubSpotClient) -> None:
    known, fresh = (f"credit-desk-{uuid4().hex}@school.example" for _ in range(2))
    client.create(CONTACTS, {"properties": {"email": known}, "associations": []})
    inputs = [
        {"id": email, "idProperty": "email", "properties": {"firstname": "Up"}}
        for email in (known, fresh)
    ]
    reply = client.batch(CONTACTS, "upsert", {"inputs": inputs})

    assert 200 == reply.status
    assert [False, True] == sorted(one["new"] for one in reply.results)
    client.batch(CONTACTS, "archive", {"inputs": [{"id": id_} for id_ in reply.ids]})


def test_the_node_client_asks_a_dated_version_by_a_raw_request(node: NodeSdk) -> None:
    id_ = node.page(CONTACTS, limit=1).ids[0]
    path = "/crm/objects/2026-09/contacts/batch/read"
    reply = node.request("POST", path, {"inputs": [{"id": id_}], "properties": ["email"]})

    assert (200, [id_]) == (reply.status, reply.ids)
