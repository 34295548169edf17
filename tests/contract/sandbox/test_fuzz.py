"""Whatever is asked, HubSpot's own kind of refusal comes back: never a 500, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.hubspot.routes import TABLE
from sandbox.hubspot.scopes import ALL, JOURNAL

from .conftest import Sandbox

TYPES = st.sampled_from(
    ["0-1", "contacts", "notes", "deals", "0-27", "2-50158943", "2-50158913", "nothings", "%00"]
)
KEYS = st.sampled_from(["101", "501", "901", "999", "abc", "-1", "9" * 30, "1.0", "é", "batch"])
NAMES = st.sampled_from(["email", "sj_credits", "exam_date", "hs_object_id", "x", "A B", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    KEYS,
    NAMES,
    st.sampled_from(["2026-12-01", "1795435200000", "1e400", "NaN", "HUBSPOT_DEFINED", 202, "EQ"]),
)
WORDS = [
    "inputs", "id", "properties", "propertiesWithHistory", "idProperty", "objectWriteTraceId",
    "filterGroups", "filters", "propertyName", "operator", "value", "values", "highValue", "sorts",
    "direction", "limit", "after", "query", "associations", "to", "from", "types", "name", "label",
    "associationCategory", "associationTypeId", "type", "fieldType", "groupName", "options",
    "subscriptionType", "actions", "objectIds", "objectTypeId", "portalId", "snapshotRequests",
    "primaryObjectId", "objectIdToMerge", "objectId", "hasUniqueValue", "requiredProperties",
    "archived", "email", "sj_credits", "booking_id", "is_active", "hs_timestamp",
]  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    ),
    max_leaves=24,
)
PROPERTIES = st.dictionaries(NAMES, SCALARS, max_size=3)
INPUTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.one_of(KEYS, SCALARS),
            "properties": PROPERTIES,
            "idProperty": NAMES,
            "objectWriteTraceId": st.text(max_size=2),
            "associations": st.lists(JSON, max_size=2),
        },
    ),
    max_size=4,
)
FILTER = st.fixed_dictionaries(
    {
        "propertyName": NAMES,
        "operator": st.sampled_from(
            ["EQ", "NEQ", "LT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "CONTAINS_TOKEN"]
        ),
    },
    optional={"value": SCALARS, "highValue": SCALARS, "values": st.lists(SCALARS, max_size=3)},
)
BODIES = st.one_of(
    JSON,
    st.fixed_dictionaries({"inputs": INPUTS}, optional={"properties": st.lists(NAMES)}),
    st.fixed_dictionaries({"properties": PROPERTIES}, optional={"associations": JSON}),
    st.fixed_dictionaries(
        {"filterGroups": st.lists(st.fixed_dictionaries({"filters": st.lists(FILTER)}))},
        optional={"sorts": st.lists(NAMES), "limit": SCALARS, "after": SCALARS, "query": SCALARS},
    ),
)
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "after", "properties", "archived", "associations", "idProperty"]),
    st.one_of(NAMES, KEYS, TYPES, st.sampled_from(["true", "false"])),
    max_size=3,
)
PREFIXES = {
    "objects": "/crm/objects/2026-09",
    "object-links": "/crm/v4/objects",
    "associations": "/crm/v4/associations",
    "properties": "/crm/v3/properties",
    "schemas": "/crm-object-schemas/v3/schemas",
    "account-info": "/account-info/2026-09",
    "private-apps": "/oauth/v2/private-apps",
    "exports": "/crm/v3/exports",
    "pipelines": "/crm/v3/pipelines",
    "owners": "/crm/v3/owners",
    "legacy": "",
    "journal": "/webhooks-journal/journal/2026-03",
    "journal-subscriptions": "/webhooks/v4/subscriptions",
    "journal-snapshots": "/webhooks-journal/snapshots/v4",
    "links-v3": "/crm/v3/associations",
    "transactional": "/marketing/transactional/2026-09",
    "email": "/marketing/v3/email",
}
SETTINGS = settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


@pytest.fixture(scope="module")
def target(shared: Sandbox) -> Iterator[Sandbox]:
    shared.begin_again()
    # an app that may do all, the journal too
    scopes = sorted(ALL | JOURNAL)
    app = {"token": "pat-fuzz", "app_id": 5, "name": "Fuzz", "rate_limit": 10**9, "scopes": scopes}
    shared.put("/_sandbox/apps", app)
    usual = shared.http.headers["Authorization"]
    shared.http.headers["Authorization"] = "Bearer pat-fuzz"
    shared.put("/_sandbox/options", {"search_limit": 1_000_000, "unknown_route": "json"})
    yield shared
    shared.http.headers["Authorization"] = usual
    shared.put("/_sandbox/options", {"search_limit": 5, "unknown_route": "html"})


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str]:
    method, template, _ = draw(st.sampled_from(TABLE))
    api, tail = template.split(" ")
    path = tail.replace("{type}", draw(TYPES)).replace("{to}", draw(TYPES))
    path = re.sub(r"\{\w+\}", lambda _: str(draw(KEYS)), path)
    return method, f"{PREFIXES[api]}{path}"


@SETTINGS
@given(request=requests(), query=QUERIES, body=BODIES)
def test_no_request_breaks_the_sandbox(
    target: Sandbox, request: tuple[str, str], query: dict[str, str], body: Any
) -> None:
    method, path = request
    sent = None if method in {"GET", "DELETE"} else body

    answer = target.http.request(method, path, params=query, json=sent)

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert "error" == answer.json()["status"]
        assert {"message", "correlationId"} <= answer.json().keys()


@settings(SETTINGS, max_examples=60)
@given(request=requests(), body=st.binary(max_size=40))
def test_no_bytes_break_the_sandbox(target: Sandbox, request: tuple[str, str], body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = target.http.request("POST", request[1], content=body, headers=headers)

    assert answer.status_code < 500, answer.text


CONTROLS = st.sampled_from(
    [
        ("PUT", "faults"),
        ("PUT", "apps"),
        ("POST", "objects/0-1/101/edit"),
        ("POST", "objects/0-1/merge"),
        ("GET", "exports/1.csv"),
        ("POST", "nothing"),
    ]
)
ORDER_KEYS = ["action", "times", "ms", "fail", "properties", "raw", "user_id", "primary", "other"]
ACTIONS = st.sampled_from(["slow", "partial", "status", "late", 0, 1])
ORDERS = st.dictionaries(
    st.sampled_from(ORDER_KEYS), st.one_of(SCALARS, PROPERTIES, ACTIONS), max_size=4
)


@settings(SETTINGS, max_examples=80)
@given(control=CONTROLS, body=st.one_of(JSON, ORDERS, st.lists(ORDERS, max_size=2)))
def test_no_order_breaks_the_controls(target: Sandbox, control: tuple[str, str], body: Any) -> None:
    method, path = control

    answer = target.http.request(method, f"/_sandbox/{path}", json=body)

    target.http.delete("/_sandbox/faults")
    assert answer.status_code < 500, answer.text
