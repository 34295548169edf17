"""Tokens, scopes, rate limits, faults, stats, durability."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import BOOKINGS, Sandbox

ONE = "/crm/v3/objects/contacts/101"
UPDATE = "/crm/v3/objects/contacts/batch/update"


def balance(hubspot: Sandbox) -> str:
    return str(hubspot.get(ONE, properties="sj_credits")["properties"]["sj_credits"])


def test_a_wrong_token_is_refused(hubspot: Sandbox) -> None:
    answer = httpx.get(f"{hubspot.url}{ONE}", headers={"Authorization": "Bearer wrong"}, timeout=60)

    assert 401 == answer.status_code
    assert "INVALID_AUTHENTICATION" == answer.json()["category"]


def test_a_missing_scope_is_named(start: Callable[..., Sandbox]) -> None:
    hubspot = start(scopes=frozenset({"crm.objects.contacts.read"}))
    hubspot.get(ONE)

    refused = hubspot.patch(ONE, {"sj_credits": "1"}, 403)
    assert "MISSING_SCOPES" == refused["category"]
    refused = hubspot.get(f"/crm/v3/objects/{BOOKINGS}/501", 403)
    context = refused["errors"][0]["context"]
    assert {"requiredGranularScopes": ["crm.objects.custom.read"]} == context


def test_the_window_of_ten_seconds_rolls(start: Callable[..., Sandbox]) -> None:
    hubspot = start(rate_limit=3)
    hubspot.get(ONE)
    hubspot.clock.now += timedelta(seconds=6)
    left = [hubspot.http.get(ONE).headers["X-HubSpot-RateLimit-Remaining"] for _ in range(2)]
    assert ["1", "0"] == left

    refused = hubspot.get(ONE, 429)
    assert "TEN_SECONDLY_ROLLING" == refused["policyName"]
    assert "You have reached your ten_secondly_rolling limit." == refused["message"]

    hubspot.clock.now += timedelta(seconds=4, milliseconds=1)  # the first one is forgotten
    hubspot.get(ONE)
    hubspot.get(ONE, 429)
    assert 2 == hubspot.get("/_sandbox/stats")["rate_limited"]


def test_search_has_a_limit_of_its_own_and_no_headers(start: Callable[..., Sandbox]) -> None:
    hubspot = start(rate_limit=3)
    path = "/crm/v3/objects/contacts/search"
    answers = [hubspot.http.post(path, json={}) for _ in range(6)]

    assert [200] * 5 + [429] == [answer.status_code for answer in answers]
    assert "SECONDLY" == answers[-1].json()["policyName"]
    assert not any("x-hubspot-ratelimit-max" in answer.headers for answer in answers)
    hubspot.get(ONE)


def test_the_day_has_an_end(start: Callable[..., Sandbox]) -> None:
    hubspot = start(daily_limit=2)
    hubspot.get(ONE)
    hubspot.get(ONE)

    assert "DAILY" == hubspot.get(ONE, 429)["policyName"]
    hubspot.clock.now += timedelta(days=1)
    hubspot.get(ONE)


@pytest.mark.parametrize(("action", "after"), [("lose_request", "0"), ("lose_answer", "9")])
def test_a_lost_answer_was_done_and_a_lost_request_was_not(
    hubspot: Sandbox, action: str, after: str
) -> None:
    hubspot.faults({"action": action, "path": "/0-1/|/contacts/", "method": "PATCH", "times": 1})

    with pytest.raises(httpx.RemoteProtocolError):
        hubspot.patch(ONE, {"sj_credits": "9"})

    assert after == balance(hubspot)
    assert {action: 1} == hubspot.get("/_sandbox/stats")["faults"]


def test_a_reset_is_a_reset(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "reset", "path": ".*", "times": 1})

    with pytest.raises(httpx.ReadError):
        hubspot.get(ONE)


def test_a_late_write_arrives_after_its_connection_died(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "late", "method": "PATCH", "times": 1, "ms": 2_000})

    with pytest.raises(httpx.RemoteProtocolError):
        hubspot.patch(ONE, {"sj_credits": "9"})

    assert "0" == balance(hubspot)
    deadline = time.monotonic() + 60
    while balance(hubspot) != "9":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_gateway_answers_in_html(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "status", "status": 502, "times": 1})

    answer = hubspot.http.get(ONE)

    assert 502 == answer.status_code
    assert answer.text.startswith("<html>")
    assert 200 == hubspot.http.get(ONE).status_code


def test_a_partial_fault_fails_some_and_does_the_others(hubspot: Sandbox) -> None:
    hubspot.faults({"action": "partial", "path": "batch/update", "fail": 2, "times": 1, "seed": 4})
    inputs = [{"id": str(101 + n), "properties": {"cs_credits": "8"}} for n in range(5)]

    body = hubspot.post(UPDATE, {"inputs": inputs}, 207)

    failed = [id_ for error in body["errors"] for id_ in error["context"]["ids"]]
    done = [row["id"] for row in body["results"]]
    assert (2, 3) == (len(failed), len(done))
    assert {one["id"] for one in inputs} == {*failed, *done}


def test_probability_is_seeded(hubspot: Sandbox) -> None:
    def statuses() -> list[int]:
        fault: dict[str, Any] = {"action": "status", "status": 503, "probability": 0.5, "seed": 1}
        hubspot.faults(fault)
        return [hubspot.http.get(ONE).status_code for _ in range(12)]

    first = statuses()

    assert first == statuses()
    assert {200, 503} == set(first)


def test_stats_count_by_kind(hubspot: Sandbox) -> None:
    hubspot.get(ONE)
    hubspot.post(UPDATE, {"inputs": [{"id": "101", "properties": {"cs_credits": "8"}}]})

    stats = hubspot.get("/_sandbox/stats")
    assert {
        "GET /objects/contacts/{id}": 1,
        "POST /objects/contacts/batch/update": 1,
    } == stats["by_kind"]
    assert (2, 1) == (stats["window_10s_max"], stats["in_flight_max"])
    hubspot.http.delete("/_sandbox/stats")
    assert 0 == hubspot.get("/_sandbox/stats")["requests"]


def test_a_restart_loses_nothing(start: Callable[..., Sandbox], tmp_path: Path) -> None:
    first = start()
    first.patch(ONE, {"sj_credits": "9"})
    new = first.post("/crm/v3/objects/contacts", {"properties": {"student_id": "1"}}, 201)
    first.server.stop()

    second = start()

    assert "9" == balance(second)
    assert 2 == len(second.history("101", "sj_credits"))
    another = second.post("/crm/v3/objects/contacts", {"properties": {"student_id": "2"}}, 201)
    assert int(another["id"]) > int(new["id"])


def test_latency_holds_nobody_else_up(start: Callable[..., Sandbox]) -> None:
    hubspot = start(latency_ms=2_000)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hubspot.http.get(ONE).status_code, range(8)))

    assert [200] * 8 == answers
    assert hubspot.get("/_sandbox/stats")["in_flight_max"] > 4
