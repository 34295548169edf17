"""Filters that a reader keeps for themselves: chosen, saved and removed beside the filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from core.access.saved_filters import NAME_MAX
from core.access.store.port import Chosen, SavedFilter
from pages.shared import problems, words
from pages.shared.gate import Desk

NAME = "filter_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The filters of one page."""

    page: str
    #: Each field with what it holds when nothing is chosen: its kind is that of what is kept.
    nothing: Mapping[str, object]
    #: Fields that take some values alone. What a version that is gone knew is left out.
    options: Mapping[str, Collection[str]]
    #: Fields that hold a day.
    days: Collection[str]


def show(desk: Desk, fields: Fields) -> None:
    """One button: what was saved, and a name under which to save what is chosen."""
    mine = desk.core.saved_filters.mine(fields.page, desk.actor)
    with st.popover("Saved", icon=":material/bookmark:", help="Your saved filters"):
        if not mine:
            st.caption("Filters you save appear here. Only you see them.")
        for kept in mine:
            _row(desk, fields, kept)
        chosen = chosen_in(fields, st.session_state)
        name = st.text_input(
            "Name", key=NAME, max_chars=NAME_MAX, placeholder="Refunds of last week",
            help="A saved filter of the same name is replaced",
        )  # fmt: skip
        st.button(
            "Save filter",
            icon=":material/bookmark_add:",
            on_click=_save,
            args=(desk, fields, chosen),
            disabled=not chosen or not name.strip(),
            key="save_filter",
        )


def _row(desk: Desk, fields: Fields, kept: SavedFilter) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            words.plain(kept.name),
            key=f"filter_{kept.name}",
            on_click=_choose,
            args=(fields, kept.chosen),
            width="stretch",
        )
        st.button(
            "",
            icon=":material/delete:",
            key=f"remove_filter_{kept.name}",
            help=f"Remove {words.plain(kept.name)}",
            type="tertiary",
            on_click=_remove,
            args=(desk, fields, kept.name),
        )


def _save(desk: Desk, fields: Fields, chosen: Mapping[str, Chosen]) -> None:
    with problems.told("The filter was not saved."):
        name = str(st.session_state[NAME])
        desk.core.saved_filters.save(fields.page, name, chosen, desk.acting())
        st.session_state[NAME] = ""


def _remove(desk: Desk, fields: Fields, name: str) -> None:
    with problems.told("The filter was not removed."):
        desk.core.saved_filters.remove(fields.page, name, desk.acting())


def _choose(fields: Fields, chosen: Mapping[str, Chosen]) -> None:
    st.session_state.update(values_of(fields, chosen))


def chosen_in(fields: Fields, state: Any) -> dict[str, Chosen]:
    """What stands in the fields just now, as it is kept; empty fields are left out."""
    found = {key: state.get(key) for key in fields.nothing}
    return {
        key: _kept(value) for key, value in found.items() if value and value != fields.nothing[key]
    }


def _kept(value: object) -> Chosen:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return str(value)


def values_of(fields: Fields, chosen: Mapping[str, Chosen]) -> dict[str, object]:
    """What the fields hold by a filter that was kept, perhaps by another version of this page."""
    return {
        key: _value(fields, key, chosen[key], empty) if key in chosen else empty
        for key, empty in fields.nothing.items()
    }


def _value(fields: Fields, key: str, kept: Chosen, empty: object) -> object:
    if key in fields.days:
        try:
            return date.fromisoformat(str(kept))
        except ValueError:
            return empty
    may = fields.options.get(key)
    if isinstance(empty, list):
        return [each for each in kept if may is None or each in may] if kept else empty
    return kept if may is None or kept in may else empty
