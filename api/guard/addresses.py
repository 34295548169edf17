"""Addresses that are shut: Streamlit's own for operators, and tricks to reach behind a proxy."""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import Problem

API = "/api"
#: Streamlit answers these to anybody.
CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
#: No address of ours has any of these; a proxy and we could read them differently: doubled and
#: encoded slashes, encoded dots, backslashes, path parameters, hidden files, control characters.
TRICK = re.compile(rb"//|[\\;]|/\.|%(?:2f|5c|2e|25|3b|[01][0-9a-f]|7f)|[^\x21-\x7e]", re.IGNORECASE)


def is_api(path: str) -> bool:
    """Whether machines ask, however they write it: they are never answered with a page."""
    lower = path.casefold()
    return lower == API or lower.startswith(f"{API}/")


class Addresses:
    """Answers 404 for what is shut, and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: what comes after."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streamlit would answer an unknown address with its page and 200."""
        if scope["type"] == "http" and is_shut(scope["path"], raw_path(scope)):
            await not_found(scope["path"])(scope, receive, send)
        elif scope["type"] == "websocket" and TRICK.search(raw_path(scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.app(scope, receive, send)


def is_shut(path: str, raw: bytes) -> bool:
    """``raw``: the path as it came, before anything was decoded."""
    if TRICK.search(raw) or path.casefold().startswith(CLOSED):
        return True
    return is_api(path) and not path.startswith(API)  # Streamlit would answer /API


def raw_path(scope: Scope) -> bytes:
    """Servers give it; without it the decoded path is looked at."""
    raw: bytes | None = scope.get("raw_path")
    return raw if raw is not None else str(scope["path"]).encode()


def not_found(path: str) -> Response:
    """For a program in its form, else in two words."""
    if is_api(re.sub("/+", "/", path)):
        return Problem(404, "there is nothing at this address")
    return PlainTextResponse("Not found", status_code=404)
