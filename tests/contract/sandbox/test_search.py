"""Search: filters, paging, caps, lag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from .conftest import BOOKINGS, Sandbox

CONTACTS = "/crm/v3/objects/contacts/search"


def where(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"filterGroups": [{"filters": list(filters)}], **more}


def one(name: str, operator: str, **value: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **value}


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        (one("sj_credits", "EQ", value="3"), 5),
        (one("sj_credits", "GTE", value="2"), 10),
        (one("sj_credits", "BETWEEN", value="1", highValue="2"), 10),
        (one("email", "EQ", value="STUDENT3@school.example"), 1),
        (one("email", "CONTAINS_TOKEN", value="student1*"), 11),
        (one("firstname", "IN", values=["first1", "first2"]), 2),
        (one("firstname", "IN", values=["First1"]), 0),
        (one("hs_object_id", "GT", value="115"), 5),
        (one("shared_mock_credits", "NOT_HAS_PROPERTY"), 20),
        (one("lastmodifieddate", "LT", value="2026-10-02"), 20),
    ],
)
def test_filters(hubspot: Sandbox, filter_: dict[str, Any], count: int) -> None:
    assert count == hubspot.post(CONTACTS, where(filter_))["total"]


def test_filters_of_a_group_and_while_groups_or(hubspot: Sandbox) -> None:
    groups = [
        {"filters": [one("is_active", "EQ", value="Active"), one("mock_type", "EQ", value="x")]},
        {"filters": [one("exam_date", "EQ", value="2026-12-01")]},
    ]

    body = hubspot.post(f"/crm/v3/objects/{BOOKINGS}/search", {"filterGroups": groups})

    assert 20 == body["total"]


def test_pages_are_cut_by_offset(hubspot: Sandbox) -> None:
    sort = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    first = hubspot.post(CONTACTS, {"limit": 12, "sorts": sort})
    after = first["paging"]["next"]["after"]
    second = hubspot.post(CONTACTS, {"limit": 12, "after": after, "sorts": sort})

    assert "12" == after
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert [str(n) for n in range(120, 100, -1)] == ids


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"sorts": ["email", "firstname"]},
        {"filterGroups": [{"filters": []}] * 6},
        where(*[one("email", "EQ", value="x")] * 7),
        where(one("firstname", "GTE", value="x")),
        where(one("nothing", "EQ", value="x")),
        where(one("email", "LIKE", value="x")),
    ],
)
def test_what_search_refuses(hubspot: Sandbox, body: dict[str, Any]) -> None:
    assert "VALIDATION_ERROR" == hubspot.post(CONTACTS, body, 400)["category"]


def test_search_learns_of_a_change_later_than_a_read_does(start: Callable[..., Sandbox]) -> None:
    hubspot = start(search_lag_ms=5_000)
    wanted = where(one("sj_credits", "EQ", value="99"), properties=["sj_credits"])
    hubspot.patch("/crm/v3/objects/contacts/101", {"sj_credits": "99"})
    new = hubspot.post("/crm/v3/objects/contacts", {"properties": {"sj_credits": "99"}}, 201)
    hubspot.http.delete("/crm/v3/objects/contacts/102")

    assert 0 == hubspot.post(CONTACTS, wanted)["total"]
    assert 20 == hubspot.post(CONTACTS, {})["total"]

    hubspot.clock.now += timedelta(seconds=6)
    body = hubspot.post(CONTACTS, wanted)
    assert {"101", new["id"]} == {row["id"] for row in body["results"]}
    assert 20 == hubspot.post(CONTACTS, {})["total"]


def test_stale_rows_keep_their_place_in_the_order(start: Callable[..., Sandbox]) -> None:
    hubspot = start(search_lag_ms=5_000)
    for id_ in (103, 107, 119):
        hubspot.patch(f"/crm/v3/objects/contacts/{id_}", {"student_id": str(id_)})

    sort = [{"propertyName": "student_id", "direction": "ASCENDING"}]
    body = hubspot.post(CONTACTS, {"limit": 20, "sorts": sort, "properties": ["student_id"]})

    assert [str(7000 + n) for n in range(20)] == [
        row["properties"]["student_id"] for row in body["results"]
    ]


def test_free_text_finds_people(hubspot: Sandbox) -> None:
    body = hubspot.post(CONTACTS, {"query": "last7 student7"})

    assert ["108"] == [row["id"] for row in body["results"]]
