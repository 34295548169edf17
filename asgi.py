"""The server: Streamlit behind its guards, ``/api``, and the runtime that lives as long.

``streamlit run asgi.py`` and ``uvicorn asgi:app`` both serve it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from api.guard import Tally, guards
from api.routes import routes
from api.v1 import app as students
from core import settings, wiring
from pages.shared import door, signing_in

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
        unfit = wiring.unfit()
        if unfit:
            signal.alarm(ceil(wiring.SERVER_GRACE_S) + 5)  # it may not even be able to end
            wiring.stop()
            log.critical("Credit Desk ends, to be started again: %s", unfit)
            os._exit(1)
        await asyncio.to_thread(wiring.stop)


def _warm_up() -> None:
    import pages.shared.batch  # noqa: F401, PLC0415 - so that the first visitor need not wait

    wiring.start(loaded)
    # Streamlit collects garbage after every rerun; without what was imported that costs nothing.
    gc.collect()
    gc.freeze()


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


def checked_settings() -> settings.Settings:
    """Before anything starts: what is missing or wrong, all of it, in place of a traceback."""
    faults: list[settings.SettingFault] = []
    try:
        found = settings.load()
    except settings.BadSettings as error:
        faults += error.faults
    # Without any [auth] it starts: nobody can sign in, and the page says so.
    if (auth := signing_in.section()) is not None:
        faults += signing_in.faults(auth)
    if faults:
        sys.exit(f"Credit Desk does not start: {settings.BadSettings(faults)}")
    return found


loaded = checked_settings()
answers = Tally()
students_api = students.application(wiring.get, wait_s=loaded.api_wait_s)
app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    routes=routes(loaded, answers),
    middleware=[
        *guards(loaded.public_url, door.inline_scripts(), answers),
        Middleware(door.AtTheDoor),
        Middleware(students.AtItsPath, api=students_api),
    ],
    on_script_error=told,
)
