"""Batches: what HubSpot does with a hundred objects at once."""

from __future__ import annotations

from typing import Any

from .conftest import Sandbox

CONTACTS = "/crm/objects/2026-09/0-1/batch"


def ids(body: dict[str, Any]) -> list[str]:
    return [one["id"] for one in body["results"]]


def test_a_read_sends_what_was_asked_as_text_and_null_for_what_is_unset(hubspot: Sandbox) -> None:
    asked = ["sj_credits", "shared_mock_credits", "no_such_property"]

    body = hubspot.post(f"{CONTACTS}/read", {"inputs": [{"id": "103"}], "properties": asked})

    assert body["results"][0]["properties"] == {
        "createdate": "2026-10-01T08:00:00Z",
        "hs_object_id": "103",
        "lastmodifieddate": "2026-10-01T08:00:00Z",
        "shared_mock_credits": None,
        "sj_credits": "2",
    }


def test_a_read_names_the_missing_in_one_error_of_a_207(hubspot: Sandbox) -> None:
    inputs = [{"id": id_} for id_ in ("101", "999", "998")]

    body = hubspot.post(f"{CONTACTS}/read", {"inputs": inputs, "properties": []}, 207)

    assert ["101"] == ids(body)
    assert 1 == body["numErrors"]
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert ["999", "998"] == body["errors"][0]["context"]["ids"]


def test_a_duplicate_id_refuses_the_whole_batch(hubspot: Sandbox) -> None:
    inputs = [{"id": "101", "properties": {"sj_credits": "9"}} for _ in range(2)]

    body = hubspot.post(f"{CONTACTS}/update", {"inputs": inputs}, 400)

    assert body["message"] == ("Duplicate IDs found in batch input: [101]. IDs must be unique")
    assert {"ids": ["101"]} == body["context"]
    assert (
        "0"
        == hubspot.get("/crm/v3/objects/contacts/101", properties="sj_credits")["properties"][
            "sj_credits"
        ]
    )


def test_a_hundred_and_one_inputs_are_refused(hubspot: Sandbox) -> None:
    body = {"inputs": [{"id": str(n)} for n in range(101)], "properties": []}

    assert hubspot.post(f"{CONTACTS}/read", body, 400)["category"] == "VALIDATION_ERROR"


def test_histories_come_for_at_most_fifty(hubspot: Sandbox) -> None:
    inputs = [{"id": str(n)} for n in range(51)]
    body = {"inputs": inputs, "properties": [], "propertiesWithHistory": ["sj_credits"]}

    assert "is 50." in hubspot.post(f"{CONTACTS}/read", body, 400)["message"]


def test_an_update_does_the_good_and_names_the_missing(hubspot: Sandbox) -> None:
    inputs = [{"id": id_, "properties": {"sj_credits": "7"}} for id_ in ("101", "999")]

    body = hubspot.post(f"{CONTACTS}/update", {"inputs": inputs}, 207)

    assert ["101"] == ids(body)
    assert "7" == body["results"][0]["properties"]["sj_credits"]
    assert ["999"] == body["errors"][0]["context"]["ids"]


def test_one_bad_value_refuses_the_whole_update(hubspot: Sandbox) -> None:
    inputs = [
        {"id": "101", "properties": {"sj_credits": "abc"}},
        {"id": "102", "properties": {"sj_credits": "7", "nothing": "x"}},
    ]

    body = hubspot.post(f"{CONTACTS}/update", {"inputs": inputs}, 400)

    codes = {e["code"]: e["context"]["propertyName"] for e in body["errors"]}
    assert {"INVALID_INTEGER": ["sj_credits"], "PROPERTY_DOESNT_EXIST": ["nothing"]} == codes
    assert body["message"].startswith('Property values were not valid: [{"isValid":false,')
    assert 1 == len(hubspot.history("102", "sj_credits"))


def test_results_are_not_in_the_order_of_the_inputs(hubspot: Sandbox) -> None:
    wanted = [str(101 + n) for n in range(20)]
    body = {"inputs": [{"id": id_} for id_ in wanted], "properties": []}

    found = ids(hubspot.post(f"{CONTACTS}/read", body))

    assert found != wanted
    assert sorted(found) == wanted


def test_created_objects_are_there_at_once(hubspot: Sandbox) -> None:
    inputs = [{"properties": {"email": f"new{n}@school.example"}} for n in range(3)]

    body = hubspot.post(f"{CONTACTS}/create", {"inputs": inputs}, 201)

    for id_ in ids(body):
        assert hubspot.get(f"/crm/v3/objects/contacts/{id_}")["id"] == id_


def test_with_trace_ids_the_good_ones_are_created(hubspot: Sandbox) -> None:
    inputs = [
        {"properties": {"student_id": "1"}, "objectWriteTraceId": "a"},
        {"properties": {"student_id": "x"}, "objectWriteTraceId": "b"},
    ]

    body = hubspot.post(f"{CONTACTS}/create", {"inputs": inputs}, 207)

    assert ["a"] == [one["objectWriteTraceId"] for one in body["results"]]
    assert ["b"] == body["errors"][0]["context"]["objectWriteTraceId"]


def test_an_upsert_says_which_objects_are_new(hubspot: Sandbox) -> None:
    inputs = [
        {"id": id_, "idProperty": "student_id", "properties": {"cs_credits": "5"}}
        for id_ in ("7000", "8000")
    ]

    body = hubspot.post(f"{CONTACTS}/upsert", {"inputs": inputs})

    assert {"101": False} == {o["id"]: o["new"] for o in body["results"] if o["id"] == "101"}
    assert [False, True] == sorted(one["new"] for one in body["results"])


def test_an_archived_object_is_missing_to_an_update_and_shown_when_asked_for(
    hubspot: Sandbox,
) -> None:
    assert hubspot.http.delete("/crm/v3/objects/contacts/101").status_code == 204
    inputs = [{"id": "101", "properties": {"sj_credits": "7"}}]

    hubspot.post(f"{CONTACTS}/update", {"inputs": inputs}, 207)
    hubspot.post(f"{CONTACTS}/read", {"inputs": [{"id": "101"}], "properties": []}, 207)
    body = hubspot.post(f"{CONTACTS}/read?archived=true", {"inputs": [{"id": "101"}]})

    assert body["results"][0]["archived"]
    assert "archivedAt" in body["results"][0]
