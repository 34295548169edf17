"""The page from top to bottom, which draws itself again while nobody clicks."""

from __future__ import annotations

from datetime import datetime, time

import streamlit as st

from pages.shared import gate, places, problems
from pages.shared.gate import Desk
from pages.shared.health import figures, needs, sight, today

#: Every look is a dozen cheap queries.
LOOK = "10s"


@st.fragment(run_every=LOOK)
def show(desk: Desk) -> None:
    """Nothing here can be open or half filled in, so drawing it again disturbs nobody."""
    actor = gate.again(desk, places.OVERVIEW)
    with problems.told("Nothing was changed."):
        found = desk.core.overseeing.read(actor)
        sight.show(desk, found)
        needs.show(desk, actor, found)
        figures.show(desk, found)
        today.show(desk, desk.core.overseeing.today(actor, since=midnight(desk)))


def midnight(desk: Desk) -> datetime:
    """Where the reader's day began."""
    return datetime.combine(desk.now().astimezone(desk.zone).date(), time(), desk.zone)
