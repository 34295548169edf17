"""Files that pages take: from people who are signed in, and so much of each session.

Streamlit keeps an uploaded file in memory for as long as its session lives, and takes one for any
session, a stranger's too.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import Problem
from api.guard.counting import in_hand
from api.guard.hosts import SAFE
from api.guard.visitors import Visitors

PATH = "/_stcore/upload_file/"
#: Three of the largest (``server.maxUploadSize`` is 10 MB, its envelope up to 1 MB more).
SESSION_BYTES = 33_000_000
#: Of all sessions together.
ALL_BYTES = 330_000_000
#: In which one must have come.
UPLOAD_S = 120.0


class Uploads:
    """Answers before anything of a file is read, when it is not to be kept."""

    def __init__(self, app: ASGIApp, *, visitors: Visitors) -> None:
        """``app``: what comes after."""
        self.app = app
        self.visitors = visitors
        #: Bytes announced by uploads on their way, by session.
        self.coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything else passes."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = await self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif scope["method"] != "PUT":
            await self.app(scope, receive, send)
        else:
            await self._take(scope, receive, send, int(headers["content-length"]))

    async def _take(self, scope: Scope, receive: Receive, send: Send, size: int) -> None:
        with in_hand(self.coming, session_of(scope), size):
            async with asyncio.timeout(UPLOAD_S):
                await self.app(scope, receive, send)

    async def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["method"] in SAFE:
            return None
        if not await self.visitors.knows(scope):
            # closed, so that nobody reads the file
            return Problem(403, "sign in to upload files", Connection="close")
        if scope["method"] != "PUT":
            return None
        length = headers.get("content-length", "")
        if not length.isdigit() or "transfer-encoding" in headers:  # by which the length is void
            return Problem(411, "the request does not say how long the file is (Content-Length)")
        kept = self.visitors.held() + self.coming
        if kept[session_of(scope)] + int(length) > SESSION_BYTES:
            return Problem(
                413,
                "this tab already holds as many files as it may; reload the page to upload more",
            )
        if kept.total() + int(length) > ALL_BYTES:
            return Problem(503, "the server already holds as many files as it can; try again later")
        return None


def session_of(scope: Scope) -> str:
    """The session that a file is for, by the path."""
    path: str = scope["path"]
    return path.removeprefix(PATH).partition("/")[0]
