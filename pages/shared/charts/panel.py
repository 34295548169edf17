"""A chart on its page: beside it the same as a table; it leaves as an image and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]
import streamlit as st

from core.credits.csv_safe import Table
from core.exports.listings import Export, Listing
from pages.shared import exports, tables
from pages.shared.gate import Desk

#: In no id and in no name.
SEPARATOR = "|"
TABLE_PX = 300


def mode_bar(name: str) -> dict[str, Any]:
    """What Plotly offers above a chart: the image alone, called so."""
    return {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "scrollZoom": False,
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
    }


def show(
    desk: Desk,
    figure: go.Figure,
    table: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    name: str,
    alt: str,
    on_click: Callable[[str], None] | None = None,
) -> None:
    """The chart, and beside it the same as a table.

    ``name``: of the files. ``on_click`` gets ``key``, whose state holds what was clicked; an empty
    selection ends it.
    """
    left, right = st.columns([13, 8], gap="medium")
    clicks: dict[str, Any] = {}
    if on_click is not None:
        clicks = {"on_select": lambda: on_click(key), "selection_mode": "points"}
    left.plotly_chart(figure, key=key, alt=alt, config=mode_bar(name), **clicks)
    with right:
        st.dataframe(
            table,
            column_config=dict(columns),
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(len(table), at_most=TABLE_PX),
            alt=f"{alt}, as a table",
            key=f"{key}_table",
        )
        with st.container(horizontal=True, horizontal_alignment="right"):
            exports.csv_button(
                desk,
                lambda _: Export(
                    listing=Listing.CHART, table=as_csv(table), narrowed={"chart": name}
                ),
                name,
                "What the chart shows, as a table",
                label="Chart as CSV",
            )


def joined(*parts: str) -> str:
    """One text of several: Plotly copies a list in a list slowly, and has thousands of them."""
    return SEPARATOR.join(parts)


def clicked(key: str) -> list[list[str]]:
    """What the clicked points are about, in its parts."""
    state = st.session_state.get(key) or {}
    points = state.get("selection", {}).get("points", [])
    return [str(about).split(SEPARATOR) for p in points if (about := p.get("customdata"))]


def as_csv(table: pd.DataFrame) -> Table:
    """The same to be taken away."""
    return Table([str(column) for column in table.columns], _rows(table))


def _rows(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Times with their zone, and nothing where nothing is known."""
    for row in table.to_dict(orient="records"):
        yield {str(column): _cell(value) for column, value in row.items()}


def _cell(value: Any) -> object:
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, datetime) else value
