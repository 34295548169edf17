"""The app over fakes, to look at while working on pages: ``streamlit run tests/pages/dev.py``.

Sign-in is whatever the header X-Auth-Email says, so this listens on this machine alone.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core import wiring
from core.domain.work import Work, parted
from scripts.processes import ROOT
from tests.fakes.crm import Fault, Request
from tests.pages import drift_scenes, scenes
from tests.pages.stage import RunningClock, Stage, fill, stage


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
        made.core.mirroring.drain()
        time.sleep(0.3)


def _slowly(request: Request) -> Fault:
    if request.changes:
        time.sleep(0.4)
    return Fault.NONE


made = stage(clock=RunningClock(), group_size=5)
fill(made)
drift_scenes.real(made)
scenes.play(made)
drift_scenes.history(made)
drift_scenes.measures(made.journal, made.clock(), days=14, every=timedelta(minutes=10))
made.crm.sending = _slowly
wiring._core = made.core
threading.Thread(target=_work, args=(made,), daemon=True).start()
PagesManager.uses_pages_directory = False
app = st.App(ROOT / "app.py")
