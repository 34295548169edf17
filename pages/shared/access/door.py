"""At the door of the server: sign-ins begin and end, and lead back to the page that was wanted."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.app import wiring
from core.credits.errors import JournalError
from pages.shared import signing_in
from pages.shared.access import cookies

log = logging.getLogger(__name__)

#: Holds the address that a person wanted when they were sent to sign in.
WANTED = "credit_desk_wanted"
WANTED_LASTS = timedelta(minutes=10)
#: Streamlit's own addresses.
SIGN_IN, SIGNED_IN, SIGN_OUT = "/auth/login", signing_in.CALLBACK, "/auth/logout"


def inline_scripts() -> list[str]:
    """Hashes of Streamlit's own: its page has one inline script, which changes with releases."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    return [f"'sha256-{digest}'" for digest in digests]


class AtTheDoor:
    """Begins and ends sign-ins, and leads back to the wanted address after signing in."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: Streamlit's own."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streamlit itself always sends people to the bare address after they signed in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if request.scope["path"] == SIGN_OUT and not await _ended(request):
            told = "You are still signed in: the desk's database does not answer. Try again."
            await PlainTextResponse(told, status_code=503)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _lead_back(request, message["status"], headers)
                if request.scope["path"] == SIGNED_IN:
                    await _begin(request, headers)
            await send(message)

        await self.app(scope, receive, answer)


async def _ended(request: Request) -> bool:
    """Whether nobody is signed in with this request's cookies any more, nor with a copy of them."""
    claims = cookies.claims(request.cookies)
    if claims is None:
        return True
    try:
        await asyncio.to_thread(wiring.get().sign_ins.end, claims)
    except (wiring.NotServed, JournalError):
        log.exception("a sign-out was not kept")
        return False
    try:
        await asyncio.to_thread(_noted, claims)
    except JournalError:
        log.exception("a sign-out is not in the audit")
    return True


def _noted(claims: Mapping[str, Any]) -> None:
    core = wiring.get()
    core.access_log.signed_out(core.access.vouched(claims), claims)


async def _begin(request: Request, headers: MutableHeaders) -> None:
    """Keep a record of the sign-in, and put a cookie that names it in place of Streamlit's."""
    given = cookies.set_in(headers.getlist("set-cookie"))
    claims = cookies.claims(given)
    if claims is None:
        return
    raw = headers.raw
    raw[:] = [pair for pair in raw if not _sets_sign_in(*pair)]
    for name in filter(cookies.is_of_sign_in, request.cookies):
        headers.append("Set-Cookie", cookies.gone(name))
    try:
        kept = await asyncio.to_thread(wiring.get().sign_ins.begin, claims)
    except (wiring.NotServed, JournalError):
        log.exception("nobody is signed in, because it was not kept")
        return
    for cookie in cookies.signing_in(kept, cookies.hint(given)):
        headers.append("Set-Cookie", cookie)


def _sets_sign_in(name: bytes, value: bytes) -> bool:
    return name.lower() == b"set-cookie" and cookies.is_of_sign_in(value.decode("latin-1"))


def _lead_back(request: Request, status: int, headers: MutableHeaders) -> None:
    if request.scope["path"] == SIGN_IN:
        wanted = wanted_address(request.headers)
        headers.append("Set-Cookie", cookies.setting(WANTED, quote(wanted, safe=""), WANTED_LASTS))
    elif request.scope["path"] == SIGNED_IN and 300 <= status < 400:
        wanted = unquote(request.cookies.get(WANTED, ""))
        if is_ours(wanted) and urlsplit(headers.get("location", "")).path == "/":
            headers["location"] = wanted
        headers.append("Set-Cookie", cookies.gone(WANTED))


def wanted_address(headers: Headers) -> str:
    """Where the person was when they asked to sign in: path and query, "/" when unknown."""
    came_from = urlsplit(headers.get("referer", ""))
    address = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return address if came_from.netloc == headers.get("host") and is_ours(address) else "/"


def is_ours(address: str) -> bool:
    """A path of this very server: a browser reads "//" or a backslash as another one."""
    return re.fullmatch(r"/(?![/\\])[\w\-/?=&%.~+]*", address) is not None
