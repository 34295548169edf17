"""Faults that can be set while the sandbox runs: what goes wrong, for which requests, how often."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from sandbox.hubspot import errors

NUMBER_MAX = 86_400_000


class Action(StrEnum):
    """What a fault does to a request."""

    LOSE_REQUEST = "lose_request"  # the connection drops; nothing is done
    LOSE_ANSWER = "lose_answer"  # it is done; then the connection drops
    LATE = "late"  # the connection drops; it is done `ms` later
    RESET = "reset"  # as lose_request, but the peer sees a reset
    STATUS = "status"  # answered with `status`; nothing is done
    STATUS_AFTER = "status_after"  # it is done; answered with `status` all the same
    SLOW = "slow"  # answered `ms` later than else
    PARTIAL = "partial"  # a 207: `fail` of the batch's inputs fail, the others are done


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault. With `times` it hits the next so many; with `probability` any."""

    action: Action
    path: re.Pattern[str]
    method: str | None = None
    times: int | None = None
    probability: float = 1.0
    status: int = 503
    ms: int = 0
    fail: int = 1
    skip: int = 0  # matching requests that pass before it begins
    retry_after: int | None = None
    policy: str = "TEN_SECONDLY_ROLLING"
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    hits: int = 0

    def hit(self, method: str, path: str) -> bool:
        """Whether this request is struck; counts it when it is."""
        if self.method not in {None, method} or not self.path.search(path):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.probability < 1.0 and self.chance.random() >= self.probability:
            return False
        self.hits += 1
        return True


def pick(faults: Sequence[Fault], method: str, path: str) -> Fault | None:
    """The first fault that strikes."""
    return next((fault for fault in faults if fault.hit(method, path)), None)


def read(body: object) -> list[Fault]:
    """Faults out of the JSON list of `PUT /_sandbox/faults`. Raises ApiError 400."""
    if not isinstance(body, list):
        raise errors.validation("faults are a JSON list")
    return [_fault(entry) for entry in body]


def _fault(entry: Any) -> Fault:
    if not isinstance(entry, dict):
        raise errors.validation("a fault is a JSON object")
    known = dict(entry)
    seed = known.pop("seed", 0)
    try:
        action = Action(known.pop("action"))
        path = re.compile(known.pop("path", ".*"))
        method = known.pop("method", None)
        _check(known)
        fault = Fault(action=action, path=path, method=method, chance=random.Random(seed), **known)
    except (KeyError, ValueError, TypeError, re.error) as error:
        raise errors.validation(f"not a fault: {entry}: {error}") from None
    return fault


def _check(fields: dict[str, Any]) -> None:
    """Raises ValueError for a number that is none, or a policy that HubSpot does not have."""
    for name in ("times", "status", "ms", "fail", "skip", "retry_after"):
        value = fields.get(name)
        if value is not None and (type(value) is not int or not 0 <= value <= NUMBER_MAX):
            raise ValueError(name)
    if not 0.0 <= float(fields.get("probability", 1.0)) <= 1.0:
        raise ValueError("probability")
    if fields.get("policy", "DAILY") not in errors.POLICIES:
        raise ValueError("policy")
    if not 400 <= fields.get("status", 503) <= 599:
        raise ValueError("status")


def show(fault: Fault) -> dict[str, Any]:
    """A fault as JSON, with how often it struck."""
    return {
        "action": fault.action.value,
        "path": fault.path.pattern,
        "method": fault.method,
        "times": fault.times,
        "probability": fault.probability,
        "status": fault.status,
        "ms": fault.ms,
        "fail": fault.fail,
        "hits": fault.hits,
    }


def answer(fault: Fault) -> tuple[int, dict[str, str], bytes | dict[str, Any]]:
    """Status, headers and body of a fault that answers. Gateways answer in HTML."""
    wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.status == 429:
        limited = errors.rate_limited(fault.policy, "publicapi:sandbox-fault", wait)
        return 429, limited.headers, limited.body
    if fault.status in {502, 504} or fault.status >= 520:
        page = f"<html><head><title>{fault.status}</title></head><body>cloudflare</body></html>"
        return fault.status, {**wait, "Content-Type": "text/html; charset=UTF-8"}, page.encode()
    if fault.status == 477:
        wait = wait or {"Retry-After": "30"}
    message = WORDS.get(fault.status, "internal error")
    body = {"status": "error", "message": message, "category": "INTERNAL_ERROR"}
    return fault.status, wait, body


def split(fault: Fault, body: bytes) -> tuple[bytes, list[dict[str, Any]]]:
    """The batch without the inputs that fail, and the error entries for those."""
    try:
        batch = orjson.loads(body)
        entries = list(batch["inputs"])
        picked = sorted(fault.chance.sample(range(len(entries)), min(fault.fail, len(entries))))
        failed = [entries[n] for n in picked]
        kept = [entry for n, entry in enumerate(entries) if n not in set(picked)]
        problems = [_failed(entry) for entry in failed]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body, []  # no batch: nothing to fail in it
    return orjson.dumps({**batch, "inputs": kept}), problems


def _failed(entry: dict[str, Any]) -> dict[str, Any]:
    context = {"ids": [str(entry["id"])]} if "id" in entry else {}
    if "objectWriteTraceId" in entry:
        context["objectWriteTraceId"] = [entry["objectWriteTraceId"]]
    return {
        "status": "error",
        "category": "INTERNAL_ERROR",
        "message": "There was a problem with the request.",
        "context": context,
    }


WORDS = {
    423: "The resource is locked. Please wait at least 2 seconds and try again.",
    477: "This account is being migrated between data centres.",
    503: "Service Unavailable",
}
