"""The page from top to bottom."""

from __future__ import annotations

import streamlit as st

from pages.shared import status
from pages.shared.drift import address, detail, history, rows, standing
from pages.shared.gate import Desk


def show(desk: Desk) -> None:
    """How it stands, its history, the records; the one that the address names over it."""
    status.banners(desk)
    now = standing.read(desk)
    standing.notices(desk, now)
    if now.newest is None:
        _first_run(now)
    else:
        standing.show(desk, now)
    history.show(desk, now)
    rows.show(desk, now)
    opened = address.record_named()
    if opened and now.shown:
        detail.drawer(desk, now.shown, *opened)


def _first_run(now: standing.Standing) -> None:
    if now.open:
        return
    st.info(
        "A sweep compares every record in HubSpot, the truth, with its row in Supabase, which "
        "students see, and says of each difference why it is there. It changes neither. One runs "
        "every two hours; the first can be asked for here.",
        title="No sweep has run yet",
        icon=":material/travel_explore:",
    )
