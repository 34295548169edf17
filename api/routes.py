"""What stands under ``/api``. What does not is answered here too, never by Streamlit's page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api import health, metrics, webhooks
from api.answers import Problem
from api.guard import Tally
from core.app import wiring
from core.mirror.webhooks import PATH
from core.settings.model import Settings

METHODS = webhooks.METHODS


def routes(settings: Settings, answers: Tally) -> list[BaseRoute]:
    """In this order: the last one takes whatever is left. Over the process's one ``Core``."""
    token = settings.metrics_token.get_secret_value()
    hubspot = webhooks.hubspot(lambda: wiring.get().webhook_receiver, settings.public_url)
    ready = health.readyz(lambda: wiring.get().readiness, token)
    told = metrics.metrics(lambda: wiring.get().metrics, answers, token)
    return [
        Route("/api/healthz", health.healthz),
        Route("/api/readyz", ready),
        Route("/api/metrics", told),
        Route(PATH, hubspot, methods=METHODS),
        Route("/api", nothing, methods=METHODS),
        Route("/api/{rest:path}", nothing, methods=METHODS),
    ]


async def nothing(_: Request) -> Response:
    """Of a path that nobody has."""
    return Problem(404, "there is nothing at this address")
