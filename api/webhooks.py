"""``POST /api/webhooks/hubspot``: HubSpot tells what changed. The answer waits for the disk alone.

200: stored. 400, 401, 405: never to be sent again. 503: to be sent again. How much is read of a
body, and for how long, ``api.guard`` says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.credits.errors import GatewayError, JournalError
from core.mirror.webhook_rules import NotGenuine, Unreadable
from core.mirror.webhooks import PATH, Delivery, NotSetUp, WebhookReceiver

log = logging.getLogger(__name__)

#: The route takes all of them: what it leaves over, Streamlit answers with its page.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

NOT_GENUINE = "the signature or its age is not right"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def hubspot(receiving: Callable[[], WebhookReceiver], public_url: str) -> Handler:
    """The handler. ``public_url``: how HubSpot calls us, for a proxy may have hidden it."""

    async def handle(request: Request) -> Response:
        if request.method != "POST":
            return _say(405, "only POST is taken here", Allow="POST")
        try:
            service = receiving()
        except Exception:
            log.exception("no webhook can be taken")
            return _say(503, "not ready; send it again")
        if not service.set_up:
            return _say(503, "webhooks are not set up here: HUBSPOT_CLIENT_SECRET is not set")
        try:
            service.check_head(signature=_signature(request), timestamp=_timestamp(request))
        except NotGenuine:
            return _say(401, NOT_GENUINE)  # whoever it is need not send us a body
        return await asyncio.to_thread(_received, service, await _delivery(request, public_url))

    return handle


def _received(service: WebhookReceiver, delivery: Delivery) -> Response:
    try:
        told = service.receive(delivery)
    except NotGenuine:
        return _say(401, NOT_GENUINE)
    except Unreadable as why:
        return _say(400, str(why))
    except NotSetUp as why:
        return _say(503, str(why))
    except GatewayError as why:
        log.warning("a webhook could not be read, HubSpot sends it again: %s", why)
        return _say(503, "not ready; send it again")
    except JournalError:
        log.exception("a webhook could not be stored")
        return _say(503, "it could not be stored; send it again")
    return JSONResponse({"events": told.events, "records": len(told.records)})


async def _delivery(request: Request, public_url: str) -> Delivery:
    base = public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    query = request.scope.get("query_string", b"").decode("latin-1")
    return Delivery(
        method=request.method,
        uri=f"{base}{PATH}" + (f"?{query}" if query else ""),
        body=await request.body(),
        signature=_signature(request),
        timestamp=_timestamp(request),
    )


def _signature(request: Request) -> str:
    return request.headers.get("x-hubspot-signature-v3", "")


def _timestamp(request: Request) -> str:
    return request.headers.get("x-hubspot-request-timestamp", "")


def _say(status: int, why: str, **headers: str) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers=headers)
