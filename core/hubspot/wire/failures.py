"""Answers that are no success, sorted by what the caller may do next, in words for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.credits.errors import (
    Forbidden,
    GatewayError,
    LimitReached,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.credits.records import MARKER
from core.hubspot.wire.values import text

#: HubSpot does not promise a Retry-After: how long to wait by the limit that was hit.
WAIT_S = {"TEN_SECONDLY_ROLLING": 2.0, "SECONDLY": 1.0}
LOCKED_S, MIGRATING_S, DAILY_S, OTHER_S = 2.0, 60.0, 300.0, 5.0
DETAILS = "Property values were not valid: "
WORDS_MAX = 400
#: How the properties begin that tell students.
TOLD = "credit_desk_told_"


def failure(status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error that this answer means. ``headers`` with names in small letters."""
    told = _json(body)
    asked = _retry_after(headers)
    match status:
        case 429:
            return _limited(told, asked)
        case 423:
            return NotSent("HubSpot has locked the record", retry_after_s=_or(asked, LOCKED_S))
        case 477:
            words = "HubSpot is moving this account between data centres"
            return NotSent(words, retry_after_s=_or(asked, MIGRATING_S))
        case 401:
            category = text(told.get("category"))
            named = f" ({category})" if category else ""
            return Unauthorized(
                f"HubSpot refuses the token{named}: set HUBSPOT_TOKEN to a live one",
                status=status,
                category=category,
            )
        case 403:
            return _forbidden(told)
    if status == 408 or status >= 500:
        return OutcomeUnknown(f"HubSpot failed with {status}{_said(told)}")
    return Refused(
        readable(told) or f"HubSpot refused with {status}",
        status=status,
        category=text(told.get("category")),
        missing=tuple(_unusable_properties(told)),
    )


def _limited(told: Mapping[str, Any], asked: float | None) -> NotSent:
    policy = text(told.get("policyName"))
    if policy == "DAILY":
        return LimitReached(
            "HubSpot's daily limit of calls is used up; it starts anew at midnight in the "
            "account's time zone",
            retry_after_s=_or(asked, DAILY_S),
        )
    words = f"HubSpot's limit is reached ({policy.lower().replace('_', ' ') or 'too many calls'})"
    return NotSent(words, retry_after_s=_or(asked, WAIT_S.get(policy, OTHER_S)))


def _forbidden(told: Mapping[str, Any]) -> Forbidden:
    scopes = tuple(dict.fromkeys(_missing_scopes(told)))
    named = f": grant {', '.join(scopes)} to the token" if scopes else _said(told)
    return Forbidden(
        f"HubSpot's token lacks a scope{named}",
        status=403,
        category=text(told.get("category")),
        missing=scopes,
    )


def _missing_scopes(told: Mapping[str, Any]) -> Iterator[str]:
    """They are seen in the errors' contexts, and in one of the answer's own."""
    for error in (*_listed(told.get("errors")), told):
        context = error.get("context")
        for key in ("requiredGranularScopes", "requiredScopes"):
            named = context.get(key) if isinstance(context, Mapping) else None
            yield from map(text, [named] if isinstance(named, str) else named or ())


def readable(told: Mapping[str, Any]) -> str:
    """HubSpot's own words without its JSON in JSON; names the property and what to do."""
    problems = list(dict.fromkeys(_problems(told)))
    return ("; ".join(problems) or text(told.get("message")).strip())[:WORDS_MAX]


def _problems(told: Mapping[str, Any]) -> Iterator[str]:
    for name, code, words in _details(told):
        if code == "PROPERTY_DOESNT_EXIST" and (name == MARKER or name.startswith(TOLD)):
            yield f"HubSpot has no property {name}: run python -m core provision"
        elif code == "PROPERTY_DOESNT_EXIST":
            yield f"HubSpot has no property {name}: run python -m core doctor"
        elif code == "READ_ONLY_VALUE":
            yield f"HubSpot does not let {name} be written: run python -m core doctor"
        else:
            yield f"{name}: {words}" if name and name not in words else words


def _details(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Property, code and message of each thing wrong, from ``errors`` or inside ``message``."""
    for error in _listed(told.get("errors")):
        names = (error.get("context") or {}).get("propertyName") or ("",)
        for name in (names,) if isinstance(names, str) else names:
            yield text(name), text(error.get("code")), text(error.get("message"))
    _, found, inside = text(told.get("message")).partition(DETAILS)
    if found:
        for problem in _listed(_parsed(inside)):
            words = text(problem.get("message"))
            yield text(problem.get("name")), text(problem.get("error")), words


def _unusable_properties(told: Mapping[str, Any]) -> Iterator[str]:
    codes = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"}
    names = (name for name, code, _ in _details(told) if code in codes)
    yield from dict.fromkeys(names)


def _said(told: Mapping[str, Any]) -> str:
    words = readable(told)
    return f": {words}" if words else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; a date, which HubSpot does not send, is taken for nothing."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _or(asked: float | None, usual: float) -> float:
    """Zero is an answer, too."""
    return usual if asked is None else asked


def _json(body: bytes) -> Mapping[str, Any]:
    """Gateways before HubSpot answer in HTML: then there is nothing to read."""
    told = _parsed(body)
    return told if isinstance(told, Mapping) else {}


def _parsed(raw: bytes | str) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
