"""What differs between versions, and what HubSpot began to check or to answer in 2026."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from .conftest import BOOKINGS, EXAMS, TOKEN, Sandbox

DATED = ("2025-09", "2026-03", "2026-09")
NEW = "/crm/objects/2026-09/contacts"
RULES = [
    {"type": "0-1", "require": "phone"},
    {"type": "0-1", "require": "company", "when": "lifecyclestage", "values": ["customer"]},
]


def tie(contact: str = "101", exam: str = "901") -> dict[str, Any]:
    return {"from": {"id": contact}, "to": {"id": exam}}


@pytest.mark.parametrize("version", DATED)
def test_every_dated_version_is_served(hubspot: Sandbox, version: str) -> None:
    assert "101" == hubspot.get(f"/crm/objects/{version}/0-1/101")["id"]
    assert hubspot.get(f"/crm/properties/{version}/contacts")["results"]
    assert hubspot.get(f"/crm-object-schemas/{version}/schemas")["results"]


@pytest.mark.parametrize(
    ("api", "created", "archived"),
    [
        ("/crm/v4/associations", 201, 204),
        ("/crm/associations/2025-09", 201, 200),
        ("/crm/associations/2026-03", 201, 200),
        ("/crm/associations/2026-09", 200, 200),
    ],
)
def test_association_batches_have_the_codes_of_their_version(
    hubspot: Sandbox, api: str, created: int, archived: int
) -> None:
    (spec,) = hubspot.get(f"/crm/v4/associations/0-1/{EXAMS}/labels")["results"][:1]
    types = [{"associationCategory": spec["category"], "associationTypeId": spec["typeId"]}]
    path = f"{api}/0-1/{EXAMS}/batch"

    hubspot.post(f"{path}/create", {"inputs": [{**tie(), "types": types}]}, created)
    ends = {"inputs": [{"from": {"id": "101"}, "to": [{"id": "901"}]}]}
    body = hubspot.post(f"{path}/archive", ends, archived)

    assert (archived == 204) is (body is None)
    if body is not None:
        assert ("COMPLETE", []) == (body["status"], body["results"])
        assert {"startedAt", "completedAt"} <= body.keys()
    assert [] == hubspot.get(f"/crm/v4/objects/0-1/101/associations/{EXAMS}")["results"]


@pytest.mark.parametrize(("version", "status"), [("2026-03", 201), ("2026-09", 200)])
def test_property_batches_have_the_codes_of_their_version(
    hubspot: Sandbox, version: str, status: int
) -> None:
    name = f"batch_made_{version.replace('-', '_')}"
    new = {"name": name, "label": "X", "type": "string", "fieldType": "text"}
    body = {"inputs": [{**new, "groupName": "contactinformation"}]}

    made = hubspot.post(f"/crm/properties/{version}/contacts/batch/create", body, status)

    assert [name] == [one["name"] for one in made["results"]]
    hubspot.http.delete(f"/crm/v3/properties/contacts/{name}")


def test_an_admins_rules_hold_since_2026_09(hubspot: Sandbox) -> None:
    hubspot.put("/_sandbox/rules", RULES)
    body = {"properties": {"email": "new@school.example", "lifecyclestage": "customer"}}

    refused = hubspot.post(NEW, body, 400)

    assert ("VALIDATION_ERROR", "The property values provided are invalid") == (
        refused["category"],
        refused["message"],
    )
    assert [
        ("MISSING_REQUIRED_PROPERTY", "phone"),
        ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "company"),
    ] == [(one["code"], one["context"]["propertyName"][0]) for one in refused["errors"]]
    assert "[lifecyclestage]" in refused["errors"][1]["message"]
    hubspot.post("/crm/v3/objects/contacts", body, 201)
    assert RULES == hubspot.get("/_sandbox/rules")


def test_a_conditional_rule_refuses_an_update_and_lets_it_pass_when_obeyed(
    hubspot: Sandbox,
) -> None:
    hubspot.put("/_sandbox/rules", RULES)

    refused = hubspot.patch(f"{NEW}/101", {"lifecyclestage": "customer"}, 400)
    assert "MISSING_CONDITIONAL_REQUIRED_PROPERTY" == refused["errors"][0]["code"]
    hubspot.patch(f"{NEW}/101", {"lifecyclestage": "customer", "company": "X"})
    refused = hubspot.patch(f"{NEW}/101", {"company": ""}, 400)
    assert "company" in refused["errors"][0]["message"]
    hubspot.patch("/crm/objects/2026-03/contacts/101", {"company": ""})


def test_a_broken_rule_refuses_any_write_of_the_record_or_by_option_only_what_touches_it(
    hubspot: Sandbox,
) -> None:
    hubspot.patch("/crm/v3/objects/contacts/101", {"lifecyclestage": "customer"})
    hubspot.put("/_sandbox/rules", RULES)

    hubspot.patch(f"{NEW}/101", {"sj_credits": "7"}, 400)
    hubspot.put("/_sandbox/options", {"rules_on_any_write": False})
    try:
        hubspot.patch(f"{NEW}/101", {"sj_credits": "7"})
    finally:
        hubspot.put("/_sandbox/options", {"rules_on_any_write": True})


def test_a_broken_rule_refuses_a_whole_batch_of_updates(hubspot: Sandbox) -> None:
    hubspot.put("/_sandbox/rules", RULES)
    inputs = [
        {"id": "101", "properties": {"sj_credits": "9"}},
        {"id": "102", "properties": {"lifecyclestage": "customer"}},
    ]

    hubspot.post(f"{NEW}/batch/update", {"inputs": inputs}, 400)

    assert "9" != hubspot.get(f"{NEW}/101", properties="sj_credits")["properties"]["sj_credits"]


@pytest.mark.parametrize(
    "rules",
    [
        {},
        [1],
        [{"type": "0-1"}],
        [{"type": "0-1", "require": "nothing"}],
        [{"type": "nothings", "require": "email"}],
        [{"type": "0-1", "require": "email", "when": "phone"}],
        [{"type": "0-1", "require": "email", "values": ["x"]}],
        [{"type": "0-1", "require": "email", "colour": "red"}],
    ],
)
def test_what_is_no_rule_is_refused(hubspot: Sandbox, rules: Any) -> None:
    hubspot.put("/_sandbox/rules", rules, 400)

    assert [] == hubspot.get("/_sandbox/rules")


def test_a_new_booking_without_its_id_breaks_a_rule_of_2026_09(hubspot: Sandbox) -> None:
    body: dict[str, Any] = {"properties": {"is_active": "Active"}}

    new = hubspot.post(f"/crm/objects/2026-09/{BOOKINGS}", body, 400)
    old = hubspot.post(f"/crm/objects/2026-03/{BOOKINGS}", body, 400)

    assert "MISSING_REQUIRED_PROPERTY" == new["errors"][0]["code"]
    assert {"properties": ["booking_id"]} == old["context"]


def test_a_property_of_a_taken_name_is_told_as_hubspot_tells_it(hubspot: Sandbox) -> None:
    new = {"name": "email", "label": "X", "type": "string", "fieldType": "text"}
    body = {**new, "groupName": "contactinformation"}

    refused = hubspot.post("/crm/properties/2026-09/contacts", body, 409)

    assert ("OBJECT_ALREADY_EXISTS", "Properties.PROPERTY_WITH_NAME_EXISTS") == (
        refused["category"],
        refused["subCategory"],
    )


def test_an_archived_propertys_name_brings_it_back(hubspot: Sandbox) -> None:
    new = {"name": "comes_back", "label": "X", "type": "string", "fieldType": "text"}
    body = {**new, "groupName": "contactinformation"}
    path = "/crm/properties/2026-09/contacts"
    first = hubspot.post(path, body, 201)
    hubspot.http.delete(f"{path}/comes_back")
    hubspot.clock.now += timedelta(hours=1)

    again = hubspot.post(path, {**body, "label": "Y"}, 201)

    assert (first["createdAt"], "Y") == (again["createdAt"], again["label"])
    assert first["updatedAt"] != again["updatedAt"]


def test_an_unknown_path_is_a_page_or_by_option_json(hubspot: Sandbox) -> None:
    answer = hubspot.http.get("/crm/v3/nowhere")
    assert (404, True) == (answer.status_code, answer.headers["Content-Type"].startswith("text/"))

    hubspot.put("/_sandbox/options", {"unknown_route": "json"})
    try:
        assert "error" == hubspot.get("/crm/v3/nowhere", 404)["status"]
    finally:
        hubspot.put("/_sandbox/options", {"unknown_route": "html"})
    hubspot.put("/_sandbox/options", {"unknown_route": "poem"}, 400)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stud", 20),
        ("student1@", 1),
        ("first1", 11),
        ("irst1", 0),
        ("school.example", 20),
        ("exam", 20),
        ("FIRST3 last", 1),
        ("%", 0),
    ],
)
def test_a_query_finds_words_by_their_beginning(hubspot: Sandbox, query: str, found: int) -> None:
    body = hubspot.post("/crm/v3/objects/contacts/search", {"query": query})

    assert found == body["total"]


def test_by_option_a_query_finds_the_middle_of_a_word(hubspot: Sandbox) -> None:
    hubspot.put("/_sandbox/options", {"query_anywhere": True})
    try:
        assert 11 == hubspot.post("/crm/v3/objects/contacts/search", {"query": "irst1"})["total"]
    finally:
        hubspot.put("/_sandbox/options", {"query_anywhere": False})


def test_a_new_contact_is_answered_with_what_hubspot_filled_in(hubspot: Sandbox) -> None:
    body = {"properties": {"email": "ada@school.example", "firstname": "Ada"}}

    made = hubspot.post("/crm/v3/objects/contacts", body, 201)["properties"]

    assert {
        "email": "ada@school.example",
        "firstname": "Ada",
        "hs_object_source": "INTEGRATION",
        "hs_object_source_id": "28463211",
        "hs_email_domain": "school.example",
        "hs_full_name_or_email": "Ada",
        "hs_is_contact": "true",
        "hs_all_contact_vids": made["hs_object_id"],
    }.items() <= made.items()
    path = f"/crm/v3/objects/contacts/{made['hs_object_id']}"
    read = hubspot.get(path, properties="hs_object_source,hs_email_domain")["properties"]
    assert ("INTEGRATION", "school.example") == (read["hs_object_source"], read["hs_email_domain"])
    refused = hubspot.patch(path, {"hs_object_source": "IMPORT"}, 400)
    assert "READ_ONLY_VALUE" == refused["errors"][0]["code"]


def test_batches_that_create_are_answered_so_too(hubspot: Sandbox) -> None:
    inputs = [{"properties": {"email": "b@school.example"}}]
    (made,) = hubspot.post(f"{NEW}/batch/create", {"inputs": inputs}, 201)["results"]
    up = [{"id": "c@school.example", "idProperty": "email", "properties": {}}]
    (upserted,) = hubspot.post(f"{NEW}/batch/upsert", {"inputs": up})["results"]

    assert "INTEGRATION" == made["properties"]["hs_object_source"]
    assert "school.example" == upserted["properties"]["hs_email_domain"]


def test_an_upsert_by_email_is_never_partial(hubspot: Sandbox) -> None:
    inputs = [
        {"id": "new1@school.example", "idProperty": "email", "objectWriteTraceId": "a",
         "properties": {"firstname": "x"}},
        {"id": "new2@school.example", "idProperty": "email", "objectWriteTraceId": "b",
         "properties": {"nothing": "x"}},
    ]  # fmt: skip

    hubspot.post(f"{NEW}/batch/upsert", {"inputs": inputs}, 400)

    assert 0 == hubspot.post("/crm/v3/objects/contacts/search", {"query": "new1"})["total"]


def test_missing_scopes_are_told_in_two_shapes(start: Callable[..., Sandbox]) -> None:
    hubspot = start(scopes=frozenset({"crm.objects.custom.read"}))

    schemas = hubspot.get("/crm-object-schemas/2026-09/schemas", 403)
    contacts = hubspot.get(f"{NEW}/101", 403)

    assert ["crm.schemas.custom.read"] == schemas["context"]["requiredGranularScopes"]
    assert "errors" not in schemas
    assert ["crm.objects.contacts.read"] == (
        contacts["errors"][0]["context"]["requiredGranularScopes"]
    )
    assert {"MISSING_SCOPES"} == {schemas["category"], contacts["category"]}


def test_a_token_tells_what_it_may(hubspot: Sandbox) -> None:
    path = "/oauth/v2/private-apps/get/access-token-info"

    info = hubspot.post(path, {"tokenKey": TOKEN})

    assert (47_100_812, 28_463_211) == (info["hubId"], info["appId"])
    assert "crm.objects.contacts.write" in info["scopes"]
    hubspot.post(path, {"tokenKey": "pat-na1-unknown"}, 404)
    hubspot.post(path, {}, 400)


@pytest.mark.parametrize("version", ["v3", *DATED])
def test_the_account_tells_of_itself(hubspot: Sandbox, version: str) -> None:
    body = hubspot.get(f"/account-info/{version}/details")

    assert (47_100_812, "DEVELOPER_TEST") == (body["portalId"], body["accountType"])


def test_a_taken_email_names_its_holder_in_a_field_by_option(hubspot: Sandbox) -> None:
    body = {"properties": {"email": "student3@school.example"}}
    assert "context" not in hubspot.post(NEW, body, 409)

    hubspot.put("/_sandbox/options", {"existing_id": True})
    try:
        assert ["104"] == hubspot.post(NEW, body, 409)["context"]["existingId"]
    finally:
        hubspot.put("/_sandbox/options", {"existing_id": False})


def test_an_export_takes_groups_of_filters(hubspot: Sandbox) -> None:
    path = "/crm/exports/2026-09/export/async"
    one = {"propertyName": "sj_credits", "operator": "EQ", "value": "3"}
    two = {"propertyName": "email", "operator": "EQ", "value": "student0@school.example"}
    asked: dict[str, Any] = {
        "exportType": "VIEW",
        "format": "CSV",
        "objectType": "contacts",
        "objectProperties": ["email"],
        "publicCrmSearchRequest": {"filterGroups": [{"filters": [one]}, {"filters": [two]}]},
    }
    task = hubspot.post(path, asked, 202)
    hubspot.clock.now += timedelta(seconds=1)
    file = hubspot.get(f"{path}/tasks/{task['id']}/status")["result"]
    assert 7 == len(hubspot.http.get(file).text.splitlines())  # five with 3, one more, the labels

    asked["publicCrmSearchRequest"] = {"filterGroups": [{"filters": [one]}] * 4}
    hubspot.post(path, asked, 400)
    asked["publicCrmSearchRequest"] = {"filterGroups": [{"filters": [one] * 4}]}
    hubspot.post(path, asked, 400)


def test_a_property_needs_a_group_of_its_object_type(hubspot: Sandbox) -> None:
    new = {"name": "grouped", "label": "X", "type": "string", "fieldType": "text"}
    path = "/crm/properties/2026-09/contacts"

    refused = hubspot.post(path, {**new, "groupName": "bookings_information"}, 400)

    assert "VALIDATION_ERROR" == refused["category"]
    hubspot.get(f"{path}/grouped", 404)
    hubspot.post(f"{path}/groups", {"name": "desk_group", "label": "Desk"}, 201)
    hubspot.post(path, {**new, "groupName": "desk_group"}, 201)
    hubspot.http.delete(f"{path}/grouped")


def test_a_changed_property_stays_in_a_group_that_exists(hubspot: Sandbox) -> None:
    path = f"/crm/properties/2026-09/{BOOKINGS}/attending_location"

    assert 400 == hubspot.http.patch(path, json={"groupName": "nowhere"}).status_code
    assert 200 == hubspot.http.patch(path, json={"label": "Where"}).status_code


def test_a_boolean_needs_true_and_false(hubspot: Sandbox) -> None:
    new = {"name": "yes_no", "label": "X", "type": "bool", "fieldType": "booleancheckbox"}
    body = {**new, "groupName": "contactinformation"}
    path = "/crm/properties/2026-09/contacts"
    options = [{"label": value, "value": value} for value in ("true", "false")]

    hubspot.post(path, body, 400)
    hubspot.post(path, {**body, "options": options[:1]}, 400)
    hubspot.post(path, {**body, "options": options}, 201)
    hubspot.http.delete(f"{path}/yes_no")


def test_a_service_key_tells_its_own_scopes_and_has_them_alone(hubspot: Sandbox) -> None:
    scopes = ["crm.objects.contacts.read"]
    key = {"token": "pat-na1-service", "app_id": 77, "name": "Service key", "scopes": scopes}
    hubspot.put("/_sandbox/apps", key)
    path = "/oauth/v2/private-apps/get/access-token-info"

    info = hubspot.post(path, {"tokenKey": "pat-na1-service"})

    assert (77, scopes) == (info["appId"], info["scopes"])
    headers = {"Authorization": "Bearer pat-na1-service"}
    assert 200 == hubspot.http.get(f"{NEW}/101", headers=headers).status_code
    body = {"properties": {"firstname": "x"}}
    refused = hubspot.http.patch(f"{NEW}/101", headers=headers, json=body)
    assert (403, "MISSING_SCOPES") == (refused.status_code, refused.json()["category"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("widgets", "Unable to infer object type from: widgets"),
        ("bookings", "Unable to infer object type from: bookings"),
        ("0-9999", "Invalid object or event type id: 0-9999"),
        ("2-12345", "Invalid object or event type id: 2-12345"),
    ],
)
def test_an_unknown_object_type_is_told_by_name_or_by_id(
    hubspot: Sandbox, name: str, told: str
) -> None:
    body = hubspot.get(f"/crm/objects/2026-09/{name}", 400)

    assert told == body["message"]
    assert "category" not in body
