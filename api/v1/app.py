"""The HTTP API as one application, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.v1 import PATH, changing, documentation, reading
from api.v1.admin import routes as admin
from api.v1.described import as_problems
from api.v1.door import Door
from api.v1.problems import Problem
from core.app.assembly.parts import Core

SUMMARY = "For student apps and admin apps. Each change exactly once."
_OF_STATUS = {404: "path-not-found", 405: "method-not-allowed"}


class AtItsPath:
    """Takes every request at the API's path and below it, whatever its letters.

    Before Streamlit, not as one of its routes: it answers some paths by itself, with a page or
    with nothing.
    """

    def __init__(self, app: ASGIApp, *, api: ASGIApp) -> None:
        """``app``: whatever answers all other paths."""
        self.app = app
        self.api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As a mount would, and the path itself as the one with a slash."""
        root = scope.get("root_path", "")
        path = scope.get("path", "").removeprefix(root)
        if scope["type"] != "http" or not f"{path}/".startswith(f"{PATH}/"):
            await self.app(scope, receive, send)
            return
        bare = {"path": f"{root}{PATH}/"} if path == PATH else {}
        await self.api({**scope, "root_path": f"{root}{PATH}", **bare}, receive, send)


def application(core: Callable[[], Core], *, wait_s: float) -> FastAPI:
    """The API. ``core`` is asked for at each request.

    ``wait_s``: how long an answer waits for its operation.
    """
    app = FastAPI(
        title="Credit Desk",
        summary=SUMMARY,
        description=documentation.WORDS,
        version="1",
        servers=[{"url": PATH}],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.door = Door(core=core, wait_s=wait_s)
    app.add_exception_handler(HTTPException, _slip)
    students = (reading.router, changing.booking, changing.cancelling, changing.operations)
    for router in (*students, admin.router):
        app.include_router(router)
    documentation.add_to(app)
    describe = app.openapi
    app.openapi = lambda: as_problems(describe())  # type: ignore[method-assign] # FastAPI's own way
    return app


async def _slip(_: Request, error: Exception) -> Response:
    """A path, method or body that is not as the API has it."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    headers: Any = getattr(error, "headers", None) or {}
    name = _OF_STATUS.get(status, "malformed-request")
    return Problem(name, headers=headers).answer
