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
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from api.guard import Public, Tally, Visitors, guards, install
from api.routes import routes
from api.v1 import app as students
from api.watchdog import supervised
from core.app import wiring
from core.credits.errors import EngineError, JournalError
from core.credits.log_records import keep_harmless
from core.settings import load
from core.settings.faults import BadSettings, SettingFault
from core.settings.model import Settings
from pages.shared import reruns, shell, signing_in
from pages.shared.access import door, downloads, visitors

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
BASE_PATH = SettingFault(
    name="server.baseUrlPath",
    problem="is set, and the desk answers at / alone",
    mend="Remove it, and give the desk a host name of its own",
)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """The runtime starts and stops with the server, not with its first visitor."""
    # As st.navigation does it, but before the first visitor: until then Streamlit takes the
    # folder "pages" for its own and tells whoever opens a deep link that the page is unknown.
    PagesManager.uses_pages_directory = False
    try:
        await asyncio.to_thread(_warm_up)
    except (EngineError, JournalError) as error:  # in place of a traceback
        sys.stderr.write(f"Credit Desk does not start: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    collecting = reruns.collecting()
    collecting.start()
    try:
        async with supervised():
            yield
    finally:
        collecting.stop(0)
        unfit = wiring.unfit()
        if unfit:
            signal.alarm(ceil(wiring.SERVER_GRACE_S) + 5)  # it may not even be able to end
            wiring.stop()
            log.critical("Credit Desk ends, to be started again: %s", unfit)
            os._exit(1)
        await asyncio.to_thread(wiring.stop)


def _warm_up() -> None:
    import pages.shared.operations  # noqa: F401, PLC0415 - so that the first visitor need not wait

    wiring.start(loaded.settings)
    # Without what was imported, to collect garbage costs little.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the server runs by."""

    settings: Settings
    public: Public
    #: ``[auth]`` as Streamlit takes it; None: nobody can sign in, and the page says so.
    auth: Any


def checked() -> Checked:
    """Before anything starts: what is missing or wrong, all of it, in place of a traceback."""
    faults: list[SettingFault] = []
    if st.get_option("server.baseUrlPath"):
        faults.append(BASE_PATH)
    try:
        found = load()
    except BadSettings as error:
        if (auth := signing_in.section()) is not None:
            faults += signing_in.faults(auth)
        sys.exit(f"Credit Desk does not start: {BadSettings([*error.faults, *faults])}")
    public = Public.of(found.public_url, found.extra_hosts)
    if (auth := signing_in.of_settings(found, public.origin)) is not None:
        faults += [*signing_in.faults(auth), *signing_in.misplaced(auth, public.is_host)]
    if faults:
        sys.exit(f"Credit Desk does not start: {BadSettings(faults)}")
    return Checked(settings=found, public=public, auth=auth)


keep_harmless()
install()
reruns.install()
loaded = checked()
answers = Tally()
asked = Visitors(is_signed_in=visitors.is_signed_in, unwanted=visitors.unwanted, held=visitors.held)
students_api = students.application(wiring.get, wait_s=loaded.settings.api_wait_s)
app = st.App(
    ROOT / "app.py",
    lifespan=lifespan,
    secrets={"auth": loaded.auth} if loaded.auth is not None else None,
    routes=routes(loaded.settings, answers),
    middleware=[
        *guards(loaded.public, door.inline_scripts(), answers, asked),
        Middleware(door.AtTheDoor),
        Middleware(downloads.Downloads),
        Middleware(students.AtItsPath, api=students_api),
        Middleware(shell.Shell),
    ],
    on_script_error=told,
)
