"""Single objects, merges, associations, properties, schemas."""

from __future__ import annotations

import pytest

from .conftest import BOOKINGS, EXAMS, Sandbox


def test_both_path_styles_lead_to_the_same_object(hubspot: Sandbox) -> None:
    paths = ("/crm/v3/objects/contacts", "/crm/objects/2026-03/0-1", "/crm/objects/2026-09/contact")

    assert 1 == len({str(hubspot.get(f"{path}/101")) for path in paths})


def test_a_list_is_paged_by_id(hubspot: Sandbox) -> None:
    first = hubspot.get("/crm/v3/objects/contacts", limit=15)
    after = first["paging"]["next"]["after"]
    second = hubspot.get("/crm/v3/objects/contacts", limit=15, after=after)

    assert 20 == len({one["id"] for one in first["results"] + second["results"]})
    assert "paging" not in second


def test_a_merged_contact_gets_a_new_id_and_both_old_ids_lead_to_it(hubspot: Sandbox) -> None:
    merge = {"primaryObjectId": "101", "objectIdToMerge": "102"}
    new = hubspot.post("/crm/v3/objects/contacts/merge", merge)

    asked = {"properties": "sj_credits,hs_merged_object_ids"}
    for old in ("101", "102"):
        body = hubspot.get(f"/crm/v3/objects/contacts/{old}", **asked)
        assert new["id"] == body["id"]
        assert "0" == body["properties"]["sj_credits"]  # the primary's, not the sum
        assert "101;102" == body["properties"]["hs_merged_object_ids"]
    values = [version["value"] for version in hubspot.history("101", "sj_credits")]
    assert ["0", "1", "0"] == values


def test_a_merge_takes_the_associations_along(hubspot: Sandbox) -> None:
    merge = {"primaryObjectId": "101", "objectIdToMerge": "102"}
    new = hubspot.post("/crm/v3/objects/contacts/merge", merge)["id"]

    found = hubspot.get(f"/crm/v4/objects/0-1/{new}/associations/{BOOKINGS}")
    assert 4 == len(found["results"])


def test_a_new_booking_takes_its_date_from_its_exam(hubspot: Sandbox) -> None:
    (spec,) = hubspot.get(f"/crm/v4/associations/{BOOKINGS}/{EXAMS}/labels")["results"]
    types = [{"associationCategory": spec["category"], "associationTypeId": spec["typeId"]}]
    body = {
        "properties": {"booking_id": "b-1", "is_active": "Active"},
        "associations": [{"to": {"id": "902"}, "types": types}],
    }
    new = hubspot.post(f"/crm/v3/objects/{BOOKINGS}", body, 201)

    asked = {"properties": "exam_date,mock_type"}
    found = hubspot.get(f"/crm/v3/objects/{BOOKINGS}/{new['id']}", **asked)["properties"]
    assert ("2026-12-02", "Clinical Skills") == (found["exam_date"], found["mock_type"])


def test_a_read_only_property_cannot_be_set(hubspot: Sandbox) -> None:
    body = hubspot.patch(f"/crm/v3/objects/{BOOKINGS}/501", {"exam_date": "2026-12-05"}, 400)

    assert "READ_ONLY_VALUE" == body["errors"][0]["code"]


def test_a_taken_booking_id_is_refused(hubspot: Sandbox) -> None:
    taken = hubspot.get(f"/crm/v3/objects/{BOOKINGS}/501", properties="booking_id")
    body = {"properties": {"booking_id": taken["properties"]["booking_id"]}}

    answer = hubspot.post(f"/crm/v3/objects/{BOOKINGS}", body, 400)

    assert "CONFLICTING_UNIQUE_VALUE" == answer["errors"][0]["code"]


def test_a_taken_email_is_a_conflict(hubspot: Sandbox) -> None:
    body = {"properties": {"email": "student3@school.example"}}

    answer = hubspot.post("/crm/v3/objects/contacts", body, 409)

    assert "Contact already exists. Existing ID: 104" == answer["message"]


def test_an_object_is_found_by_a_unique_property_and_by_no_other(hubspot: Sandbox) -> None:
    path = "/crm/v3/objects/contacts"

    assert "104" == hubspot.get(f"{path}/7003", idProperty="student_id")["id"]
    assert "non-unique" in hubspot.get(f"{path}/x", 400, idProperty="firstname")["message"]


def test_a_default_association_is_put_and_taken_away(hubspot: Sandbox) -> None:
    path = f"/crm/v4/objects/0-1/101/associations/{BOOKINGS}"

    body = hubspot.put(f"/crm/v4/objects/0-1/101/associations/default/{BOOKINGS}/540")
    assert 3 == len(hubspot.get(path)["results"])
    assert {"101", "540"} == {end["from"]["id"] for end in body["results"]}

    assert hubspot.http.delete(f"{path}/540").status_code == 204
    assert 2 == len(hubspot.get(path)["results"])


def test_many_default_associations_are_one_call(hubspot: Sandbox) -> None:
    inputs = [{"from": {"id": str(101 + n)}, "to": {"id": "901"}} for n in range(3)]
    path = f"/crm/associations/2026-09/0-1/{EXAMS}/batch/associate/default"

    hubspot.post(path, {"inputs": inputs})

    assert 3 == len(hubspot.get(f"/crm/v4/objects/{EXAMS}/901/associations/0-1")["results"])


def test_a_page_of_associations_leads_to_the_next(hubspot: Sandbox) -> None:
    path = f"/crm/v4/objects/{EXAMS}/901/associations/{BOOKINGS}"
    first = hubspot.get(path, limit=15)
    second = hubspot.get(path, limit=15, after=first["paging"]["next"]["after"])

    assert 20 == len({one["toObjectId"] for one in first["results"] + second["results"]})


def test_a_note_is_written_on_a_contact(hubspot: Sandbox) -> None:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]
    body = {
        "properties": {"hs_timestamp": "1795435200000", "hs_note_body": "Refunded <b>2</b>"},
        "associations": [{"to": {"id": "101"}, "types": types}],
    }
    note = hubspot.post("/crm/v3/objects/notes", body, 201)

    assert "2026-11-23T12:00:00Z" == note["properties"]["hs_timestamp"]
    (tie,) = hubspot.get("/crm/v4/objects/contacts/101/associations/notes")["results"]
    assert (int(note["id"]), 201) == (tie["toObjectId"], tie["associationTypes"][0]["typeId"])


def test_a_note_without_a_timestamp_is_refused(hubspot: Sandbox) -> None:
    answer = hubspot.post("/crm/v3/objects/notes", {"properties": {"hs_note_body": "x"}}, 400)

    assert {"properties": ["hs_timestamp"]} == answer["context"]


def test_a_property_is_made_used_and_archived(hubspot: Sandbox) -> None:
    new = {"name": "desk_x", "label": "X", "type": "number", "fieldType": "number"}
    path = "/crm/v3/properties/contacts"

    made = hubspot.post(path, {**new, "groupName": "contactinformation"}, 201)
    assert ("number", False) == (made["type"], made["archived"])
    hubspot.patch("/crm/v3/objects/contacts/101", {"desk_x": "3.0"})
    assert hubspot.http.delete(f"{path}/desk_x").status_code == 204
    hubspot.get(f"{path}/desk_x", 404)
    refused = hubspot.patch("/crm/v3/objects/contacts/101", {"desk_x": "4"}, 400)
    assert "PROPERTY_DOESNT_EXIST" == refused["errors"][0]["code"]


def test_schemas_name_the_custom_objects(hubspot: Sandbox) -> None:
    found = hubspot.get("/crm-object-schemas/v3/schemas")["results"]

    assert {BOOKINGS: "p47100812_bookings", EXAMS: "p47100812_mock_exams"} == {
        one["objectTypeId"]: one["fullyQualifiedName"] for one in found
    }


@pytest.mark.parametrize(
    ("path", "status", "category"),
    [
        ("/crm/v3/objects/contacts/999", 404, None),
        ("/crm/v3/objects/contacts/abc", 404, "OBJECT_NOT_FOUND"),
        ("/crm/v3/objects/nothings/1", 400, None),
    ],
)
def test_what_is_not_there(hubspot: Sandbox, path: str, status: int, category: str | None) -> None:
    body = hubspot.get(path, status)

    assert category == body.get("category")
    assert 36 == len(body["correlationId"])


def test_an_object_can_bring_its_associations(hubspot: Sandbox) -> None:
    body = hubspot.get("/crm/v3/objects/contacts/101", associations=BOOKINGS)

    rows = body["associations"]["p47100812_bookings"]["results"]
    assert {"501", "502"} == {row["id"] for row in rows}
