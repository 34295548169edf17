"""Exports, labels, privacy, schemas, and what is selectable because nobody knows it for sure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from .conftest import BOOKINGS, EXAMS, Sandbox

ONE = "/crm/v3/objects/contacts/101"
EXPORT = "/crm/v3/exports/export/async"


def test_an_export_becomes_a_file(hubspot: Sandbox) -> None:
    asked = {
        "exportType": "VIEW",
        "exportName": "balances",
        "format": "CSV",
        "language": "EN",
        "objectType": "contacts",
        "objectProperties": ["email", "sj_credits"],
        "associatedObjectType": None,
        "publicCrmSearchRequest": {
            "filters": [{"propertyName": "sj_credits", "operator": "EQ", "value": "3"}]
        },
    }
    task = hubspot.post(EXPORT, asked, 202)
    path = f"{EXPORT}/tasks/{task['id']}/status"
    assert "PENDING" == hubspot.get(path)["status"]

    hubspot.clock.now += timedelta(seconds=1)
    ready = hubspot.get(path)
    lines = hubspot.http.get(ready["result"]).text.splitlines()
    assert "Record ID,Email,Sj credits" == lines[0]
    assert (6, "104,student3@school.example,3") == (len(lines), lines[1])


def test_a_labelled_association_goes_both_ways_and_loses_its_label(hubspot: Sandbox) -> None:
    labels = f"/crm/v4/associations/0-1/{EXAMS}/labels"
    body = {"label": "Proctor", "name": f"proctor_{id(hubspot)}", "inverseLabel": "Proctored by"}
    known = {one["label"] for one in hubspot.get(labels)["results"]}
    if "Proctor" not in known:
        hubspot.post(labels, body)
    made = next(one for one in hubspot.get(labels)["results"] if one["label"] == "Proctor")
    spec = {"associationCategory": made["category"], "associationTypeId": made["typeId"]}
    answer = hubspot.put(f"/crm/v4/objects/0-1/101/associations/{EXAMS}/901", [spec], 201)

    assert ["Proctor"] == answer["labels"]
    back = hubspot.get(f"/crm/v4/objects/{EXAMS}/901/associations/0-1")["results"]
    assert {None, "Proctored by"} == {one["label"] for one in back[0]["associationTypes"]}

    pair = {"from": {"id": "101"}, "to": {"id": "901"}, "types": [spec]}
    path = f"/crm/v4/associations/0-1/{EXAMS}/batch/labels/archive"
    assert 204 == hubspot.http.post(path, json={"inputs": [pair]}).status_code
    left = hubspot.get(f"/crm/v4/objects/0-1/101/associations/{EXAMS}")["results"]
    assert [None] == [one["label"] for one in left[0]["associationTypes"]]


def test_a_batch_of_associations_names_the_pairs_that_cannot_be(hubspot: Sandbox) -> None:
    inputs = [{"from": {"id": id_}, "to": {"id": "901"}} for id_ in ("101", "999")]
    path = f"/crm/v4/associations/0-1/{EXAMS}/batch/associate/default"

    body = hubspot.post(path, {"inputs": inputs})

    assert ["999"] == body["errors"][0]["context"]["fromObjectId"]
    assert 2 == len(body["results"])  # the good pair, seen from both ends


def test_a_forgotten_contact_leaves_nothing(hubspot: Sandbox) -> None:
    path = "/crm/v3/objects/contacts/gdpr-delete"
    body = {"objectId": "student3@school.example", "idProperty": "email"}
    assert 204 == hubspot.http.post(path, json=body).status_code

    hubspot.get("/crm/v3/objects/contacts/104", 404)
    hubspot.get("/crm/v3/objects/contacts/104", 404, archived="true")
    new = {"properties": {"email": "student3@school.example"}}
    assert hubspot.post("/crm/v3/objects/contacts", new, 201)["id"] != "104"


def test_a_schema_makes_an_object_type(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    name = {"name": "title", "label": "Title", "type": "string", "fieldType": "text"}
    code = {**name, "name": "code", "hasUniqueValue": True}
    schema = {"name": "seats", "properties": [name, code], "requiredProperties": ["title"]}
    made = hubspot.post("/crm-object-schemas/v3/schemas", schema, 201)
    assert "p47100812_seats" == made["fullyQualifiedName"]

    path = f"/crm/objects/2026-09/{made['objectTypeId']}"
    refused = hubspot.post(path, {"properties": {"code": "1"}}, 400)
    assert "MISSING_REQUIRED_PROPERTY" == refused["errors"][0]["code"]
    seat = hubspot.post(path, {"properties": {"title": "A", "code": "1"}}, 201)
    assert seat["id"] == hubspot.get(f"{path}/1", idProperty="code")["id"]
    hubspot.post("/crm-object-schemas/v3/schemas", schema, 409)
    assert 400 == hubspot.http.delete("/crm-object-schemas/v3/schemas/p_seats").status_code
    hubspot.http.delete(f"{path}/{seat['id']}")
    assert 204 == hubspot.http.delete("/crm-object-schemas/v3/schemas/p_seats").status_code
    hubspot.get(path, 400)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("ndecc_exam_date", "1795392000000", "2026-11-23"),
        ("ndecc_exam_date", "2026-11-23", "2026-11-23"),
        ("sj_credits", "3.0", "3.0"),
        ("sj_credits", 3, "3"),
        ("email", "NEW@School.Example", "new@school.example"),
    ],
)
def test_values_are_kept_as_hubspot_keeps_them(
    hubspot: Sandbox, name: str, value: Any, kept: str
) -> None:
    assert kept == hubspot.patch(ONE, {name: value})["properties"][name]


@pytest.mark.parametrize(
    ("type_", "id_", "name", "value", "code"),
    [
        ("0-1", "101", "ndecc_exam_date", "1795435200000", "INVALID_DATE"),
        ("0-1", "101", "ndecc_exam_date", "tomorrow", "INVALID_DATE"),
        ("0-1", "101", "sj_credits", "NaN", "INVALID_INTEGER"),
        ("0-1", "101", "email", "nobody", "INVALID_EMAIL"),
        ("0-1", "101", "hs_object_id", "7", "READ_ONLY_VALUE"),
        (BOOKINGS, "501", "is_active", "Gone", "INVALID_OPTION"),
        (EXAMS, "901", "scheduled_activation_datetime", "x", "INVALID_LONG"),
    ],
)
def test_values_are_refused_by_name(
    hubspot: Sandbox, type_: str, id_: str, name: str, value: str, code: str
) -> None:
    body = hubspot.patch(f"/crm/v3/objects/{type_}/{id_}", {name: value}, 400)

    (error,) = body["errors"]
    assert (code, [name]) == (error["code"], error["context"]["propertyName"])


def test_an_exam_that_moves_takes_its_bookings_along(hubspot: Sandbox) -> None:
    hubspot.patch(f"/crm/v3/objects/{EXAMS}/901", {"exam_date": "2026-12-24"})

    booking = hubspot.get(
        f"/crm/v3/objects/{BOOKINGS}/503", properties="exam_date", propertiesWithHistory="exam_date"
    )
    assert "2026-12-24" == booking["properties"]["exam_date"]
    assert "CALCULATED" == booking["propertiesWithHistory"]["exam_date"][0]["sourceType"]


def test_refusals_of_the_road(hubspot: Sandbox) -> None:
    assert 414 == hubspot.http.get(ONE, params={"properties": "x" * 16_000}).status_code
    assert 415 == hubspot.http.patch(ONE, content="a=1").status_code
    answer = hubspot.http.put(ONE, json={})
    assert (405, "DELETE, GET, PATCH") == (answer.status_code, answer.headers["Allow"])
    assert 400 == hubspot.http.patch(ONE, content="{", headers=JSON).status_code


JSON = {"Content-Type": "application/json"}


@pytest.fixture
def options(start: Callable[..., Sandbox]) -> Callable[..., Sandbox]:
    def begin(**chosen: Any) -> Sandbox:
        hubspot = start()
        hubspot.put("/_sandbox/options", chosen)
        return hubspot

    return begin


def test_dated_versions_may_answer_partial_batches_plainly(options: Callable[..., Sandbox]) -> None:
    hubspot = options(plain_partial=True)
    body = {"inputs": [{"id": "101"}, {"id": "999"}], "properties": []}

    assert 1 == hubspot.post("/crm/objects/2026-09/0-1/batch/read", body, 200)["numErrors"]
    hubspot.post("/crm/v3/objects/0-1/batch/read", body, 207)


def test_a_write_of_the_same_may_move_the_modified_time(options: Callable[..., Sandbox]) -> None:
    hubspot = options(touch_always=True)
    moments = {hubspot.patch(ONE, {"sj_credits": "0"})["updatedAt"] for _ in range(2)}

    assert 2 == len(moments)
    assert 1 == len(hubspot.history("101", "sj_credits"))


def test_a_write_through_a_merged_id_may_be_refused(options: Callable[..., Sandbox]) -> None:
    hubspot = options(write_through_merge=False)
    hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "102"})

    hubspot.patch(ONE, {"sj_credits": "1"}, 404)
    inputs = [{"id": "102", "properties": {"sj_credits": "1"}}]
    hubspot.post("/crm/v3/objects/0-1/batch/update", {"inputs": inputs}, 207)
    hubspot.get(ONE)


def test_two_merged_ids_in_a_batch_write_one_object_twice(hubspot: Sandbox) -> None:
    hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "102"})
    inputs = [{"id": f"10{n}", "properties": {"sj_credits": str(n + 4)}} for n in (1, 2)]

    body = hubspot.post("/crm/v3/objects/0-1/batch/update", {"inputs": inputs})

    assert ["6"] == [row["properties"]["sj_credits"] for row in body["results"]]
    assert ["6", "5"] == [one["value"] for one in hubspot.history("101", "sj_credits")][:2]


def test_a_history_may_be_short(options: Callable[..., Sandbox]) -> None:
    hubspot = options(history_max=3)
    for n in range(5, 10):
        hubspot.patch(ONE, {"sj_credits": str(n)})

    assert ["9", "8", "7"] == [one["value"] for one in hubspot.history("101", "sj_credits")]


def test_numbers_may_lose_needless_digits(options: Callable[..., Sandbox]) -> None:
    hubspot = options(number_text="plain")

    assert "3" == hubspot.patch(ONE, {"sj_credits": "3.0"})["properties"]["sj_credits"]
    assert "0.5" == hubspot.patch(ONE, {"sj_credits": "0.50"})["properties"]["sj_credits"]


def test_a_tier_stands_for_two_limits(options: Callable[..., Sandbox]) -> None:
    headers = options(tier="free").http.get(ONE).headers

    assert ("100", "250000") == (
        headers["X-HubSpot-RateLimit-Max"],
        headers["X-HubSpot-RateLimit-Daily"],
    )


def test_who_does_not_wait_may_never_get_through(options: Callable[..., Sandbox]) -> None:
    hubspot = options(rate_limit=2, refused_counts=True)
    for _ in range(4):
        hubspot.http.get(ONE)
        hubspot.clock.now += timedelta(seconds=4)

    hubspot.get(ONE, 429)


def test_searches_may_count_twice(options: Callable[..., Sandbox]) -> None:
    hubspot = options(rate_limit=2, search_counts=True)
    statuses = [
        hubspot.http.post("/crm/v3/objects/0-1/search", json={}).status_code for _ in range(3)
    ]

    assert [200, 200, 429] == statuses


def test_the_clock_of_hubspot_may_be_wrong(options: Callable[..., Sandbox]) -> None:
    hubspot = options(clock_offset_ms=3_600_000)

    assert "2026-11-23T13:00:00Z" == hubspot.patch(ONE, {"sj_credits": "9"})["updatedAt"]


def test_a_status_may_come_after_the_write(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "status_after", "status": 504, "method": "PATCH", "times": 1})
    assert 504 == hubspot.http.patch(ONE, json={"properties": {"sj_credits": "9"}}).status_code

    assert "9" == hubspot.history("101", "sj_credits")[0]["value"]


@pytest.mark.parametrize(
    ("status", "content"),
    [(423, "json"), (477, "json"), (429, "json"), (500, "json"), (520, "html"), (530, "html")],
)
def test_other_statuses_are_answered_on_demand(hubspot: Sandbox, status: int, content: str) -> None:
    hubspot.faults({"action": "status", "status": status, "times": 1})

    answer = hubspot.http.get(ONE)

    assert status == answer.status_code
    assert content in answer.headers["Content-Type"]
    assert ("Retry-After" in answer.headers) is (status == 477)


def test_a_slow_answer_is_late_and_whole(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "slow", "ms": 120, "times": 1})

    assert hubspot.http.get(ONE).elapsed.total_seconds() >= 0.12


def test_nonsense_faults_and_options_are_refused(hubspot: Sandbox) -> None:
    hubspot.put("/_sandbox/faults", [{"action": "explode"}], 400)
    hubspot.put("/_sandbox/options", {"latency_ms": "much"}, 400)
    hubspot.put("/_sandbox/options", {"gravity": 1}, 400)
