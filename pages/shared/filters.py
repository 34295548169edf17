"""What stands at the end of a row of filters."""

from __future__ import annotations

from collections.abc import Callable

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
