"""Filters of lists of what was done: they stand in the address, each under its key.

What they say, and what stands at the end of a row of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, tzinfo

import streamlit as st

from core.exports.listings import Export
from core.operations.verdicts import OperationKind
from pages.shared import words
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


def typed(
    label: str, key: str, placeholder: str, *, width: int = 170, told: str | None = None
) -> None:
    """A box for an id, a name or words; ``told``: its help."""
    st.text_input(
        label, placeholder=placeholder, key=key, width=width, help=told, type="search",
        bind="query-params",
    )  # fmt: skip


def kinds(key: str, *, width: int, told: str | None = None) -> None:
    """Kinds of operation; ``told``: its help."""
    st.multiselect(
        "Kinds", list(OperationKind), format_func=words.KIND.__getitem__, placeholder="All kinds",
        key=key, width=width, help=told, bind="query-params",
    )  # fmt: skip


def days(first: str, last: str) -> None:
    """From which day to which; empty at first."""
    for label, key in (("From", first), ("To", last)):
        st.date_input(
            label, value=None, key=key, width=150, format="YYYY-MM-DD", bind="query-params"
        )


def narrows(keys: Iterable[str]) -> bool:
    """Whether something is chosen in any of these."""
    return any(st.session_state.get(key) for key in keys)


def chosen_kinds(key: str) -> list[OperationKind]:
    """Those chosen there; what is none, from a mended address, is left out."""
    chosen = st.session_state.get(key) or ()
    return [kind for kind in OperationKind if kind in chosen]


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
    why = ": *From* is later than *To*" if wrong_way else " match the filters"
    st.info(f"No {what}{why}.", icon=":material/filter_alt_off:")
