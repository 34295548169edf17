"""What filters say, and what stands at the end of a row of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

import streamlit as st

from core.exports.listings import Export
from pages.shared.exports import csv_button
from pages.shared.gate import Desk


def end_of_row(
    desk: Desk,
    clear: Callable[[], None],
    export: Callable[[Desk], Export],
    name: str,
    told: str,
    *,
    narrowed: bool,
) -> None:
    """The way back to all, while something is left out; and what fits as CSV."""
    the_way_back(clear, narrowed=narrowed)
    st.space("stretch")
    csv_button(desk, export, name, told)


def the_way_back(clear: Callable[[], None], *, narrowed: bool) -> None:
    """To all, while something is left out."""
    if narrowed:
        st.button(
            "All",
            icon=":material/filter_alt_off:",
            on_click=clear,
            key="unfilter",
            type="tertiary",
            help="Clear filters",
        )


def since(key: str, zone: tzinfo) -> datetime | None:
    """When the day begins that was chosen there, as the reader counts days; None: none was."""
    chosen = st.session_state.get(key)
    return datetime.combine(chosen, time(), zone) if isinstance(chosen, date) else None


def until(key: str, zone: tzinfo) -> datetime | None:
    """When the day after it begins, so that it is whole."""
    chosen = st.session_state.get(key)
    if not isinstance(chosen, date):
        return None
    return datetime.combine(chosen + timedelta(days=1), time(), zone)


def text(key: str) -> str:
    """What was typed there."""
    return str(st.session_state.get(key) or "").strip()


def nothing_fits(what: str, since: datetime | None, until: datetime | None) -> None:
    """Said in place of a list; ``what``: in the plural."""
    wrong_way = since is not None and until is not None and since >= until
    why = "*From* is later than *To*" if wrong_way else ""
    told = f"No {what}: {why}." if why else f"No {what} match the filters."
    st.info(told, icon=":material/filter_alt_off:")
