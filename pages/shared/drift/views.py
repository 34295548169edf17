"""The page from top to bottom."""

from __future__ import annotations

import streamlit as st

from pages.shared import pace, status
from pages.shared.drift import (
    address,
    asking,
    copying,
    detail,
    following,
    history,
    previewing,
    repairs,
    rows,
    standing,
)
from pages.shared.gate import Desk

#: About what the charts and the table will take.
CHARTS_PX, TABLE_PX = 380, 420


def show(desk: Desk) -> None:
    """A repair when the address names one; else how it stands, its history, the records."""
    status.banners(desk)
    if followed := st.query_params.get(address.FOLLOWED):
        following.show(desk, followed)
        return
    if previewed := st.query_params.get(address.PREVIEW):
        previewing.show(desk, previewed)
        return
    now = standing.read(desk)
    standing.notices(desk, now)
    if now.newest is None:
        copying.first_run(desk, now)
    else:
        standing.show(desk, now, lambda: _acts(desk, now))
    if pace.figures_only(desk, CHARTS_PX, TABLE_PX):
        return
    history.show(desk, now)
    rows.show(desk, now)
    repairs.show(desk)
    opened = address.record_named()
    if opened and now.shown:
        detail.show(desk, now.shown, *opened)


def _acts(desk: Desk, now: standing.Standing) -> None:
    if copying.wanted(desk, now):
        asking.copy_button(desk)
    asking.sweep_button(desk, now)
    if now.newest and now.newest.drifting:
        asking.repair_button(desk, now.newest)
