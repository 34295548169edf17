"""Addresses that lead nowhere."""

from __future__ import annotations

import pytest

from tests.unit.api.asking import serving

TRICKS = [
    "//api/healthz",
    "/api//healthz",
    "/api/../api/v1",
    "/api/./healthz",
    "/api/%2e%2e/",
    "/api/%2E%2E/healthz",
    "/api/..;/healthz",
    "/api/v1;x=1/bookings",
    "/api%2fhealthz",
    "/api/%2fhealthz",
    "/api%5chealthz",
    "/api\\healthz",
    "/api/v1/%00",
    "/api/v1/%0d%0aX:%20y",
    "/api/%252e%252e/",
]
CLOSED = [
    "/_stcore/metrics",
    "/_stcore/metrics/",
    "/_STCORE/Metrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
]
LETTERS = ["/API", "/Api/healthz", "/aPI/v1/bookings"]
HIDDEN = ["/.env", "/.streamlit/secrets.toml", "/app/static/../asgi.py", "/static/%2e%2e/x", "//x"]
OPEN = ["/", "/bulk_refund", "/_stcore/health", "/_stcore/host-config", "/static/js/index.a-1.js"]
OPEN += ["/media/0a1b.csv", "/app/static/fonts/plex-sans-latin1.woff2", "/api/v1/a%20b?x=//..;"]


@pytest.mark.parametrize("path", [*TRICKS, *CLOSED, *HIDDEN, *LETTERS])
def test_it_is_shut(path: str) -> None:
    assert 404 == serving().ask(path).status


@pytest.mark.parametrize("path", [each for each in TRICKS if each.startswith("/api/")])
def test_a_trick_on_api_is_answered_in_a_program_s_form(path: str) -> None:
    assert "nothing at this address" in serving().ask(path).problem


@pytest.mark.parametrize("path", OPEN)
def test_what_the_pages_need_stays_open(path: str) -> None:
    assert 200 == serving().ask(path).status
