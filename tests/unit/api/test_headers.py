"""What every answer tells a browser."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse

from api.guard.headers import secured
from tests.unit.api.asking import Server, serving

ALWAYS = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "strict-transport-security",
)


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", None, 421),
        ("/", "desk.example.test", 200),
        ("/_stcore/metrics", "desk.example.test", 404),
        ("/api/healthz", "desk.example.test", 200),
        ("/a//b", "desk.example.test", 404),
    ],
)
def test_every_answer_has_the_headers_refusals_too(
    path: str, host: str | None, status: int
) -> None:
    answer = serving().ask(path, host=host)

    assert status == answer.status
    assert [] == [name for name in ALWAYS if not answer.header(name)]


def test_no_page_may_be_framed_or_run_foreign_code() -> None:
    rules = serving().ask("/").header("content-security-policy").split("; ")

    assert "frame-ancestors 'none'" in rules
    assert "script-src 'self' 'sha256-x'" in rules
    assert "connect-src 'self' wss://desk.example.test" in rules
    assert not [rule for rule in rules if "unsafe-eval" in rule or "*" in rule]


def test_answers_for_machines_are_kept_by_no_cache() -> None:
    assert "no-store" == serving().ask("/api/healthz").header("cache-control")
    assert "" == serving().ask("/static/x.js").header("cache-control")


async def sets_cookies(_: object) -> PlainTextResponse:
    answer = PlainTextResponse("")
    answer.headers.append("Set-Cookie", "_streamlit_user=a; HttpOnly; Path=/; SameSite=Lax")
    answer.headers.append("Set-Cookie", "b=secure; Path=/; Secure")
    return answer


def test_behind_tls_every_cookie_is_secure_once() -> None:
    set_by = [v for n, v in serving(sets_cookies).ask("/").headers if n == "set-cookie"]

    assert [
        "_streamlit_user=a; HttpOnly; Path=/; SameSite=Lax; Secure",
        "b=secure; Path=/; Secure",
    ] == set_by


def test_without_tls_a_secure_cookie_would_never_come_back() -> None:
    server = Server(serving(sets_cookies).app, public_url="http://localhost:8501")
    answer = server.ask("/", host="localhost:8501")

    assert "secure" not in answer.header("set-cookie").partition(";")[2].casefold() or (
        answer.header("set-cookie").startswith("b=")
    )
    assert "" == answer.header("strict-transport-security")


def test_a_cookie_s_value_is_not_taken_for_the_word() -> None:
    assert (b"Set-Cookie", b"secure=1; Path=/; Secure") == secured(
        b"Set-Cookie", b"secure=1; Path=/"
    )
    assert (b"location", b"/") == secured(b"location", b"/")
