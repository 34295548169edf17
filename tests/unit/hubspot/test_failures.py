"""Every answer that is no success says what the caller may do next, in words for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.credits.errors import (
    Forbidden,
    GatewayError,
    LimitReached,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.hubspot.wire.failures import failure

HTML = b"<html><head><title>502</title></head><body>cloudflare</body></html>"


def told(status: int, body: Any = None, **headers: str) -> GatewayError:
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return failure(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Forbidden),
        (404, Refused),
        (408, OutcomeUnknown),
        (409, Refused),
        (413, Refused),
        (414, Refused),
        (423, NotSent),
        (429, NotSent),
        (477, NotSent),
        *((status, OutcomeUnknown) for status in (500, 502, 503, 504, 520, 524, 526, 530)),
        (302, Refused),
    ],
)
@pytest.mark.parametrize("body", [b"", HTML, b"[]", b"null", {"message": "why"}])
def test_each_status_is_sorted_whatever_its_body(
    status: int, kind: type[GatewayError], body: Any
) -> None:
    error = told(status, body)

    assert kind is type(error)
    assert str(error)
    assert "<html>" not in str(error)


@pytest.mark.parametrize(
    ("policy", "wait_s"), [("TEN_SECONDLY_ROLLING", 2), ("SECONDLY", 1), ("ELSE", 5), ("", 5)]
)
def test_how_long_to_wait_follows_the_limit_unless_hubspot_says(policy: str, wait_s: float) -> None:
    body = {"policyName": policy}
    silent, said = told(429, body), told(429, body, retry_after="7")

    assert isinstance(silent, NotSent)
    assert isinstance(said, NotSent)
    assert (wait_s, 7) == (silent.retry_after_s, said.retry_after_s)


def test_the_daily_limit_is_not_waited_for() -> None:
    error = told(429, {"policyName": "DAILY", "message": "You have reached your daily limit."})

    assert isinstance(error, LimitReached)
    assert "midnight" in str(error)


SCOPES = ["crm.objects.contacts.write", "crm.objects.custom.write"]


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"context": {"requiredGranularScopes": SCOPES}}]},
        {"context": {"requiredGranularScopes": SCOPES}},
        {"context": {"requiredGranularScopes": SCOPES}, "errors": [{"context": SCOPES}]},
        {"errors": [{"context": {"requiredScopes": scope}} for scope in SCOPES]},
    ],
)
def test_missing_scopes_are_named_wherever_they_stand(body: dict[str, Any]) -> None:
    error = told(403, body)

    assert isinstance(error, Forbidden)
    assert tuple(SCOPES) == error.missing
    assert "grant crm.objects.contacts.write, crm.objects.custom.write" in str(error)


@pytest.mark.parametrize("inside", [True, False])
def test_a_missing_marker_says_what_to_run(inside: bool) -> None:
    detail = {
        "error": "PROPERTY_DOESNT_EXIST",
        "name": "credit_desk_last_write",
        "message": 'Property "credit_desk_last_write" does not exist',
    }
    listed = {
        "code": "PROPERTY_DOESNT_EXIST",
        "message": detail["message"],
        "context": {"propertyName": ["credit_desk_last_write"]},
    }
    body = (
        {"message": f"Property values were not valid: {json.dumps([detail])}"}
        if inside
        else {"message": "Property values were not valid", "errors": [listed]}
    )

    error = told(400, {**body, "category": "VALIDATION_ERROR"})

    assert isinstance(error, Refused)
    assert "run python -m core provision" in str(error)
    assert ("credit_desk_last_write",) == error.missing
    assert (400, "VALIDATION_ERROR") == (error.status, error.category)


def test_bad_values_are_told_once_and_without_json_in_json() -> None:
    detail = {"error": "INVALID_INTEGER", "name": "cs_credits", "message": "x was not a number."}
    listed = {
        "code": "INVALID_INTEGER",
        "message": "x was not a number.",
        "context": {"propertyName": ["cs_credits"]},
    }
    message = f"Property values were not valid: {json.dumps([detail])}"

    assert "cs_credits: x was not a number." == str(
        told(400, {"message": message, "errors": [listed]})
    )


def test_a_read_only_property_points_to_doctor() -> None:
    listed = {"code": "READ_ONLY_VALUE", "context": {"propertyName": "exam_date"}, "message": "no"}

    assert "run python -m core doctor" in str(told(400, {"errors": [listed]}))


def test_words_of_any_length_are_cut_to_a_line() -> None:
    assert len(str(told(400, {"message": "x" * 5000}))) <= 400
