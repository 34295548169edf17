from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hubspot.utils.signature import Signature  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from core.credits.account import OBJECT_TYPES
from core.credits.records import Kind
from core.mirror.webhook_rules import (
    AGE_MAX,
    EVENTS_MAX,
    Heard,
    NotGenuine,
    Unreadable,
    check_age,
    check_signature,
    heard,
    signature,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BOOKING, EXAM = OBJECT_TYPES[Kind.BOOKING], OBJECT_TYPES[Kind.EXAM]
URI = "https://desk.example.test/api/webhooks/hubspot"


def stamp(ago: timedelta = timedelta(0)) -> str:
    return str(int((NOW - ago).timestamp() * 1000))


def told(*events: object) -> Heard:
    return heard(json.dumps(events).encode(), OBJECT_TYPES)


def event(what: str, **fields: Any) -> dict[str, Any]:
    return {"subscriptionType": what, "eventId": 1, "occurredAt": 1, **fields}


@given(
    body=st.text(),
    secret=st.text(st.characters(codec="ascii"), min_size=1),
    query=st.sampled_from(["", "?a=1&b=x", "?who=a@b.test"]),
)
def test_our_signature_is_that_of_hubspots_own_library(body: str, secret: str, query: str) -> None:
    theirs = Signature.get_signature(secret, body, "v3", URI + query, "POST", stamp())

    assert theirs == signature(secret, "POST", URI + query, body.encode(), stamp())


def test_what_hubspot_decodes_before_it_signs_is_decoded_here_too() -> None:
    given_, decoded = URI + "?to=a%40b.test%2Fc%3a1&s=%20", URI + "?to=a@b.test/c:1&s=%20"

    assert signature("s", "POST", decoded, b"", "1") == signature("s", "POST", given_, b"", "1")


@pytest.mark.parametrize("part", ["secret", "method", "uri", "body", "timestamp"])
def test_a_change_of_any_part_is_another_signature(part: str) -> None:
    parts: dict[str, Any] = {"secret": "s", "method": "POST", "uri": URI, "body": b"[]"}
    parts["timestamp"] = stamp()
    changed = {**parts, part: parts[part] + (b"x" if part == "body" else "1")}

    with pytest.raises(NotGenuine):
        check_signature(signature(**parts), signature(**changed))


@pytest.mark.parametrize("given_", ["", "é", "AAAA", "\udcff"])
def test_a_signature_that_cannot_be_one_is_refused_and_breaks_nothing(given_: str) -> None:
    with pytest.raises(NotGenuine):
        check_signature(given_, signature("s", "POST", URI, b"", "1"))


@pytest.mark.parametrize("ago", [timedelta(0), AGE_MAX, timedelta(seconds=-30)])
def test_what_was_sent_just_now_is_taken(ago: timedelta) -> None:
    check_age(stamp(ago), NOW)


@pytest.mark.parametrize(
    "timestamp",
    [
        stamp(AGE_MAX + timedelta(seconds=1)),
        stamp(timedelta(minutes=-2)),
        "",
        "soon",
        "-1",
        "²",
        "9" * 400,
    ],
)
def test_what_is_old_from_the_future_or_no_time_is_refused(timestamp: str) -> None:
    with pytest.raises(NotGenuine):
        check_age(timestamp, NOW)


@pytest.mark.parametrize(
    "verb", ["creation", "deletion", "propertyChange", "privacyDeletion", "restore"]
)
def test_whatever_happens_to_a_record_of_ours_it_is_read_again(verb: str) -> None:
    found = told(
        event(f"contact.{verb}", objectId=100),
        event(f"object.{verb}", objectId=500, objectTypeId=BOOKING),
        event(f"object.{verb}", objectId="70", objectTypeId=EXAM),
        event(f"object.{verb}", objectId=101, objectTypeId="0-1"),
    )

    expected = ((Kind.CONTACT, "100"), (Kind.BOOKING, "500"), (Kind.EXAM, "70"))
    assert (*expected, (Kind.CONTACT, "101")) == found.records


def test_what_was_deleted_for_privacy_is_told_apart() -> None:
    found = told(
        event("contact.privacyDeletion", objectId=100),
        event("object.privacyDeletion", objectId=101, objectTypeId="0-1"),
        event("contact.deletion", objectId=102),
        event("contact.propertyChange", objectId=100),
    )

    assert {(Kind.CONTACT, "100"), (Kind.CONTACT, "101")} == found.erased
    assert {"100", "101", "102"} == {id_ for _, id_ in found.records}


def test_ten_events_of_one_record_are_one_record() -> None:
    found = told(
        *[event("contact.propertyChange", objectId=100, propertyName=str(n)) for n in "ab"]
    )

    assert (((Kind.CONTACT, "100"),), 2) == (found.records, found.events)


def test_a_merge_tells_of_all_the_ids_it_touched() -> None:
    merge = event(
        "contact.merge", objectId=9, primaryObjectId=1, mergedObjectIds=[2, 3], newObjectId=9
    )

    assert {"1", "2", "3", "9"} == {id_ for _, id_ in told(merge).records}


def test_a_booking_whose_association_changed_is_read_again_whichever_end_it_is() -> None:
    ends = {"fromObjectTypeId": "0-1", "fromObjectId": 100, "toObjectTypeId": BOOKING}
    other = {"fromObjectTypeId": BOOKING, "fromObjectId": 501, "toObjectTypeId": EXAM}
    found = told(
        event("object.associationChange", **ends, toObjectId=500),
        event("object.associationChange", **other, toObjectId=70),
    )

    assert ((Kind.BOOKING, "500"), (Kind.BOOKING, "501")) == found.records


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        (event("company.propertyChange", objectId=1), "company.propertyChange"),
        (event("contact.associationChange", fromObjectId=1), "contact.associationChange"),
        (event("contact.sneezed", objectId=1), "contact.sneezed"),
        (event("object.creation", objectId=1, objectTypeId="2-999"), "object.creation"),
        (event("contact.creation", objectId="x' or 1=1"), "contact.creation"),
        (event("contact.creation", objectId=True), "contact.creation"),
        (event("contact.creation", objectId=[1]), "contact.creation"),
        (event("contact.creation"), "contact.creation"),
        (event("contact.merge", mergedObjectIds="12"), "contact.merge"),
        (event("a\n" * 90), "unknown"),
        ({}, "unknown"),
        (17, "unknown"),
        (None, "unknown"),
    ],
)
def test_what_is_no_matter_of_ours_is_counted_and_the_rest_is_taken(odd: object, name: str) -> None:
    found = told(odd, event("contact.creation", objectId=100))

    assert (((Kind.CONTACT, "100"),), {name: 1}) == (found.records, found.ignored)


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b"\xff\xfe", b"[" * 100_000, b"1"])
def test_a_body_that_is_no_batch_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        heard(body, OBJECT_TYPES)


def test_a_batch_beyond_all_measure_is_unreadable() -> None:
    told(*[{}] * EVENTS_MAX)
    with pytest.raises(Unreadable):
        told(*[{}] * (EVENTS_MAX + 1))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_json_breaks_the_reading(value: object) -> None:
    names = ["contact.merge", "object.associationChange", "contact.propertyChange", value]
    events = [
        {"subscriptionType": n, "objectId": value, "objectTypeId": value, "mergedObjectIds": value}
        for n in names
    ]

    found = told(*events)

    assert all(id_.isdigit() for _, id_ in found.records)
