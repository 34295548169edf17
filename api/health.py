"""``/api/healthz``: the process answers. ``/api/readyz``: the desk can do all of its work.

Send traffic by the first and raise alarms by the second: while HubSpot or Supabase is away the
pages still say so, and operations wait or go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.token import is_trusted
from core.health.readiness import Readiness
from core.hubspot.ports.inspection import Finding, Health

log = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def healthz(_: Request) -> Response:
    """Without a look at anything: what is slow must not make a live process look dead."""
    return JSONResponse({"status": "ok"})


def readyz(readiness: Callable[[], Readiness], token: str) -> Handler:
    """200 or 503 for everybody; why, for who has the token."""

    async def handle(request: Request) -> Response:
        found = await asyncio.to_thread(_looked, readiness)
        ready = found is not None and all(one.health is not Health.FAULT for one in found)
        told: dict[str, Any] = {"status": "ready" if ready else "not ready"}
        if is_trusted(request, token):
            told["parts"] = [_part(one) for one in found or ()]
        return JSONResponse(told, status_code=200 if ready else 503)

    return handle


def _looked(readiness: Callable[[], Readiness]) -> Sequence[Finding] | None:
    """None: there is nothing to look with."""
    try:
        return readiness().findings()
    except Exception:
        log.exception("not ready")
        return None


def _part(one: Finding) -> dict[str, str]:
    told = {"part": one.what, "health": one.health.value, "said": one.said}
    return told | ({"mend": one.mend} if one.mend else {})
