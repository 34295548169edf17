"""Files that people download: each is for the sign-in that made it, and in no cache.

Streamlit keeps them at an address, which it answers to anybody. Whose one is stands in its kind
(``Content-Type``), which is kept with the file; it is left out of the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.sign_ins import record_of
from core.app import wiring
from core.credits.errors import JournalError
from core.credits.roles import Actor, NotAllowed
from pages.shared import gate
from pages.shared.access import cookies

log = logging.getLogger(__name__)

MEDIA = "/media/"
NO_STORE = {"Cache-Control": "no-store"}


def kind(plain: str, claims: Mapping[str, Any], actor: Actor) -> str:
    """The kind of a file that is for this person alone, as long as they have this role."""
    return f"{plain}; for={record_of(claims)}.{actor.role}"


class Downloads:
    """Answers 404 to whoever asks for a file of somebody else, and for what is nobody's file."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: Streamlit's own."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who asks is looked up at each request."""
        if scope["type"] != "http" or not scope["path"].startswith(MEDIA):
            await self.app(scope, receive, send)
            return
        try:
            mine = await asyncio.to_thread(_mark, Request(scope).cookies)
        except (wiring.NotServed, JournalError):
            log.exception("a download was refused: who asks cannot be known")
            await _refusal(503, "Try again: the desk's database does not answer.")(
                scope, receive, send
            )
            return
        refused = False

        async def answer(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                refused = mine is None or not _unmark(headers, mine)
                headers.update(NO_STORE)
                if refused:
                    await _refusal(404, "Not found")(scope, receive, send)
            if not refused:
                await send(message)

        await self.app(scope, receive, answer)


def _mark(sent: Mapping[str, str]) -> str | None:
    """What stands in the kind of this person's files; None for nobody."""
    claims, core = cookies.claims(sent), wiring.get()
    if claims is None:
        return None
    try:
        return kind("", claims, gate.actor_of(core, claims))
    except NotAllowed:
        return None


def _unmark(headers: MutableHeaders, mark: str) -> bool:
    """Whether the answer is of such a file; its kind then is a plain one."""
    told = headers.get("content-type", "")
    headers["content-type"] = told.replace(mark, "")
    return mark in told


def _refusal(status: int, told: str) -> Response:
    return PlainTextResponse(told, status_code=status, headers=NO_STORE)
