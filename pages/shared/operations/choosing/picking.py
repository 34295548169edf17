"""A table to pick records from. What is picked is kept as ids, never as positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import tables, words


def pick(
    name: str,
    noun: str,
    options: Mapping[str, str],
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
) -> tuple[str, ...]:
    """The ids picked so far, over all searches.

    ``options``: id to words, in the order of the frame's rows.
    """
    shown = list(options)
    picked: dict[str, str] = dict(st.session_state.get(f"{name}_picked", {}))
    key = f"{name}_grid_{tables.fingerprint(shown)}_{st.session_state.get(f'{name}_cleared', 0)}"
    if shown:
        event = st.dataframe(
            frame,
            key=key,
            on_select="rerun",
            selection_mode="multi-row",
            selection_default=_default(name, key, shown, picked),
            column_config=columns,
            hide_index=True,
            height=tables.height(len(frame), at_most=340),
            row_height=tables.ROW_PX,
            alt=f"{noun.capitalize()}s to pick from",
        )
        rows = {row for row in event.selection.rows if row < len(shown)}
        picked = {id_: told for id_, told in picked.items() if id_ not in options}
        picked |= {id_: options[id_] for row, id_ in enumerate(shown) if row in rows}
    st.session_state[f"{name}_picked"] = picked
    _summary(name, noun, picked)
    return tuple(picked)


def _default(name: str, key: str, shown: list[str], picked: Mapping[str, str]) -> Any:
    """What is ticked when this grid first appears; it must not change while the grid stays."""
    kept_key, rows = st.session_state.get(f"{name}_default", ("", []))
    if kept_key != key:
        rows = [row for row, id_ in enumerate(shown) if id_ in picked]
        st.session_state[f"{name}_default"] = (key, rows)
    return {"selection": {"rows": rows, "columns": [], "cells": []}}


def _summary(name: str, noun: str, picked: Mapping[str, str]) -> None:
    if not picked:
        st.caption(f"No {noun} selected: select one or more rows.")
        return
    told = "; ".join(words.plain(told) for told in list(picked.values())[:4])
    more = f" and {len(picked) - 4:,} more" if len(picked) > 4 else ""
    with st.container(horizontal=True, wrap=False):
        st.markdown(f"**{words.count(len(picked), noun)} selected:** {told}{more}")
        st.button("Clear", key=f"{name}_clear", type="tertiary", on_click=_clear, args=(name,))


def _clear(name: str) -> None:
    start_with(name, {})


def start_with(name: str, picked: Mapping[str, str]) -> None:
    """These are picked from now on, id to words, and no others."""
    st.session_state[f"{name}_picked"] = dict(picked)
    st.session_state[f"{name}_cleared"] = st.session_state.get(f"{name}_cleared", 0) + 1
