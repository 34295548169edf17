"""The OpenAPI page, from our own server alone, and an explanation for each kind of problem."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api.v1 import PATH
from api.v1.problems import KINDS, Problem, type_of

WORDS = """
Send your key as `Authorization: Bearer <key>`; an admin of Credit Desk makes it, with the scopes
`read`, `book` and `cancel`, or `admin` for an admin app.

Where the app signs students in by Supabase Auth, send the student's access token beside the key as
`X-Student-Token`: the request is then answered for that student alone. Some keys are
refused without it.

`booking_id` is the school's booking id, `record_id` HubSpot's id of a booking. `contact_id` and
`exam_id` are HubSpot's.

Every POST needs an `Idempotency-Key` header. Send a change again under the same key as often as
you like: it happens once, and you get the same answer. Whatever is refused changes nothing.

A change answers when it has ended, or after some seconds with **202** and a `Location` to ask at.
Requests below `/admin` name the admin who acts in the header `Acting-Admin`, by e-mail. Confirm a
plan and follow its operation.

Everything that goes wrong is `application/problem+json`; tell problems apart by their `type`.
"""

#: Nothing inline: the page works under ``script-src 'self'``.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Credit Desk API</title>
<link rel="stylesheet" href="docs/files/swagger-ui.css">
<link rel="icon" href="docs/files/favicon-32x32.png">
</head>
<body>
<main id="api"></main>
<noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> does not.</noscript>
<script src="docs/files/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


def add_to(app: FastAPI) -> None:
    """Outside the door: whoever has no key yet may read how to use one."""
    app.add_api_route("/", lead, include_in_schema=False)
    app.add_api_route("/docs", _page, include_in_schema=False)
    app.add_api_route("/docs/start.js", _start, include_in_schema=False)
    app.add_api_route("/problems/{name}", _explain, include_in_schema=False)
    files = StaticFiles(packages=[("fastapi_swagger", "resources")])
    app.mount("/docs/files", files)


async def lead() -> Response:
    """From the bare address to the page."""
    return RedirectResponse(f"{PATH}/docs")


async def _page() -> Response:
    return HTMLResponse(_PAGE)


async def _start() -> Response:
    return Response(_START, media_type="text/javascript")


async def _explain(name: str) -> Response:
    kind = KINDS.get(name)
    if kind is None:
        return Problem("path-not-found").answer
    told: dict[str, Any] = {
        "type": type_of(name),
        "title": kind.title,
        "status": kind.status,
    }
    return JSONResponse(told)
