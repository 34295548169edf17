"""One look for all charts: colours by name, patterns beside them, and no more points than needed.

The colours are Streamlit's stand-ins, which the browser replaces by those of
``.streamlit/config.toml`` for the mode in use: a chart follows a switch to dark at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Any

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]
import streamlit as st

#: In one chart. SVG makes an element of each.
POINTS_MAX = 5000
HEIGHT_PX = 300
#: Along the axis: more are told apart by nobody, and a bar needs a few pixels for its pattern.
LINE_POINTS = 400
BARS = 130
#: In no id and in no name.
SEPARATOR = "|"
#: Marks of time that people count in.
STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080)
)

#: On one line, so that the legend has its place below.
TICKS = [
    {"dtickrange": [None, 3_600_000 * 23], "value": "%-d %b %H:%M"},
    {"dtickrange": [3_600_000 * 23, None], "value": "%-d %b"},
]


class Colour(StrEnum):
    """Places in ``chartCategoricalColors``."""

    ACCENT = "#000001"
    TEAL = "#000002"
    ORANGE = "#000003"
    VIOLET = "#000004"
    GRAY = "#000005"
    YELLOW = "#000006"
    RED = "#000007"
    GREEN = "#000008"


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is told from the others: by more than its colour."""

    colour: Colour
    #: Of bars: Plotly's "" for filled, "/", "\\\\", "x", "-", "|", "+", ".".
    pattern: str = ""
    #: Of lines: "solid", "dot", "dash", "dashdot".
    dash: str = "solid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of a chart. ``about``: what a click on each point is about, by ``joined``."""

    name: str
    look: Look
    x: Sequence[Any]
    y: Sequence[float]
    about: Sequence[str] = ()
    #: Written at each bar.
    text: Sequence[str] = ()


def step_for(
    period: timedelta, *, series: int, at_least: timedelta = STEPS[0], most: int = LINE_POINTS
) -> timedelta:
    """The shortest step with which so many series stay below ``POINTS_MAX`` and readable."""
    points = min(POINTS_MAX // max(series, 1), most)
    fits = (step for step in STEPS if step >= at_least and period / step <= points)
    return next(fits, STEPS[-1])


def stacked(series: Sequence[Series], step: timedelta, *, unit: str) -> go.Figure:
    """Bars over time, one upon the other, as wide as a step unless the next one begins before."""
    times = sorted({at for each in series for at in each.x})
    widths = {at: min(step, then - at) for at, then in pairwise(times)}
    figure = go.Figure(
        [
            go.Bar(
                **_common(each),
                marker=_marker(each.look),
                width=[widths.get(at, step).total_seconds() * 1000 * 0.86 for at in each.x],
                offset=0,
            )
            for each in series
        ]
    )
    figure.update_layout(barmode="stack")
    return _laid_out(figure, unit=unit, over_time=True, whole=True)


def lines(series: Sequence[Series], *, unit: str, form: str = "") -> go.Figure:
    """Lines over time. ``form``: a d3 format of the axis, ".0%" say."""
    figure = go.Figure(
        [
            go.Scatter(
                **_common(each),
                mode="lines+markers" if len(each.x) < 60 else "lines",
                line={"color": each.look.colour.value, "dash": each.look.dash, "width": 2},
                marker={"size": 5},
                connectgaps=False,
            )
            for each in series
        ]
    )
    figure = _laid_out(figure, unit=unit, over_time=True)
    return figure.update_yaxes(tickformat=form) if form else figure


def bars(series: Sequence[Series], *, unit: str, sideways: bool = False) -> go.Figure:
    """Bars side by side; sideways where names are long, in the order given."""
    figure = go.Figure([_bar(each, sideways=sideways) for each in series])
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.06)
    figure = _laid_out(figure, unit=unit, whole=True, sideways=sideways)
    if sideways:
        figure.update_yaxes(autorange="reversed")
    return figure


def show(
    figure: go.Figure,
    table: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    on_click: Callable[[str], None] | None = None,
) -> None:
    """The chart, and beside it the same as a table.

    ``on_click`` gets ``key``, whose state holds what was clicked; an empty selection ends it.
    """
    left, right = st.columns([13, 8], gap="medium")
    clicks: dict[str, Any] = {}
    if on_click is not None:
        clicks = {"on_select": lambda: on_click(key), "selection_mode": "points"}
    left.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={"displayModeBar": False, "scrollZoom": False},
        **clicks,
    )
    right.dataframe(
        table,
        column_config=dict(columns),
        hide_index=True,
        row_height=30,
        height=min(HEIGHT_PX, 30 * (len(table) + 1) + 3),
        alt=f"{alt}, as a table",
        key=f"{key}_table",
    )


def joined(*parts: str) -> str:
    """One text of several: Plotly copies a list in a list slowly, and has thousands of them."""
    return SEPARATOR.join(parts)


def clicked(key: str) -> list[list[str]]:
    """What the clicked points are about, in its parts."""
    state = st.session_state.get(key) or {}
    points = state.get("selection", {}).get("points", [])
    return [str(about).split(SEPARATOR) for p in points if (about := p.get("customdata"))]


def local(when: datetime, zone: tzinfo) -> datetime:
    """As the reader's clock showed it: Plotly draws times without a zone."""
    return when.astimezone(zone).replace(tzinfo=None)


def with_gaps(
    points: Sequence[tuple[datetime, float]], step: timedelta
) -> tuple[list[datetime], list[float]]:
    """With a hole where nothing was measured, so that no line is drawn through it."""
    times, values = list[datetime](), list[float]()
    for at, value in points:
        if times and at - times[-1] > 2 * step:
            times.append(times[-1] + step)
            values.append(float("nan"))
        times.append(at)
        values.append(value)
    return times, values


def usual_gap(times: Sequence[datetime], least: timedelta) -> timedelta:
    """Between two of these, as a rule: how wide a bar may be."""
    gaps = sorted(after - before for before, after in pairwise(times))
    return max(least, gaps[len(gaps) // 2]) if gaps else least


def points_of(figure: go.Figure) -> int:
    """How many points the browser draws."""
    return sum(len(trace.x) for trace in figure.data)


def _common(series: Series) -> dict[str, Any]:
    found: dict[str, Any] = {"name": series.name, "x": list(series.x), "y": list(series.y)}
    if series.about:
        found["customdata"] = list(series.about)
    if series.text:
        found["text"] = list(series.text)
    return found


def _marker(look: Look) -> dict[str, Any]:
    pattern = {"shape": look.pattern, "fillmode": "replace", "size": 6, "solidity": 0.45}
    line = {"width": 1 if look.pattern else 0, "color": look.colour.value}
    return {"color": look.colour.value, "pattern": pattern, "line": line}


def _bar(series: Series, *, sideways: bool) -> go.Bar:
    given = _common(series)
    if sideways:
        given["x"], given["y"] = given["y"], given["x"]
    marker = _marker(series.look)
    if series.look.pattern:  # a bar of nothing has no outline either
        marker["line"]["width"] = [1 if n else 0 for n in series.y]
    return go.Bar(
        **given,
        orientation="h" if sideways else "v",
        marker=marker,
        textposition="outside",
        cliponaxis=False,
    )


def _laid_out(
    figure: go.Figure,
    *,
    unit: str,
    over_time: bool = False,
    whole: bool = False,
    sideways: bool = False,
) -> go.Figure:
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        legend={
            "orientation": "h",
            "y": -0.26 if sideways else -0.14,
            "yanchor": "top",
            "x": 0,
            "traceorder": "normal",
        },
        hovermode="x unified" if over_time else "closest",
        showlegend=True,
    )
    along, across = (
        (figure.update_yaxes, figure.update_xaxes)
        if sideways
        else (figure.update_xaxes, figure.update_yaxes)
    )
    across(title={"text": unit, "standoff": 8}, rangemode="tozero", automargin=True)
    along(title=None, automargin=True, showgrid=False)
    if whole:
        across(tickformat=",d")
    if over_time:
        along(
            type="date", hoverformat="%-d %b, %H:%M", tickformatstops=TICKS, nticks=7, tickangle=0
        )
    return figure
