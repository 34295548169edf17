"""The server: Streamlit, the runtime that lives as long as it does, and health.

``streamlit run asgi.py`` and ``uvicorn asgi:app`` both serve it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from api import webhooks
from core import settings, wiring
from core.assembly import utc_now
from core.services.receiving import PATH, Receiving
from pages.shared import status
from pages.shared.door import AtTheDoor

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent


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

    wiring.start(loaded)
    # Streamlit collects garbage after every rerun; without what was imported that costs nothing.
    gc.collect()
    gc.freeze()


def healthz(_: Request) -> Response:
    """200 while the operational store answers, with what a watcher wants to know."""
    try:
        core = wiring.get()
        outbox = core.journal.outbox()
        workers = status.alive(core.journal.workers(), utc_now())
    except Exception:
        log.exception("not healthy")
        return JSONResponse({"status": "operational store does not answer"}, status_code=503)
    told = {"status": "ok", "workers": len(workers), "copies_due": outbox.due, "dead": outbox.dead}
    return JSONResponse({**told, "webhooks": dict(core.receiving.tally.counts)})


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


def _receiving() -> Receiving:
    return wiring.get().receiving


def checked_settings() -> settings.Settings:
    """Before anything starts: what is missing or wrong, all of it, in place of a traceback."""
    try:
        return settings.load()
    except settings.BadSettings as error:
        sys.exit(f"Credit Desk does not start: {error}")


loaded = checked_settings()
app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    routes=[
        Route("/api/healthz", healthz),
        Route(PATH, webhooks.hubspot(_receiving, loaded.public_url), methods=webhooks.METHODS),
    ],
    middleware=[Middleware(AtTheDoor)],
    on_script_error=told,
)
