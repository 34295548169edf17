"""The app over fakes, to look at while working on pages: ``streamlit run tests/pages/dev.py``.

Everybody is whom the header X-Auth-Email names, else the admin: keep it on this machine.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.app import wiring
from core.work.work import Work, parted
from pages.shared import gate
from scripts.processes import ROOT
from tests.fakes.crm import Fault, Request
from tests.pages import drift_scenes, scenes
from tests.pages.stage import ADMIN, RunningClock, Stage, come_in, fill, signed_in, stage


def _work(made: Stage) -> None:
    """Carry confirmed operations slowly enough to be watched."""
    while True:
        made.worker_beats()
        for key in list(made.engine.submitted):
            if parted(key)[0] is Work.OPERATION:
                operation = made.journal.operation(key)
                if operation.state != "held" or made.clock() <= operation.hold_until:
                    continue
            made.engine.submitted.remove(key)
            made.carry(key)
        made.core.mirror_copier.drain()
        time.sleep(0.3)


def _slowly(request: Request) -> Fault:
    if request.changes:
        time.sleep(0.4)
    return Fault.NONE


def _anybody() -> dict[str, Any]:
    email = st.context.headers.get("X-Auth-Email", ADMIN)
    claims = signed_in(email=email, iat=made.clock().timestamp())
    return dict(come_in(made.journal, claims))


made = stage(clock=RunningClock(), group_size=5)
fill(made)
drift_scenes.real(made)
scenes.play(made)
drift_scenes.history(made)
drift_scenes.measures(made.journal, made.clock(), days=14, every=timedelta(minutes=10))
made.crm.sending = _slowly
wiring._core = made.core
gate.signed_in = _anybody
threading.Thread(target=_work, args=(made,), daemon=True).start()
PagesManager.uses_pages_directory = False
app = st.App(ROOT / "app.py")
