"""Figures of Plotly, all laid out alike: the title and the unit above, the legend below.

The plot keeps its height whatever the legend needs, so that nothing is squeezed on a telephone.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from pages.shared.charts.looks import LIMIT, Colour, Look
from pages.shared.charts.series import Series

#: The parts of a chart, from the top.
TITLE_PX, PLOT_PX, AXIS_PX, LEGEND_ROW_PX, BOTTOM_PX = 62, 200, 30, 21, 10
#: Of one bar that lies, with the space around it.
LYING_PX = 38
#: Longer names have a row of the legend each; still longer ones are cut there, and nowhere else.
HALF_A_ROW, ROW = 20, 42
#: A bar is never thinner than this part of the period, unless the next one begins before; the
#: last one, which ends now, than that.
THINNEST, LAST = 90, 45
#: On one line, so that the legend has its place below.
TICKS = [
    {"dtickrange": [None, 3_600_000 * 23], "value": "%-d %b %H:%M"},
    {"dtickrange": [3_600_000 * 23, None], "value": "%-d %b"},
]
#: Lengths of time along an axis, in seconds.
LENGTHS = {
    0.001: "1 ms", 0.01: "10 ms", 0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min",
    3600: "1 h", 21_600: "6 h", 86_400: "1 day", 604_800: "7 days", 2_592_000: "30 days",
    31_536_000: "1 year",
}  # fmt: skip
#: What is shorter stands at the foot of that axis, which has no 0.
SHORTEST_S = 0.001
#: Up to so many each one has its line.
FEW = 6
CLEAR = "rgba(0,0,0,0)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a chart is of. Title and unit have one line each on a telephone."""

    title: str
    unit: str
    #: From when to when, as the reader's clock shows it; None: not over time.
    period: tuple[datetime, datetime] | None = None


def stacked(series: Sequence[Series], step: timedelta, frame: Frame) -> go.Figure:
    """Parts of a whole over time, as wide as a step unless the next ones begin before."""
    widths = _widths(sorted({at for each in series for at in each.x}), step, frame)
    figure = go.Figure(
        [
            go.Bar(
                **_common(each),
                marker=_marker(each),
                width=[widths[at].total_seconds() * 1000 * 0.86 for at in each.x],
                offset=0,
            )
            for each in series
        ]
    )
    figure.update_layout(barmode="stack")
    ends = max((at + width for at, width in widths.items()), default=None)
    return _counted(_over_time(_laid_out(figure, frame), frame, ends))


def _widths(times: Sequence[datetime], step: timedelta, frame: Frame) -> dict[datetime, timedelta]:
    """By when each bar begins: until the next one, the step, or now."""
    if not times:
        return {}
    last = step
    if frame.period:
        length = frame.period[1] - frame.period[0]
        step = max(step, length / THINNEST)
        last = max(min(step, frame.period[1] - times[-1]), length / LAST)
    widths = {at: min(step, then - at) for at, then in pairwise(times)}
    return widths | {times[-1]: last}


def lines(series: Sequence[Series], frame: Frame, *, form: str = "") -> go.Figure:
    """Lines over time. ``form``: a d3 format of the axis, ".0%" say."""
    figure = go.Figure(
        [
            go.Scatter(
                **_common(each, form),
                mode="lines+markers",
                line={"color": each.look.colour.value, "dash": each.look.dash, "width": 2},
                marker={"size": _dots(each.y)},
                connectgaps=False,
            )
            for each in series
        ]
    )
    figure = _over_time(_laid_out(figure, frame), frame)
    return figure.update_yaxes(tickformat=form) if form else figure


def lengths(series: Sequence[Series], frame: Frame) -> go.Figure:
    """Lines of lengths of time, in seconds: from milliseconds to months on one axis."""
    clipped = [
        replace(each, y=[y if math.isnan(y) else max(y, SHORTEST_S) for y in each.y])
        for each in series
    ]
    figure = lines(clipped, frame)
    figure.update_yaxes(
        type="log", rangemode="normal", tickvals=list(LENGTHS), ticktext=list(LENGTHS.values())
    )
    return _in_sight(figure, [y for each in clipped for y in each.y if not math.isnan(y)])


def columns(series: Sequence[Series], frame: Frame, *, whole: bool = False) -> go.Figure:
    """Bars side by side, each of a name along the axis; ``whole``: they are parts of one."""
    figure = go.Figure([_bar(each) for each in series])
    figure.update_layout(
        barmode="stack" if whole else "group", bargap=0.25, bargroupgap=0.06, hovermode="x unified"
    )
    names = list(dict.fromkeys(x for each in series for x in each.x))
    figure = _laid_out(figure, frame)
    figure.update_xaxes(type="category", range=[-0.5, len(names) - 0.5], nticks=7, tickangle=0)
    return _counted(figure)


def bars(series: Sequence[Series], frame: Frame) -> go.Figure:
    """Bars that lie, for long names; the first one on top."""
    figure = go.Figure([_bar(each, lying=True) for each in series])
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.06)
    names = len({name for each in series for name in each.x})
    figure = _laid_out(figure, frame, plot_px=max(PLOT_PX // 2, LYING_PX * names), lying=True)
    figure.update_yaxes(autorange="reversed", ticklabelstandoff=4)
    return _counted(figure, lying=True)


def marked(figure: go.Figure, name: str, marks: Sequence[tuple[datetime, str]]) -> go.Figure:
    """Moments above a stack, each with what it was."""
    if not marks:
        return figure
    sums: dict[Any, float] = {}
    for trace in figure.data:
        for x, y in zip(trace.x, trace.y, strict=True):
            sums[x] = sums.get(x, 0) + y
    above = 1.06 * max(sums.values(), default=0) or 1
    look = Series(
        name=name, look=Look(Colour.GREEN), x=[at for at, _ in marks],
        y=[above] * len(marks), told=[told for _, told in marks],
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            **_common(look),
            mode="markers",
            marker={"symbol": "triangle-down", "size": 9, "color": look.look.colour.value},
        )
    )
    return _with_legend(figure)


def limited(figure: go.Figure, name: str, at: float) -> go.Figure:
    """A line that should not be passed, over the whole period."""
    begins, ends = figure.layout.xaxis.range
    figure.add_trace(
        go.Scatter(
            x=[begins, ends], y=[at, at], name=name, mode="lines", hoverinfo="skip",
            line={"color": LIMIT.colour.value, "dash": LIMIT.dash, "width": 1.5},
        )
    )  # fmt: skip
    if figure.layout.yaxis.type == "log":
        low, high = figure.layout.yaxis.range
        figure.update_yaxes(range=[min(low, _log(at / 2)), max(high, _log(at * 2))])
    return _with_legend(figure)


def plain(text: str) -> str:
    """Text of others as Plotly shows it: it takes tags for HTML, and braces for its own names."""
    return html.escape(text, quote=False).replace("%{", "% {")


def _common(series: Series, form: str = "") -> dict[str, Any]:
    value = "%{hovertext}" if series.told else f"%{{y:{form or ',~r'}}}"
    whole = "<br>".join(map(plain, textwrap.wrap(series.name, ROW)))
    found: dict[str, Any] = {
        "name": plain(_cut(series.name)),
        "x": list(series.x),
        "y": list(series.y),
        "hovertemplate": f"{whole}: {value}<extra></extra>",
    }
    if series.told:
        found["hovertext"] = list(map(plain, series.told))
    if series.about:
        found["customdata"] = list(series.about)
    if series.text:
        found["text"] = list(series.text)
    return found


def _cut(name: str) -> str:
    return name if len(name) <= ROW else f"{name[: ROW - 1].rstrip()}…"


def _dots(values: Sequence[float]) -> list[int]:
    """A point without a neighbour has no line: it is drawn as a dot. Of a few points all are."""
    there = [not math.isnan(y) for y in values]
    beside = zip([False, *there], there, [*there[1:], False], strict=False)
    few = len(values) < 60
    return [6 if few or (own and not before and not after) else 0 for before, own, after in beside]


def _marker(series: Series) -> dict[str, Any]:
    """Patterns have an outline; a bar of nothing has none."""
    look = series.look
    pattern = {"shape": look.pattern, "fillmode": "replace", "size": 6, "solidity": 0.45}
    outline = [1 if n else 0 for n in series.y] if look.pattern else 0
    line = {"width": outline, "color": look.colour.value}
    return {"color": look.colour.value, "pattern": pattern, "line": line}


def _bar(series: Series, *, lying: bool = False) -> go.Bar:
    given = _common(series)
    if lying:
        given["x"], given["y"] = given["y"], given["x"]
        given["hovertemplate"] = given["hovertemplate"].replace("%{y:", "%{x:")
    return go.Bar(
        **given,
        orientation="h" if lying else "v",
        marker=_marker(series),
        textposition="outside",
        cliponaxis=False,
    )


def _laid_out(
    figure: go.Figure, frame: Frame, *, plot_px: int = PLOT_PX, lying: bool = False
) -> go.Figure:
    along, across = figure.update_xaxes, figure.update_yaxes
    if lying:
        along, across = across, along
    along(title=None, automargin=True, showgrid=False)
    across(title=None, automargin=True, rangemode="tozero", nticks=6)
    figure.update_layout(
        title={
            "text": plain(frame.title),
            "subtitle": {"text": plain(frame.unit), "font": {"size": 12}},
            "font": {"size": 15},
            "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 8, "t": 10},
            "y": 1, "yref": "container", "yanchor": "top", "automargin": False,
        },
        margin={"l": 8, "r": 16, "t": TITLE_PX},
        meta={"plot_px": plot_px, "lying": lying},
        hoverlabel={"namelength": -1, "align": "left"},
        modebar={
            "bgcolor": CLEAR, "color": Colour.GRAY.value, "activecolor": Colour.BLUE.value,
        },
    )  # fmt: skip
    return _with_legend(figure)


def _with_legend(figure: go.Figure) -> go.Figure:
    """Below the axis, in as many rows as it needs; none for one series, which the title names."""
    names = [trace.name for trace in figure.data]
    short = max(map(len, names), default=0) <= HALF_A_ROW
    in_a_row = 2 if short and not figure.layout.meta["lying"] else 1  # by the plot's own width
    rows = math.ceil(len(names) / in_a_row) if len(names) > 1 else 0
    below = AXIS_PX + rows * LEGEND_ROW_PX + BOTTOM_PX
    return figure.update_layout(
        height=TITLE_PX + figure.layout.meta["plot_px"] + below,
        margin_b=below,
        showlegend=rows > 0,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "entrywidthmode": "fraction",
            "entrywidth": 0.98 / in_a_row,
            "x": 0.02,
            "xref": "container",
            "xanchor": "left",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "itemwidth": 30,
            "tracegroupgap": 0,
        },
    )


def _over_time(figure: go.Figure, frame: Frame, ends: datetime | None = None) -> go.Figure:
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(
        type="date", hoverformat="%-d %b %Y, %H:%M", tickformatstops=TICKS, nticks=6, tickangle=0
    )
    if frame.period:
        begin, end = frame.period
        figure.update_xaxes(range=[begin, max(end, ends or end)], autorange=False)
    return figure


def _counted(figure: go.Figure, *, lying: bool = False) -> go.Figure:
    """An axis of whole numbers: nobody has half a record."""
    sums: Counter[Any] = Counter()
    for n, trace in enumerate(figure.data):
        along, across = (trace.y, trace.x) if lying else (trace.x, trace.y)
        for at, number in zip(along, across, strict=True):
            sums[at, 0 if figure.layout.barmode == "stack" else n] += number
    across_axis = figure.update_xaxes if lying else figure.update_yaxes
    few = max(sums.values(), default=0) <= FEW
    return across_axis(tickformat=",d", nticks=5, **({"dtick": 1} if few else {}))


def _in_sight(figure: go.Figure, values: Sequence[float]) -> go.Figure:
    """A logarithmic axis around these, one mark at least in it."""
    low, high = min(values, default=1), max(values, default=1)
    return figure.update_yaxes(range=[_log(low / 2), _log(high * 2)], autorange=False)


def _log(value: float) -> float:
    return math.log10(max(value, SHORTEST_S / 2))
