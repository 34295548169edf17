"""The page around all pages: ours in the place of Streamlit's, and nothing else is touched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.types import ASGIApp
from streamlit.web.server.starlette.starlette_routes import create_host_config_routes
from streamlit.web.server.starlette.starlette_static_routes import (
    create_streamlit_static_assets_routes,
)

from pages.shared.shell import EMBEDDING, HOST_CONFIG, SCRIPTS, Shell, page

THEIRS = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(scope="module")
def streamlit() -> Starlette:
    routes = [*create_host_config_routes(None), *create_streamlit_static_assets_routes(None)]
    return Starlette(routes=routes)


@pytest.fixture(scope="module")
def shell(streamlit: Starlette) -> Shell:
    return Shell(streamlit)


def ask(app: ASGIApp, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
            return await client.request(method, path, headers=named)

    return asyncio.run(asked())


@pytest.mark.parametrize("address", ["/", "/overview", "/nothing/at/all", "/index.html"])
def test_every_page_that_streamlit_serves_is_ours(shell: Shell, address: str) -> None:
    answer = ask(shell, address, accept=BROWSER)

    assert (200, page()) == (answer.status_code, answer.content)
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert "no-cache" == answer.headers["cache-control"]
    assert "<title>Credit Desk</title>" in answer.text
    for script in SCRIPTS:
        assert f'<script defer src="{script}"></script>' in answer.text


def test_who_has_streamlit_s_page_from_before_gets_ours(shell: Shell, streamlit: Starlette) -> None:
    etag = ask(streamlit, "/").headers["etag"]

    assert 304 == ask(streamlit, "/", if_none_match=etag).status_code
    assert page() == ask(shell, "/", accept=BROWSER, if_none_match=etag).content


def test_scripts_and_what_leads_elsewhere_pass_as_they_are(
    shell: Shell, streamlit: Starlette
) -> None:
    script = next(iter((Path(st.__file__).parent / "static" / "static" / "js").glob("index.*.js")))
    for address in (f"/static/js/{script.name}", "/favicon.png"):
        assert ask(streamlit, address).content == ask(shell, address, accept=BROWSER).content
    away = ask(shell, "/overview/", accept=BROWSER)
    assert (301, "/overview") == (away.status_code, away.headers["location"])
    assert 405 == ask(shell, "/", "POST", accept=BROWSER).status_code


def test_streamlit_s_own_dialogs_of_errors_are_off_and_nothing_else_of_it_is_changed(
    shell: Shell, streamlit: Starlette
) -> None:
    theirs = ask(streamlit, HOST_CONFIG).json()

    assert {**theirs, "blockErrorDialogs": True} == ask(shell, HOST_CONFIG).json() == EMBEDDING
    assert theirs["blockErrorDialogs"] is False


@pytest.mark.parametrize(
    ("script", "has"), [("away.js", json.dumps("/api/healthz")), ("keys.js", "data-desk-places")]
)
def test_the_scripts_are_served_as_such_and_asked_for_anew(
    shell: Shell, script: str, has: str
) -> None:
    answer = ask(shell, f"/shell/{script}")

    assert "text/javascript; charset=utf-8" == answer.headers["content-type"]
    assert "no-cache" == answer.headers["cache-control"]
    assert has in answer.text


def test_a_page_made_in_another_way_is_noticed_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: THEIRS.decode().replace("<title>", ""))

    with pytest.raises(RuntimeError, match="made in another way"):
        page()
