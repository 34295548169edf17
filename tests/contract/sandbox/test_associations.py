"""Associations: what is answered of objects without any, limits, labels, HubSpot's own numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.hubspot.standard import ties
from sandbox.hubspot.standard.types import standard_types

from .conftest import BOOKINGS, EXAMS, Sandbox

NONE = "crm.associations.NO_ASSOCIATIONS_FOUND"
VERSIONS = ("v4", "2026-03", "2026-09")


def pair(version: str, a: str, b: str, tail: str) -> str:
    api = "/crm/v4/associations" if version == "v4" else f"/crm/associations/{version}"
    return f"{api}/{a}/{b}/{tail}"


def made(hubspot: Sandbox, type_: str, **values: str) -> str:
    return str(hubspot.post(f"/crm/v3/objects/{type_}", {"properties": values}, 201)["id"])


def ends_of(hubspot: Sandbox, type_: str, id_: str, to: str) -> dict[int, set[tuple[int, Any]]]:
    found = hubspot.get(f"/crm/v4/objects/{type_}/{id_}/associations/{to}")["results"]
    return {
        one["toObjectId"]: {(t["typeId"], t["label"]) for t in one["associationTypes"]}
        for one in found
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_an_object_without_associations_is_an_error_of_a_207(
    hubspot: Sandbox, version: str
) -> None:
    inputs = [{"id": "101"}, {"id": "103"}]
    body = hubspot.post(pair(version, "0-1", "notes", "batch/read"), {"inputs": inputs}, 207)

    assert ([], 2) == (body["results"], body["numErrors"])
    assert {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": NONE,
        "message": "No note is associated with contact 103.",
        "context": {
            "fromObjectId": ["103"],
            "fromObjectType": ["contact"],
            "toObjectType": ["note"],
        },
    } in body["errors"]


def test_associations_are_read_for_a_thousand_at_once(hubspot: Sandbox) -> None:
    inputs = [{"id": str(n)} for n in range(1000)]
    body = hubspot.post(pair("2026-09", "0-1", BOOKINGS, "batch/read"), {"inputs": inputs}, 207)

    ends = {one["from"]["id"]: [to["toObjectId"] for to in one["to"]] for one in body["results"]}
    assert ["501", "502"] == ends["101"]
    assert 980 == body["numErrors"]
    assert {NONE} == {error["subCategory"] for error in body["errors"]}


def test_an_object_that_is_gone_may_be_told_from_one_without_associations(
    start: Callable[..., Sandbox],
) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"gone_without_ties": False})
    inputs = [{"id": "101"}, {"id": "999"}]
    body = hubspot.post(pair("v4", "0-1", "notes", "batch/read"), {"inputs": inputs}, 207)

    assert {None, NONE} == {error.get("subCategory") for error in body["errors"]}
    gone = next(error for error in body["errors"] if "subCategory" not in error)
    assert ["999"] == gone["context"]["ids"]


@pytest.mark.parametrize(("version", "kind"), [("v4", int), ("2026-03", int), ("2026-09", str)])
def test_ids_are_numbers_where_hubspot_writes_numbers(
    hubspot: Sandbox, version: str, kind: type
) -> None:
    body = hubspot.post(pair(version, "0-1", BOOKINGS, "batch/read"), {"inputs": [{"id": "101"}]})
    api = "/crm/v4/objects" if version == "v4" else f"/crm/objects/{version}"
    one = hubspot.get(f"{api}/0-1/101/associations/{BOOKINGS}")["results"][0]

    (found,) = body["results"]
    assert str is type(found["from"]["id"])
    assert kind is type(found["to"][0]["toObjectId"]) is type(one["toObjectId"])


def test_ids_may_be_numbers_in_any_version(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"number_ids": ["2026-09"]})
    body = hubspot.get(f"/crm/objects/2026-09/0-1/101/associations/{BOOKINGS}")
    assert int is type(body["results"][0]["toObjectId"])
    body = hubspot.get(f"/crm/v4/objects/0-1/101/associations/{BOOKINGS}")
    assert str is type(body["results"][0]["toObjectId"])


@pytest.mark.parametrize(
    ("tail", "most"),
    [
        ("batch/read", 1000),
        ("batch/create", 2000),
        ("batch/associate/default", 2000),
        ("batch/archive", 100),
        ("batch/labels/archive", 100),
    ],
)
def test_a_batch_of_associations_has_its_limit(hubspot: Sandbox, tail: str, most: int) -> None:
    ends = {"from": {"id": "101"}, "to": {"id": "101"}, "id": "101", "types": []}

    answer = hubspot.post(pair("v4", "0-1", "0-1", tail), {"inputs": [ends] * (most + 1)}, 400)

    assert str(most) in answer["message"]


@pytest.mark.parametrize(
    ("version", "created", "archived"),
    [("v4", 201, 204), ("2026-03", 201, 200), ("2026-09", 200, 200)],
)
def test_each_version_has_its_success_codes(
    hubspot: Sandbox, version: str, created: int, archived: int
) -> None:
    (plain,) = hubspot.get(pair("v4", "0-1", EXAMS, "labels"))["results"][:1]
    spec = {"associationCategory": plain["category"], "associationTypeId": plain["typeId"]}
    ends = {"from": {"id": "101"}, "to": {"id": "901"}}
    body = {"inputs": [{**ends, "types": [spec]}]}

    hubspot.post(pair(version, "0-1", EXAMS, "batch/create"), body, created)
    gone = {"inputs": [{"from": {"id": "101"}, "to": [{"id": "901"}]}]}
    answer = hubspot.post(pair(version, "0-1", EXAMS, "batch/archive"), gone, archived)

    assert {} == ends_of(hubspot, "0-1", "101", EXAMS)
    assert (answer is None) is (version == "v4")


def test_a_cursor_is_opaque_and_leads_on(hubspot: Sandbox) -> None:
    path = f"/crm/v4/objects/{EXAMS}/901/associations/{BOOKINGS}"
    first = hubspot.get(path, limit=15)
    after = first["paging"]["next"]["after"]

    assert not after.isdigit()
    rest = hubspot.get(path, limit=15, after=after)["results"]
    assert rest == hubspot.http.get(first["paging"]["next"]["link"]).json()["results"]
    assert 20 == len({one["toObjectId"] for one in first["results"] + rest})
    refused = hubspot.get(path, 400, after="515")
    assert "cursor" in refused["message"]


def test_a_batch_read_goes_on_by_its_cursor(hubspot: Sandbox) -> None:
    path = pair("2026-09", EXAMS, "0-1", "batch/associate/default")
    people = [made(hubspot, "contacts", firstname=str(n)) for n in range(520)]
    ties_ = [{"from": {"id": "901"}, "to": {"id": id_}} for id_ in people]
    hubspot.post(path, {"inputs": ties_})
    read = pair("2026-09", EXAMS, "0-1", "batch/read")

    first = hubspot.post(read, {"inputs": [{"id": "901"}]})["results"][0]
    after = first["paging"]["next"]["after"]
    second = hubspot.post(read, {"inputs": [{"id": "901", "after": after}]})["results"][0]

    assert (500, 20) == (len(first["to"]), len(second["to"]))
    assert "paging" not in second
    assert set(people) == {one["toObjectId"] for one in first["to"] + second["to"]}


@pytest.mark.parametrize("survivors", [False, True])
def test_an_id_from_before_a_merge_has_no_associations_or_the_survivors(
    start: Callable[..., Sandbox], survivors: bool
) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"ties_by_old_id": survivors})
    hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "102"})
    read = pair("2026-09", "0-1", BOOKINGS, "batch/read")

    body = hubspot.post(read, {"inputs": [{"id": "101"}]}, 200 if survivors else 207)
    one = hubspot.get(f"/crm/v4/objects/0-1/101/associations/{BOOKINGS}")["results"]

    assert survivors is bool(body["results"]) is bool(one)
    if not survivors:
        assert ["101"] == body["errors"][0]["context"]["fromObjectId"]


@pytest.mark.parametrize(
    ("a", "b", "number"),
    [
        ("contacts", "companies", 279),
        ("companies", "contacts", 280),
        ("deals", "contacts", 3),
        ("contacts", "deals", 4),
        ("tickets", "contacts", 16),
        ("deals", "line_items", 19),
        ("notes", "companies", 190),
        ("tasks", "tickets", 230),
        ("contacts", "contacts", 449),
    ],
)
def test_a_default_association_has_hubspots_own_number(
    start: Callable[..., Sandbox], a: str, b: str, number: int
) -> None:
    hubspot = start()
    more = {"tickets": {"hs_pipeline_stage": "1"}}
    when = {"hs_timestamp": "1795435200000"}
    ids = [
        made(hubspot, one, **more.get(one, when if one in {"notes", "tasks"} else {}))
        for one in (a, b)
    ]
    hubspot.put(f"/crm/v4/objects/{a}/{ids[0]}/associations/default/{b}/{ids[1]}")

    assert {int(ids[1]): {(number, None)}} == ends_of(hubspot, a, ids[0], b)


def test_every_built_in_tie_has_its_opposite() -> None:
    types = [one.id for one in standard_types()] + [ties.CONTACT, ties.NOTE]
    numbers = set[int]()
    for a in types:
        for b in types:
            there, back = ties.built_in(a, b), ties.built_in(b, a)
            assert {(t.number, t.back) for t in there} == {(t.back, t.number) for t in back}
            assert all(t.label is None for t in there[:1])
            assert all(re.fullmatch("[a-z_]+", t.name) for t in there)
            fresh = {t.number for t in there}
            assert not fresh & numbers
            numbers |= fresh
    assert 80 < len(numbers)


def test_two_types_that_hubspot_does_not_associate_are_refused(hubspot: Sandbox) -> None:
    path = pair("v4", "products", "tickets", "batch/associate/default")
    refused = hubspot.post(path, {"inputs": []}, 400)

    assert "No default association exists between PRODUCT and TICKET" == refused["message"]
    assert {"results": []} == hubspot.get(pair("v4", "products", "tickets", "labels"))


def test_a_contact_has_one_primary_company(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    one, two = (made(hubspot, "companies", name=name) for name in ("One", "Two"))
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    for company in (one, two):
        hubspot.put(f"/crm/v4/objects/contacts/101/associations/companies/{company}", primary, 201)

    assert {
        int(one): {(279, None)},
        int(two): {(279, None), (1, "Primary")},
    } == ends_of(hubspot, "contacts", "101", "companies")
    # from the other side as well
    back = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 2}]
    hubspot.put(f"/crm/v4/objects/companies/{one}/associations/contacts/101", back, 201)
    assert {(280, None)} == ends_of(hubspot, "companies", two, "contacts")[101]
    assert {(279, None), (1, "Primary")} == ends_of(hubspot, "contacts", "101", "companies")[
        int(one)
    ]


def test_a_company_has_a_parent_and_children(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    parent, child = (made(hubspot, "companies", name=name) for name in ("Parent", "Child"))
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 13}]
    hubspot.put(f"/crm/v4/objects/companies/{parent}/associations/companies/{child}", spec, 201)

    there = ends_of(hubspot, "companies", parent, "companies")
    back = ends_of(hubspot, "companies", child, "companies")
    assert {int(child): {(450, None), (13, "Child Company")}} == there
    assert {int(parent): {(450, None), (14, "Parent Company")}} == back


def test_a_label_keeps_its_rules(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    labels = pair("2026-09", "0-1", EXAMS, "labels")
    for name in ("has-hyphen", "1st", ""):
        hubspot.post(labels, {"label": "X", "name": name}, 400)
    first = hubspot.post(labels, {"label": "Proctor", "name": "proctor", "inverseLabel": "Watched"})
    assert {"Proctor", "Watched"} == {one["label"] for one in first["results"]}
    hubspot.post(labels, {"label": "Proctor", "name": "other"}, 400)
    number = first["results"][0]["typeId"]

    renamed = {"associationTypeId": number, "label": "Invigilator", "inverseLabel": "Seen by"}
    assert 204 == hubspot.http.put(labels, json=renamed).status_code
    assert "Invigilator" in {one["label"] for one in hubspot.get(labels)["results"]}
    back = hubspot.get(pair("v4", EXAMS, "0-1", "labels"))["results"]
    assert "Seen by" in {one["label"] for one in back}

    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": number}]
    hubspot.put(f"/crm/v4/objects/0-1/101/associations/{EXAMS}/901", spec, 201)
    assert 2 == len(ends_of(hubspot, "0-1", "101", EXAMS)[901])
    assert 204 == hubspot.http.delete(f"{labels}/{number}").status_code
    assert 1 == len(ends_of(hubspot, "0-1", "101", EXAMS)[901])
    assert 400 == hubspot.http.delete(f"{labels}/{number}").status_code
    # HubSpot's own cannot be taken away
    assert 400 == hubspot.http.delete(pair("v4", "0-1", "0-2", "labels/1")).status_code


def test_no_more_than_fifty_labels_between_two_types(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    labels = pair("v4", "0-1", "0-3", "labels")
    for n in range(50):
        hubspot.post(labels, {"label": f"L{n}", "name": f"l{n}"})

    refused = hubspot.post(labels, {"label": "One more", "name": "more"}, 400)
    assert "50" in refused["message"]


def test_an_account_may_limit_the_associations_of_a_kind(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    config = pair("2026-09", "definitions", "configurations", "0-2/0-1")
    rule = {"category": "HUBSPOT_DEFINED", "typeId": 280}
    hubspot.post(f"{config}/batch/create", {"inputs": [{**rule, "maxToObjectIds": 1}]})
    assert [{**rule, "userEnforcedMaxToObjectIds": 1}] == hubspot.get(config)["results"]
    company = made(hubspot, "companies", name="Small")
    path = f"/crm/v4/objects/companies/{company}/associations/default/contacts"
    hubspot.put(f"{path}/101")
    hubspot.put(f"{path}/101")  # what is there already is no second one

    hubspot.put(f"{path}/102", None, 400)
    back = f"/crm/v4/objects/contacts/102/associations/default/companies/{company}"
    hubspot.put(back, None, 400)
    assert {101} == ends_of(hubspot, "companies", company, "contacts").keys()
    hubspot.post(f"{config}/batch/purge", {"inputs": [rule]})
    hubspot.put(f"{path}/102")
    assert {"results": []} == hubspot.get(config)


def test_version_3_names_its_kinds_of_association(start: Callable[..., Sandbox]) -> None:
    hubspot = start()
    company = made(hubspot, "companies", name="Acme")
    base = "/crm/v3/associations/company/contact"
    names = {one["name"] for one in hubspot.get(f"{base}/types")["results"]}
    assert {"company_to_contact", "company_to_contact_primary"} == names
    tie = {"from": {"id": company}, "to": {"id": "101"}, "type": "company_to_contact"}
    hubspot.post(f"{base}/batch/create", {"inputs": [tie]}, 201)

    read = {"inputs": [{"id": company}]}
    (found,) = hubspot.post(f"{base}/batch/read", read)["results"]
    assert {"from": {"id": company}, "to": [{"id": "101", "type": "company_to_contact"}]} == found
    hubspot.post(f"{base}/batch/archive", {"inputs": [tie]}, 204)
    body = hubspot.post(f"{base}/batch/read", read, 207)
    assert NONE == body["errors"][0]["subCategory"]
    ghost = {**tie, "to": {"id": "999"}}
    hubspot.post(f"{base}/batch/create", {"inputs": [ghost]}, 207)
    hubspot.post(f"{base}/batch/create", {"inputs": [{**tie, "type": "friends"}]}, 400)
