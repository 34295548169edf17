"""At the door of the server: the way back to the wanted page after signing in."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Holds the address that a person wanted when they were sent to sign in.
WANTED = "credit_desk_wanted"
WANTED_S = 600


def inline_scripts() -> list[str]:
    """Hashes of Streamlit's own: its page has one inline script, which changes with releases."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    return [f"'sha256-{digest}'" for digest in digests]


class AtTheDoor:
    """The way back to the wanted address after signing in."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: Streamlit's own."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streamlit itself always sends people to the bare address after they signed in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _lead_back(request, message["status"], MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, answer)


def _lead_back(request: Request, status: int, headers: MutableHeaders) -> None:
    if request.url.path == "/auth/login":
        wanted = wanted_address(request.headers)
        headers.append("Set-Cookie", _cookie(quote(wanted, safe=""), WANTED_S))
    elif request.url.path == "/oauth2callback" and 300 <= status < 400:
        wanted = unquote(request.cookies.get(WANTED, ""))
        if is_ours(wanted) and urlsplit(headers.get("location", "")).path == "/":
            headers["location"] = wanted
        headers.append("Set-Cookie", _cookie("", 0))


def wanted_address(headers: Headers) -> str:
    """Where the person was when they asked to sign in: path and query, "/" when unknown."""
    came_from = urlsplit(headers.get("referer", ""))
    address = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return address if came_from.netloc == headers.get("host") and is_ours(address) else "/"


def is_ours(address: str) -> bool:
    """A path of this very server: a browser reads "//" or a backslash as another one."""
    return re.fullmatch(r"/(?![/\\])[\w\-/?=&%.~+]*", address) is not None


def _cookie(value: str, lasts_s: int) -> str:
    return f"{WANTED}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Lax"
