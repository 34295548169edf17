"""HubSpot's refusals, as values: status, body and headers. The server adds the correlation id.

Every function here makes one kind of refusal. The wording is HubSpot's, as captured by the
sources listed in docs/sandbox.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]
_TYPE_ID = re.compile(r"\d+-\d+", re.ASCII)
#: why a request was refused with 429, and HubSpot's words for it
POLICIES = {
    "DAILY": "You have reached your daily limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
}


class ApiError(Exception):
    """A request that HubSpot refuses."""

    def __init__(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def validation(message: str, **more: object) -> ApiError:
    """400 of category VALIDATION_ERROR."""
    return ApiError(
        400, {"status": "error", "message": message, **more, "category": "VALIDATION_ERROR"}
    )


def invalid_json(detail: str) -> ApiError:
    """400 for a body that cannot be read, or has the wrong shape."""
    return validation(f"Invalid input JSON{detail}")


def bad_properties(portal_id: int, problems: Sequence[Mapping[str, Any]]) -> ApiError:
    """400 for values or names that no property takes.

    A problem has: name, code, message, value, and may have context.
    HubSpot puts a list in JSON inside the message, and the same facts again under `errors`.
    """
    inside = [
        {
            "isValid": False,
            "message": p["message"],
            "error": p["code"],
            "name": p["name"],
            "localizedErrorMessage": p["message"],
            "propertyValue": p.get("value"),
            "portalId": portal_id,
        }
        for p in problems
    ]
    text = json.dumps(inside, separators=(",", ":"), ensure_ascii=False)
    return validation(
        f"Property values were not valid: {text}", errors=[problem_detail(p) for p in problems]
    )


def problem_detail(problem: Mapping[str, Any]) -> Body:
    """One entry of `errors`."""
    return {
        "message": problem["message"],
        "code": problem["code"],
        "context": {"propertyName": [problem["name"]], **problem.get("context", {})},
    }


def missing_required(name: str) -> Body:
    """One entry of `errors` for a property that a new object needs."""
    return {
        "message": f"A value for {name} must be provided",
        "code": "MISSING_REQUIRED_PROPERTY",
        "context": {"propertyName": [name]},
    }


def rules_broken(details: Sequence[Body]) -> ApiError:
    """400 for a write that the account's rules for records forbid, since 2026-09."""
    return validation("The property values provided are invalid", errors=list(details))


def duplicate_ids(ids: Iterable[str]) -> ApiError:
    """400 for a batch that names an object twice; nothing of it is done."""
    names = list(ids)
    return validation(
        f"Duplicate IDs found in batch input: [{', '.join(names)}]. IDs must be unique",
        context={"ids": names},
    )


def resource_not_found() -> ApiError:
    """404 for a numeric id that nobody has. It carries no category."""
    return ApiError(404, {"status": "error", "message": "resource not found"})


def object_not_found(what: str = "Object not found.  objectId are usually numeric.") -> ApiError:
    """404 of category OBJECT_NOT_FOUND."""
    return ApiError(404, {"status": "error", "message": what, "category": "OBJECT_NOT_FOUND"})


def already_exists(message: str, sub_category: str) -> ApiError:
    """409 for a definition whose name is taken."""
    body = {"status": "error", "message": message, "category": "OBJECT_ALREADY_EXISTS"}
    return ApiError(409, {**body, "subCategory": sub_category})


def conflict(message: str, **more: object) -> ApiError:
    """409."""
    return ApiError(409, {"status": "error", "message": message, **more, "category": "CONFLICT"})


def unknown_object_type(name: str) -> ApiError:
    """400 for an object type that this account does not have. It carries no category."""
    is_id = _TYPE_ID.fullmatch(name) is not None
    told = "Invalid object or event type id" if is_id else "Unable to infer object type from"
    message = f"{told}: {name}"
    return ApiError(400, {"status": "error", "message": message})


class NoSuchRoute(ApiError):
    """404 for a path that is no endpoint."""

    page = b"<html><head><title>Error 404 Not Found</title></head><body>Not Found</body></html>"


def no_such_route(path: str) -> NoSuchRoute:
    """404 for a path that is no endpoint."""
    return NoSuchRoute(404, {"status": "error", "message": f"No route for {path}"})


def method_not_allowed(allowed: Iterable[str]) -> ApiError:
    """405."""
    return ApiError(
        405,
        {"status": "error", "message": "HTTP 405 Method Not Allowed"},
        {"Allow": ", ".join(sorted(allowed))},
    )


def unsupported_media() -> ApiError:
    """415 for a body that is not JSON."""
    return ApiError(415, {"status": "error", "message": "HTTP 415 Unsupported Media Type"})


def uri_too_long() -> ApiError:
    """414."""
    return ApiError(414, {"status": "error", "message": "URI Too Long"})


def unauthenticated() -> ApiError:
    """401."""
    return ApiError(
        401,
        {
            "status": "error",
            "message": "Authentication credentials not found. This API supports OAuth 2.0 "
            "authentication and you can find more details at "
            "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            "category": "INVALID_AUTHENTICATION",
        },
    )


def expired(seconds: int) -> ApiError:
    """401 for a token that was good once."""
    message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
    body = {"status": "error", "message": message, "category": "EXPIRED_AUTHENTICATION"}
    return ApiError(401, body)


def missing_scopes(scopes: Sequence[str]) -> ApiError:
    """403. For schemas HubSpot names the scopes at the top, for all else within `errors`."""
    context = {"requiredGranularScopes": list(scopes)}
    body: Body = {
        "status": "error",
        "message": "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes.",
    }
    if all(scope.startswith("crm.schemas.custom") for scope in scopes):
        body["context"] = context
    else:
        text = "One or more of the following scopes are required."
        body["errors"] = [{"message": text, "context": context}]
    body["links"] = {"scopes": "https://developers.hubspot.com/scopes"}
    return ApiError(403, {**body, "category": "MISSING_SCOPES"})


def rate_limited(policy: str, group: str, headers: Mapping[str, str]) -> ApiError:
    """429. HubSpot does not promise a Retry-After, so there is none."""
    body = {
        "status": "error",
        "message": POLICIES[policy],
        "errorType": "RATE_LIMIT",
        "policyName": policy,
        "groupName": group,
        "category": "RATE_LIMITS",
    }
    return ApiError(429, body, headers)


def missing_in_batch(type_name: str, ids: Sequence[str]) -> Body:
    """One entry of a 207's `errors`: several ids may be named in it."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {type_name.upper()} objects, they may be deleted or "
        "not exist. Check that ids are valid.",
        "context": {"ids": list(ids)},
    }


def no_associations(id_: str, from_type: str, to_type: str) -> Body:
    """One entry of a 207's `errors`: an object that is tied to none of the other type."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_type} is associated with {from_type} {id_}.",
        "context": {
            "fromObjectId": [id_],
            "fromObjectType": [from_type],
            "toObjectType": [to_type],
        },
    }
