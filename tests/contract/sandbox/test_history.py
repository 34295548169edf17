"""Property history and modified times: the only trace that a write leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

from .conftest import Sandbox

ONE = "/crm/v3/objects/contacts/101"


def test_what_one_write_changes_shares_one_timestamp(hubspot: Sandbox) -> None:
    body = hubspot.patch(ONE, {"sj_credits": "1", "credit_desk_last_write": "w1"})

    (new, old), (marker,) = (
        hubspot.history("101", "sj_credits"),
        hubspot.history("101", "credit_desk_last_write"),
    )
    assert new["timestamp"] == marker["timestamp"] == body["updatedAt"]
    assert ("1", "0") == (new["value"], old["value"])
    assert ("INTEGRATION", "28463211") == (new["sourceType"], new["sourceId"])


def test_a_write_of_the_same_values_changes_nothing(hubspot: Sandbox) -> None:
    before = hubspot.patch(ONE, {"sj_credits": "1"})
    hubspot.clock.now += timedelta(seconds=1)

    after = hubspot.patch(ONE, {"sj_credits": "1"})

    assert before["updatedAt"] == after["updatedAt"]
    assert 2 == len(hubspot.history("101", "sj_credits"))


def test_two_writes_never_share_a_modified_time(hubspot: Sandbox) -> None:
    moments = [hubspot.patch(ONE, {"sj_credits": str(n)})["updatedAt"] for n in (5, 6, 7)]

    assert 3 == len(set(moments))
    assert moments == sorted(moments, key=datetime.fromisoformat)


def test_the_modified_time_is_a_property_as_well(hubspot: Sandbox) -> None:
    body = hubspot.patch(ONE, {"sj_credits": "1"})

    assert body["updatedAt"] == body["properties"]["lastmodifieddate"]


def test_an_empty_text_clears(hubspot: Sandbox) -> None:
    hubspot.patch(ONE, {"cs_credits": ""})

    body = hubspot.get(ONE, properties="cs_credits")
    assert body["properties"]["cs_credits"] is None
    assert ["", "2"] == [version["value"] for version in hubspot.history("101", "cs_credits")]


def test_a_person_in_the_hubspot_screen_is_named(hubspot: Sandbox) -> None:
    hubspot.post("/_sandbox/objects/0-1/101/edit", {"properties": {"sj_credits": "4"}})

    new = hubspot.history("101", "sj_credits")[0]
    assert ("4", "CRM_UI", "userId:61000001", 61000001) == (
        new["value"],
        new["sourceType"],
        new["sourceId"],
        new["updatedByUserId"],
    )


def test_a_raw_balance_may_be_nonsense(hubspot: Sandbox) -> None:
    raw = {"properties": {"sj_credits": "abc"}, "raw": True}
    hubspot.post("/_sandbox/objects/0-1/101/edit", raw)

    assert "abc" == hubspot.get(ONE, properties="sj_credits")["properties"]["sj_credits"]


def test_a_batch_read_sends_histories(hubspot: Sandbox) -> None:
    hubspot.patch(ONE, {"sj_credits": "1"})
    asked = {"inputs": [{"id": "101"}], "propertiesWithHistory": ["sj_credits"], "properties": []}

    body = hubspot.post("/crm/v3/objects/contacts/batch/read", asked)

    assert 2 == len(body["results"][0]["propertiesWithHistory"]["sj_credits"])
