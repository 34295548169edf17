"""Object types: by which names they are known, and those that every account has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.hubspot.portal import Portal
from sandbox.hubspot.standard.types import standard_types

from .conftest import BOOKINGS, Sandbox

STANDARD = [
    ("0-2", "companies"),
    ("0-3", "deals"),
    ("0-5", "tickets"),
    ("0-7", "products"),
    ("0-8", "line_items"),
    ("0-14", "quotes"),
    ("0-27", "tasks"),
    ("0-47", "meetings"),
    ("0-48", "calls"),
    ("0-49", "emails"),
]


@pytest.mark.parametrize("name", [BOOKINGS, "p_bookings", "p47100812_bookings", "P_Bookings"])
def test_a_custom_type_is_known_by_its_id_and_its_full_names(hubspot: Sandbox, name: str) -> None:
    assert "501" == hubspot.get(f"/crm/v3/objects/{name}/501")["id"]
    assert "booking_id" in {
        one["name"] for one in hubspot.get(f"/crm/v3/properties/{name}")["results"]
    }


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/bookings/501",
        "/crm/objects/2026-09/mock_exams",
        "/crm/v4/objects/0-1/101/associations/bookings",
        "/crm/v3/objects/contacts/101?associations=bookings",
        "/crm/v3/properties/bookings",
        "/crm-object-schemas/v3/schemas/bookings",
    ],
)
def test_a_custom_types_bare_name_is_refused(hubspot: Sandbox, path: str) -> None:
    body = hubspot.get(path, 400)

    assert body["message"].startswith("Unable to infer object type from: ")
    assert "category" not in body


@pytest.mark.parametrize(("type_id", "plural"), STANDARD)
def test_a_standard_type_is_empty_but_real(hubspot: Sandbox, type_id: str, plural: str) -> None:
    singular = next(t.name for t in Portal().object_types() if t.id == type_id)
    for name in (type_id, plural, singular, singular.upper()):
        assert {"results": []} == hubspot.get(f"/crm/v3/objects/{name}")
    found = hubspot.get(f"/crm/objects/2026-09/{type_id}")
    assert {"results": []} == found
    known = {one["name"]: one for one in hubspot.get(f"/crm/v3/properties/{plural}")["results"]}
    assert {"hs_object_id", "hs_lastmodifieddate", "hubspot_owner_id"} <= known.keys()
    groups = {one["name"] for one in hubspot.get(f"/crm/v3/properties/{plural}/groups")["results"]}
    assert {one["groupName"] for one in known.values()} <= groups
    assert all(one["hubspotDefined"] for one in known.values())


def test_default_properties_of_a_standard_type_exist() -> None:
    for one in standard_types():
        names = {definition.name for definition in one.definitions}
        assert {*one.defaults, *one.required, one.primary, one.created, one.modified} <= names


def test_a_standard_object_is_made_and_found(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    values = {"name": "Acme", "domain": "acme.example"}
    made = hubspot.post("/crm/v3/objects/companies", {"properties": values}, 201)

    found = hubspot.get(f"/crm/objects/2026-09/0-2/{made['id']}")
    assert values == {name: found["properties"][name] for name in values}
    answer = hubspot.post("/crm/v3/objects/tickets", {"properties": {"subject": "Help"}}, 400)
    assert {"properties": ["hs_pipeline_stage"]} == answer["context"]


def test_a_state_from_before_the_standard_types_gets_them(start: Callable[..., Sandbox]) -> None:
    first = start()
    with first.server.store.database.writing() as connection:
        connection.execute("delete from definitions where kind > 4")
        connection.execute("delete from kinds where kind > 4")
    first.server.stop()

    again = start()
    assert {"results": []} == again.get("/crm/v3/objects/deals")
    assert "501" == again.get(f"/crm/v3/objects/{BOOKINGS}/501")["id"]


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_pipelines_have_their_stages(hubspot: Sandbox, version: str) -> None:
    base = "/crm/v3/pipelines" if version == "v3" else f"/crm/pipelines/{version}"
    (sales,) = hubspot.get(f"{base}/deals")["results"]
    assert ("default", 7) == (sales["id"], len(sales["stages"]))
    won = hubspot.get(f"{base}/0-3/default/stages/closedwon")
    assert {"isClosed": "true", "probability": "1.0"} == won["metadata"]
    assert won in sales["stages"]
    assert sales == hubspot.get(f"{base}/deals/default")
    assert sales["stages"] == hubspot.get(f"{base}/deals/default/stages")["results"]
    (support,) = hubspot.get(f"{base}/tickets")["results"]
    assert "CLOSED" == support["stages"][-1]["metadata"]["ticketState"]
    assert {"results": []} == hubspot.get(f"{base}/contacts")
    hubspot.get(f"{base}/deals/nothing", 404)
    hubspot.get(f"{base}/deals/default/stages/nothing", 404)


def test_owners_are_the_people_of_the_account(hubspot: Sandbox) -> None:
    dana, lee = hubspot.get("/crm/v3/owners/")["results"]
    assert ("dana@school.example", 61_000_001) == (dana["email"], dana["userId"])
    assert [lee] == hubspot.get("/crm/owners/2026-09", email="lee@school.example")["results"]
    first = hubspot.get("/crm/v3/owners", limit=1)
    assert [dana] == first["results"]
    assert [lee] == hubspot.http.get(first["paging"]["next"]["link"]).json()["results"]
    assert dana == hubspot.get(f"/crm/v3/owners/{dana['id']}")
    assert dana == hubspot.get("/crm/v3/owners/61000001", idProperty="userId")
    assert {"results": []} == hubspot.get("/crm/v3/owners", archived="true")
    hubspot.get("/crm/v3/owners/5", 404)


def test_a_property_group_is_made_renamed_and_archived(start: Callable[..., Sandbox]) -> None:
    first = start()
    path = "/crm/properties/2026-09/contacts/groups"
    made = first.post(path, {"name": "desk", "label": "Desk"}, 201)
    assert made in first.get(path)["results"]
    first.post(path, {"name": "desk", "label": "Desk"}, 409)
    answer = first.http.patch(f"{path}/desk", json={"label": "Credit desk"})
    assert "Credit desk" == answer.json()["label"]
    first.server.stop()

    again = start()
    assert "Credit desk" == again.get(f"{path}/desk")["label"]
    names = {one["name"] for one in again.get("/crm/v3/properties/0-2/groups")["results"]}
    assert "desk" not in names
    assert 204 == again.http.delete(f"{path}/desk").status_code
    again.get(f"{path}/desk", 404)
    assert 400 == again.http.delete(f"{path}/contactinformation").status_code


def test_a_scope_is_needed_for_each_kind_of_object(start: Callable[..., Sandbox]) -> None:
    hubspot = start(scopes=frozenset({"crm.objects.contacts.read"}))

    assert {"results": []} == hubspot.get("/crm/v3/objects/tasks")
    hubspot.get("/crm/v3/objects/contacts")
    for path, scope in {
        "/crm/v3/objects/companies": "crm.objects.companies.read",
        "/crm/v3/properties/deals": "crm.schemas.deals.read",
        "/crm/v3/pipelines/tickets": "crm.objects.tickets.read",
        "/crm/v3/owners": "crm.objects.owners.read",
        "/crm/v4/objects/contacts/101/associations/deals": "crm.objects.deals.read",
    }.items():
        refused = hubspot.get(path, 403)
        assert scope in refused["errors"][0]["context"]["requiredGranularScopes"]


def test_older_clients_discover_properties_by_the_first_versions(hubspot: Sandbox) -> None:
    for path in ("/properties/v1/deals/properties", "/deals/v2/properties"):
        answer = hubspot.http.get(path)
        assert 200 == answer.status_code
        stage = next(one for one in answer.json() if one["name"] == "dealstage")
        assert "appointmentscheduled" == stage["options"][0]["value"]


def test_a_schema_names_what_its_objects_are_associated_with(hubspot: Sandbox) -> None:
    found = hubspot.get(f"/crm-object-schemas/v3/schemas/{BOOKINGS}")["associations"]

    pairs = {(one["fromObjectTypeId"], one["toObjectTypeId"]) for one in found}
    assert {(BOOKINGS, "0-1"), ("0-1", BOOKINGS), (BOOKINGS, "2-50158913")} <= pairs
    assert {(BOOKINGS, "0-46"), ("0-27", BOOKINGS)} <= pairs
    assert not any("0-3" in pair for pair in pairs)
