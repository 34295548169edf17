"""A sign-in from the button to the cookie and out again, at a provider that tells far too much."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from core.access.sign_ins import KEPT, RECORD
from pages.shared.places import CONTACTS, Place
from scripts.processes import ROOT
from tests.contract.gate.conftest import write_secrets
from tests.contract.gate.visitor import COOKIE_SECRET, USER, Server, fresh_servers
from tests.pages.stage import ADMIN, NOON

#: What a browser sends with each request; Streamlit's websocket takes 8 kB of all headers.
COOKIES_MAX = 1_500


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.contract.gate.provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        process.terminate()


@pytest.fixture(scope="module")
def desk(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = write_secrets(tmp_path_factory.mktemp("secrets") / "secrets.toml", provider)
    with fresh_servers(ROOT, 1, path) as (one,):
        since = datetime.now(UTC) - NOON  # the provider's clock is the real one
        one.steer("pass", seconds=f"{since.total_seconds()}")
        yield one


def sign_in(desk: Server, had: Mapping[str, str] | None = None) -> httpx.Response:
    """The answer with which the person is signed in. ``had``: cookies of before."""
    with desk.tab() as tab:
        tab.draw(stem(CONTACTS))
        tab.press("Sign in")
        asked = desk.ask(tab.sent_to)
    clicked = httpx.post(asked.headers["location"], data={"sub": ADMIN}, timeout=60)
    back = urljoin(str(clicked.url), clicked.headers["location"]).removeprefix(desk.origin)
    cookies = {**(had or {}), **asked.cookies}
    return desk.ask(back, cookies=cookies, headers={"Sec-Fetch-Site": "cross-site"})


def test_claims_without_end_leave_a_cookie_that_every_browser_keeps(desk: Server) -> None:
    answer = sign_in(desk)

    jar = dict(answer.cookies)
    assert 302 == answer.status_code
    assert len("; ".join(f"{n}={v}" for n, v in jar.items())) < COOKIES_MAX
    assert {*KEPT, RECORD} >= said(jar[USER]).keys() >= {"email", "iat", RECORD}
    told = desk.visit(stem(CONTACTS), cookies={USER: jar[USER]})
    assert b"Students you open appear here" in told


def test_a_sign_in_takes_the_long_cookies_of_before_away(desk: Server) -> None:
    parts = {f"{USER}_{n}": "x" * 3_000 for n in (1, 2)}

    answer = sign_in(desk, {USER: "chunks-2", **parts, "_streamlit_user_tokens": "y"})

    gone = {
        header.partition("=")[0]
        for header in answer.headers.get_list("set-cookie")
        if "Max-Age=0" in header
    }
    assert {*parts, "_streamlit_user_tokens"} <= gone
    assert USER in answer.cookies


def test_each_sign_in_ends_by_itself(desk: Server) -> None:
    one, other = ({USER: sign_in(desk).cookies[USER]} for _ in range(2))
    assert said(one[USER])[RECORD] != said(other[USER])[RECORD]

    left = desk.ask("/auth/logout", cookies=one)

    assert 302 == left.status_code
    assert b"Your sign-in has ended" in desk.visit(stem(CONTACTS), cookies=one)
    assert b"Students you open appear here" in desk.visit(stem(CONTACTS), cookies=other)


def said(cookie: str) -> dict[str, object]:
    from itsdangerous import URLSafeTimedSerializer

    return dict(json.loads(URLSafeTimedSerializer(COOKIE_SECRET, salt=USER).loads(cookie)))


def stem(place: Place) -> str:
    return Path(place.path).stem
