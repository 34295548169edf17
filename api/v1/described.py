"""What the OpenAPI description says of every route beside its own answer."""

from __future__ import annotations

from typing import Any

from fastapi import Depends
from fastapi.security import HTTPBearer

from api.v1.models import Operation, ProblemDetails
from api.v1.problems import MEDIA_TYPE

#: Tells the description of the key; the door itself has looked at it before.
SECURITY = Depends(HTTPBearer(scheme_name="API key", auto_error=False))

_WORDS = {
    400: "The request cannot be read, or its Idempotency-Key is missing",
    401: "No valid API key",
    403: "The key may not do this, or the booking is another contact's",
    404: "There is no such contact, exam, booking or operation",
    409: "Refused, with every reason",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "The request is not as the API takes it",
    429: "The key asks too often; see Retry-After",
    500: "Something unforeseen; the log says what",
    503: "Busy, or HubSpot or the store does not answer; see Retry-After",
}
_ALWAYS = (401, 403, 404, 422, 429, 500, 503)

Responses = dict[int | str, dict[str, Any]]


def problems(*more: int) -> Responses:
    """Those of every route, and these."""
    return {
        status: {"model": ProblemDetails, "description": _WORDS[status]}
        for status in sorted({*_ALWAYS, *more})
    }


def changing(done: int) -> Responses:
    """The answers of a change. ``done``: the status of one that has ended well."""
    location = {"Location": {"schema": {"type": "string"}, "description": "The operation"}}
    under_way = {
        "model": Operation,
        "description": "In progress, or a person must decide: ask at Location",
        "headers": location,
    }
    return {done: {"headers": location}, 202: under_way, **REFUSED}


#: Of every change, beside those of every route.
REFUSED = problems(400, 409, 413, 415)


def as_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The description, with the media type that refusals truly have."""
    for path in schema["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and "application/json" in answer.get("content", {}):
                    answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
    return schema
