"""Merges in HubSpot's three ways, and what comes back from the recycling bin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import BOOKINGS, EXAMS, Sandbox

CONTACT, BOOKING = ("0-1", "101", "102"), (BOOKINGS, "501", "503")


def merged(hubspot: Sandbox, type_: str, primary: str, other: str) -> str:
    body = {"primaryObjectId": primary, "objectIdToMerge": other}
    return str(hubspot.post(f"/crm/v3/objects/{type_}/merge", body)["id"])


@pytest.mark.parametrize(
    ("mode", "ends", "fresh"),
    [
        ("all", CONTACT, True),
        ("all", BOOKING, True),
        ("contacts", CONTACT, True),
        ("contacts", BOOKING, False),
        ("kept", CONTACT, False),
        ("kept", BOOKING, False),
    ],
)
def test_a_merge_makes_a_new_id_or_keeps_the_primarys(
    start: Callable[..., Sandbox], mode: str, ends: tuple[str, str, str], fresh: bool
) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"merge_ids": mode})
    type_, primary, other = ends
    new = merged(hubspot, type_, primary, other)

    assert fresh is (new not in {primary, other})
    assert fresh or new == primary
    asked = {"properties": "hs_merged_object_ids,hs_calculated_merged_vids"}
    for old in (primary, other):
        found = hubspot.get(f"/crm/v3/objects/{type_}/{old}", **asked)
        assert new == found["id"]
        held = found["properties"]["hs_merged_object_ids"].split(";")
        assert sorted({primary, other} - {new}) == sorted(held)
        if type_ == "0-1":
            vids = found["properties"]["hs_calculated_merged_vids"].split(";")
            assert {primary, other} == {vid.partition(":")[0] for vid in vids}
    listed = [one["id"] for one in hubspot.get(f"/crm/v3/objects/{type_}", limit=100)["results"]]
    assert other not in listed
    assert 1 == listed.count(new)


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_ids_of_earlier_merges_lead_to_the_last(start: Callable[..., Sandbox], mode: str) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"merge_ids": mode})
    first = merged(hubspot, "0-1", "101", "102")
    last = merged(hubspot, "0-1", "103", first)

    assert {last} == {
        hubspot.get(f"/crm/v3/objects/0-1/{old}")["id"] for old in ("101", "102", "103", first)
    }


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_merged_exam_keeps_the_bookings_of_both(start: Callable[..., Sandbox], mode: str) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"merge_ids": mode})
    new = merged(hubspot, EXAMS, "901", "902")

    path = f"/crm/v4/objects/{EXAMS}/{new}/associations/{BOOKINGS}"
    assert 40 == len(hubspot.get(path)["results"])


def test_a_mode_of_merging_is_one_of_three(hubspot: Sandbox) -> None:
    refused = hubspot.put("/_sandbox/options", {"merge_ids": "some"}, 400)

    assert "contacts, all, kept" in refused["message"]


def test_nobody_merges_an_archived_object_or_one_with_itself(hubspot: Sandbox) -> None:
    hubspot.post("/_sandbox/objects/0-1/102/archive", {})
    hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "102"}, 400)
    hubspot.post("/_sandbox/objects/0-1/merge", {"primary": "101", "other": "101"}, 400)

    assert "101" == hubspot.get("/crm/v3/objects/0-1/101")["id"]


def test_what_is_restored_is_as_it_was(hubspot: Sandbox) -> None:
    path = "/crm/v3/objects/0-1/101"
    before = hubspot.get(path, properties="email,sj_credits")
    assert 204 == hubspot.http.delete(path).status_code
    hubspot.get(path, 404)

    back = hubspot.post("/_sandbox/objects/0-1/101/restore", {})
    found = hubspot.get(path, properties="email,sj_credits")
    assert back["updatedAt"] == found["updatedAt"] > before["updatedAt"]
    assert before["properties"]["email"] == found["properties"]["email"]
    assert not found["archived"]
    assert {"501", "502"} == {
        str(one["toObjectId"])
        for one in hubspot.get(f"/crm/v4/objects/0-1/101/associations/{BOOKINGS}")["results"]
    }
    # its e-mail is its own again
    taken = {"properties": {"email": before["properties"]["email"]}}
    hubspot.post("/crm/v3/objects/contacts", taken, 409)
    hubspot.post("/_sandbox/objects/0-1/101/restore", {}, 404)


def test_an_object_whose_unique_value_was_taken_stays_in_the_bin(hubspot: Sandbox) -> None:
    email = hubspot.get("/crm/v3/objects/0-1/101")["properties"]["email"]
    hubspot.http.delete("/crm/v3/objects/0-1/101")
    hubspot.post("/crm/v3/objects/contacts", {"properties": {"email": email}}, 201)

    refused = hubspot.post("/_sandbox/objects/0-1/101/restore", {}, 409)
    assert email in refused["message"]
    hubspot.get("/crm/v3/objects/0-1/101", 404)


@pytest.mark.parametrize("mode", ["all", "contacts", "kept"])
def test_a_merged_contact_keeps_the_primary_company_of_the_first(
    start: Callable[..., Sandbox], mode: str
) -> None:
    hubspot = start()
    hubspot.put("/_sandbox/options", {"merge_ids": mode})
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    companies = []
    for contact, name in (("101", "One"), ("102", "Two")):
        made = hubspot.post("/crm/v3/objects/companies", {"properties": {"name": name}}, 201)
        hubspot.put(f"/crm/v4/objects/0-1/{contact}/associations/0-2/{made['id']}", spec, 201)
        companies.append(int(made["id"]))
    new = merged(hubspot, "0-1", "101", "102")

    found = hubspot.get(f"/crm/v4/objects/0-1/{new}/associations/0-2")["results"]
    labels = {one["toObjectId"]: {t["label"] for t in one["associationTypes"]} for one in found}
    assert {companies[0]: {None, "Primary"}, companies[1]: {None}} == labels
    back = hubspot.get(f"/crm/v4/objects/0-2/{companies[1]}/associations/0-1")["results"]
    assert [{"category": "HUBSPOT_DEFINED", "typeId": 280, "label": None}] == (
        back[0]["associationTypes"]
    )


def test_an_id_that_was_merged_away_is_not_in_the_recycling_bin(hubspot: Sandbox) -> None:
    merged(hubspot, "0-1", "101", "102")

    hubspot.post("/_sandbox/objects/0-1/102/restore", {}, 404)
