"""Streamlit's own page, with scripts of ours in it, and without its own dialogs of errors.

Streamlit tells whoever loses the server to start ``streamlit run yourscript.py``, and says nothing
at all when the server stalls.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parents[2] / "static"
#: Where each script is, for everybody: they hold no data.
SCRIPTS = {f"/shell/{name}": STATIC / name for name in ("away.js", "keys.js")}
HOST_CONFIG = "/_stcore/host-config"
#: What Streamlit's page is told of whoever embeds it. As Streamlit 1.67 answers by itself, but for
#: ``blockErrorDialogs``, which it has no setting for.
EMBEDDING = {
    "allowedOrigins": [],
    "useExternalAuthToken": False,
    "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False,
    "metricsUrl": "",
    "blockErrorDialogs": True,
    "resourceCrossOriginMode": None,
}
#: A release changes all of it.
NO_CACHE = {"Cache-Control": "no-cache"}

_TITLE = "<title>Streamlit</title>"
#: Answers to "is it still the same?" would be about Streamlit's page.
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since", b"range"})


def page() -> bytes:
    """Streamlit's page with our scripts and name in it.

    Raises:
        RuntimeError: it is not made as it was, and needs a look.
    """
    theirs = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    if theirs.count(_TITLE) != 1:
        raise RuntimeError("Streamlit's page is made in another way than this release knows")
    scripts = [f'<script defer src="{address}"></script>' for address in SCRIPTS]
    ours = "\n    ".join(["<title>Credit Desk</title>", *scripts])
    return theirs.replace(_TITLE, ours).encode()


class Shell:
    """Puts our page in the place of Streamlit's, whichever address it answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: Streamlit's own."""
        self.app = app
        self.page = page()
        self.fixed: Mapping[str, Response] = {
            address: Response(file.read_bytes(), media_type="text/javascript", headers=NO_CACHE)
            for address, file in SCRIPTS.items()
        } | {HOST_CONFIG: JSONResponse(EMBEDDING, headers=NO_CACHE)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A browser says that it wants a page; what is none passes as it is."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
        elif (fixed := self.fixed.get(scope["path"])) is not None:
            await fixed(scope, receive, send)
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await self._page(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0].lower() not in _CONDITIONS]
        replaced = False

        async def answer(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                replaced = _is_page(message)
                if replaced:
                    ours = Response(self.page, media_type="text/html", headers=NO_CACHE)
                    await ours(scope, receive, send)
            if not replaced:
                await send(message)

        await self.app({**scope, "headers": headers}, receive, answer)


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
