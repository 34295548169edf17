"""The students' API as one application, to be mounted: routes, documentation, answers to slips."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from api.v1 import PATH, changing, documentation, reading
from api.v1.described import as_problems
from api.v1.door import Door
from api.v1.limits import Buckets
from api.v1.problems import Problem
from core.assembly import Core

SUMMARY = "Check credit, book and cancel for students, each change exactly once."
_OF_STATUS = {404: "path-not-found", 405: "method-not-allowed"}


def routes(
    core: Callable[[], Core],
    *,
    wait_s: float,
    rate: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[BaseRoute]:
    """Where the API stands: at its path, and at everything below it, whatever the letters.

    ``wait_s``: how long an answer waits for its operation. ``rate``: requests of one key a second,
    by ``clock``. ``core`` is asked for at each request.
    """
    app = _application(Door(core=core, buckets=Buckets(rate, clock), wait_s=wait_s))
    below = Mount(PATH, app)
    # Starlette's own leaves out paths with a line break, and Streamlit would answer them
    below.path_regex = re.compile(rf"^{PATH}/(?P<path>.*)\Z", re.DOTALL)
    return [below, Route(PATH, _Bare())]


class _Bare:
    """The path itself, by any method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the description."""
        answer = await documentation.lead()
        if scope["method"] != "GET":
            answer = Problem("method-not-allowed", headers={"Allow": "GET"}).answer
        await answer(scope, receive, send)


def _application(door: Door) -> FastAPI:
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
    app.state.door = door
    app.add_exception_handler(HTTPException, _slip)
    for router in (reading.router, changing.booking, changing.cancelling, changing.operations):
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
