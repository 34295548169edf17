"""The server: Streamlit, the runtime that lives as long as it does, health, and its headers.

``streamlit run asgi.py`` and ``uvicorn asgi:app`` both serve it.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from core import settings, wiring
from pages.shared import status

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
#: Streamlit answers these to anybody; they are nobody's business.
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
#: Holds the address that a person wanted when they were sent to sign in.
WANTED = "credit_desk_wanted"
WANTED_S = 600


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """The runtime starts and stops with the server, not with its first visitor."""
    # As st.navigation does it, but before the first visitor: until then Streamlit takes the
    # folder "pages" for its own and tells whoever opens a deep link that the page is unknown.
    PagesManager.uses_pages_directory = False
    await asyncio.to_thread(_warm_up)
    try:
        yield
    finally:
        await asyncio.to_thread(wiring.stop)


def _warm_up() -> None:
    import pages.shared.batch  # noqa: F401, PLC0415 - so that the first visitor need not wait

    wiring.start()
    # Streamlit collects garbage after every rerun; without what was imported that costs nothing.
    gc.collect()
    gc.freeze()


def healthz(_: Request) -> Response:
    """200 while the operational store answers, with what a watcher wants to know."""
    try:
        journal = wiring.get().journal
        outbox = journal.outbox()
        workers = status.alive(journal.workers(), wiring.utc_now())
    except Exception:
        log.exception("not healthy")
        return JSONResponse({"status": "operational store does not answer"}, status_code=503)
    return JSONResponse(
        {"status": "ok", "workers": len(workers), "copies_due": outbox.due, "dead": outbox.dead}
    )


def _inline_hashes() -> str:
    """Streamlit's own page has one inline script, which changes with its release."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {_inline_hashes()}",
            "style-src 'self' 'unsafe-inline'",  # Streamlit's styles are made in the browser
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class AtTheDoor:
    """Headers on every answer, and the way back to the wanted address after signing in."""

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
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                _lead_back(request, message["status"], headers)
            await send(message)

        if request.url.path.startswith(CLOSED):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, answer)
            return
        await self.app(scope, receive, answer)


def _lead_back(request: Request, status: int, headers: MutableHeaders) -> None:
    if request.url.path == "/auth/login":
        wanted = wanted_address(request.headers)
        headers.append("Set-Cookie", _cookie(quote(wanted, safe=""), WANTED_S))
    elif request.url.path == "/oauth2callback" and 300 <= status < 400:
        wanted = unquote(request.cookies.get(WANTED, ""))
        if _is_ours(wanted) and urlsplit(headers.get("location", "")).path == "/":
            headers["location"] = wanted
        headers.append("Set-Cookie", _cookie("", 0))


def wanted_address(headers: Headers) -> str:
    """Where the person was when they asked to sign in: path and query, "/" when unknown."""
    came_from = urlsplit(headers.get("referer", ""))
    address = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return address if came_from.netloc == headers.get("host") and _is_ours(address) else "/"


def _is_ours(address: str) -> bool:
    """A path of this very server: a browser reads "//" or a backslash as another one."""
    return re.fullmatch(r"/(?![/\\])[\w\-/?=&%.~+]*", address) is not None


def _cookie(value: str, lasts_s: int) -> str:
    return f"{WANTED}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Lax"


def told(error: Exception) -> bool:
    """What a person sees of an error nobody foresaw; the rest is in the log."""
    log.error("page failed", exc_info=error)
    st.error(
        "Reload the page to go on: where you were is in its address. Operations that were "
        "confirmed go on by themselves, and nothing happens twice. The log says what failed.",
        title="Something went wrong on this page",
        icon=":material/error:",
    )
    return True


def check_settings() -> None:
    """Before anything starts: what is missing or wrong, all of it, in place of a traceback."""
    try:
        settings.load()
    except settings.BadSettings as error:
        sys.exit(f"Credit Desk does not start: {error}")


check_settings()
app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    routes=[Route("/api/healthz", healthz)],
    middleware=[Middleware(AtTheDoor)],
    on_script_error=told,
)
