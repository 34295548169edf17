"""What all charts have in common: colours that everybody can tell, fixed periods, whole names."""

from __future__ import annotations

import math
import tomllib
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.shared import charts
from pages.shared.charts import Colour, Frame, Look, Series, figures
from scripts.processes import ROOT

#: Of the reader's clock.
NOW = datetime(2026, 5, 4, 12, 0)  # noqa: DTZ001
MONTH = Frame(title="Title", unit="records", period=(NOW - timedelta(days=30), NOW))
LONG = "Refunded because the examiner was ill and the room in Vancouver could not be reached"
THEME = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
MODES = ("light", "dark")

#: How linear light is seen without one of the three cones (Machado, Oliveira and Fernandes, 2009).
SIGHT = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: CIE 1976: 2.3 is just seen when side by side; in a legend it takes several times as much.
APART = 13


def line(name: str, y: list[float], *, start: datetime = NOW - timedelta(days=30)) -> Series:
    x = [start + timedelta(hours=n) for n in range(len(y))]
    return Series(name=name, look=Look(Colour.BLUE), x=x, y=y)


# colours


def light(colour: str) -> tuple[float, ...]:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def luminance(colour: str) -> float:
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), light(colour), strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    """Where it stands in CIELAB, as somebody with that sight sees it."""
    told = light(colour)
    r, g, b = (
        min(1.0, max(0.0, sum(w * p for w, p in zip(row, told, strict=True))))
        for row in SIGHT[sight]
    )
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = (
        v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def cube_root(part: float) -> float:
    """But for the darkest, of which it would be too steep."""
    return part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116


@pytest.mark.parametrize("mode", MODES)
def test_each_colour_stands_out_from_its_background(mode: str) -> None:
    """WCAG 2.2, 1.4.11: 3 : 1 for what is needed to understand a picture."""
    colours = THEME[mode]["chartCategoricalColors"]

    assert len(Colour) == len(colours)
    assert 3 <= min(contrast(each, THEME[mode]["backgroundColor"]) for each in colours)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_are_told_apart_by_everybody(mode: str, sight: str) -> None:
    colours = THEME[mode]["chartCategoricalColors"]

    near = {
        (one, other): math.dist(lab(one, sight), lab(other, sight))
        for one, other in combinations(colours, 2)
    }

    assert APART <= min(near.values()), min(near, key=lambda pair: near[pair])


def test_series_are_told_apart_by_more_than_colour() -> None:
    looks = [*charts.SERIES, charts.OTHER]

    for told in ("colour", "pattern", "dash"):
        assert len(looks) == len({getattr(look, told) for look in looks})


# what is drawn


@pytest.mark.parametrize("points", [1, 2, 300])
def test_the_axis_is_the_period_however_few_points_there_are(points: int) -> None:
    series = [line("one", [1.0] * points)]

    for figure in (
        charts.lines(series, MONTH),
        charts.stacked(series, timedelta(hours=1), MONTH),
        charts.lengths(series, MONTH),
    ):
        assert MONTH.period == figure.layout.xaxis.range
        assert ("Title", "records") == (
            figure.layout.title.text,
            figure.layout.title.subtitle.text,
        )


def test_the_last_bar_ends_now_unless_it_could_not_be_seen() -> None:
    for hours, ends in ((40, NOW - timedelta(hours=16)), (20, NOW), (1, NOW + timedelta(hours=15))):
        last = line("one", [1.0], start=NOW - timedelta(hours=hours))

        figure = charts.stacked([last], timedelta(days=1), MONTH)

        width = timedelta(milliseconds=figure.data[0].width[0] / 0.86)
        assert ends == last.x[0] + width
        assert max(ends, NOW) == figure.layout.xaxis.range[1]


def test_the_bar_of_a_single_check_is_wide_enough_to_see() -> None:
    figure = charts.stacked([line("one", [1.0])], timedelta(minutes=10), MONTH)

    part = figure.data[0].width[0] / (timedelta(days=30).total_seconds() * 1000)
    assert 1 / 60 < part < 1 / 40


def test_a_point_without_a_neighbour_is_a_dot() -> None:
    values = [1.0] * 70
    values[30] = values[32] = float("nan")

    figure = charts.lines([line("one", values)], MONTH)

    assert [31] == [n for n, size in enumerate(figure.data[0].marker.size) if size]


def test_lengths_of_nothing_stand_at_the_foot_of_an_axis_that_has_no_zero() -> None:
    figure = charts.lengths([line("one", [0.0, 3.0, float("nan")])], MONTH)

    assert (figures.SHORTEST_S, 3.0) == figure.data[0].y[:2]
    low, high = figure.layout.yaxis.range
    assert low < math.log10(figures.SHORTEST_S)
    assert high > math.log10(3)


@pytest.mark.parametrize("at", [0.5, 30.0, 9000.0])
def test_a_limit_crosses_the_whole_period_and_is_in_sight(at: float) -> None:
    figure = charts.limited(charts.lengths([line("one", [1.0, 2.0])], MONTH), "Limit", at)

    limit = figure.data[-1]
    assert (list(MONTH.period or ()), [at, at]) == (list(limit.x), list(limit.y))
    low, high = figure.layout.yaxis.range
    assert low < math.log10(at) < high


def test_marks_stand_above_the_whole_stack() -> None:
    series = [line("one", [1.0, 5.0]), line("two", [2.0, 4.0])]
    figure = charts.stacked(series, timedelta(hours=1), MONTH)

    charts.marked(figure, "Repaired", [(NOW, "3 records")])

    assert 9 < figure.data[-1].y[0] < 10
    assert ("3 records",) == figure.data[-1].hovertext
    assert 3 == len(charts.marked(figure, "None", []).data)


@pytest.mark.parametrize(("most", "marks"), [(1.0, 1), (6.0, 1), (7.0, None)])
def test_few_are_counted_in_whole_marks(most: float, marks: int | None) -> None:
    series = [line("one", [most / 2]), line("two", [most / 2])]

    assert marks == charts.stacked(series, timedelta(days=1), MONTH).layout.yaxis.dtick
    assert 1 == charts.columns([line("one", [most / 2])], MONTH).layout.yaxis.dtick
    assert 1 == charts.bars([line("one", [most / 2])], MONTH).layout.xaxis.dtick


# names


def test_hovering_tells_the_whole_name_that_a_legend_has_no_room_for() -> None:
    figure = charts.lines([line(LONG, [1.0]), line("short", [2.0])], MONTH)

    hovering = figure.data[0].hovertemplate.replace("<br>", " ")
    assert hovering.startswith(LONG)
    assert LONG.startswith(figure.data[0].name.rstrip("…"))
    assert figures.ROW - 5 < len(figure.data[0].name) <= figures.ROW
    assert -1 == figure.layout.hoverlabel.namelength


def test_text_of_others_is_no_markup() -> None:
    figure = charts.lines([line("<a href='x'>b</a> %{y}", [1.0])], MONTH)

    assert "<a" not in figure.data[0].name + figure.data[0].hovertemplate
    assert "%{y}" not in figure.data[0].hovertemplate.replace("%{y:", "")


@pytest.mark.parametrize("names", [["one"], ["one", "two"], [*"abcdef"], [LONG, "b", "c", "d"]])
def test_a_legend_takes_nothing_from_the_plot(names: list[str]) -> None:
    figure = charts.lines([line(name, [1.0]) for name in names], MONTH)

    layout = figure.layout
    assert figures.PLOT_PX == layout.height - layout.margin.t - layout.margin.b
    assert (len(names) > 1) == layout.showlegend


# the top four


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=12))
def test_the_heaviest_and_the_others_are_all_that_weigh_anything(weights: dict[str, float]) -> None:
    shown, others = charts.top(weights)

    assert [each for each in weights if weights[each]] == sorted(
        [*shown, *others], key=list(weights).index
    )
    assert len(shown) <= 5
    assert len(others) != 1
    assert min((weights[s] for s in shown), default=9) >= max(
        (weights[o] for o in others), default=0
    )


# files


def test_the_image_is_called_as_the_chart() -> None:
    found: dict[str, Any] = charts.mode_bar("copy-lag-7-days")

    assert [["toImage"]] == found["modeBarButtons"]
    assert "copy-lag-7-days" == found["toImageButtonOptions"]["filename"]


# kept


def test_a_figure_is_drawn_once_for_equal_arguments_and_is_what_a_new_one_would_be() -> None:
    drawn: list[int] = []

    def draw(series: list[Series], frame: Frame) -> Any:
        drawn.append(1)
        return charts.lines(series, frame)

    kept = charts.Kept(draw)
    first = kept([line("a", [1, 2])], MONTH)
    again = kept([line("a", [1, 2])], MONTH)
    other = kept([line("a", [1, 3])], MONTH)

    assert first is again
    assert 2 == len(drawn)
    assert charts.lines([line("a", [1, 2])], MONTH).to_dict() == first.to_dict()
    assert charts.lines([line("a", [1, 3])], MONTH).to_dict() == other.to_dict()


def test_a_figure_is_drawn_anew_for_a_list_to_which_something_was_added() -> None:
    kept = charts.Kept(charts.lines)
    series = [line("a", [1, 2])]
    kept(series, frame=MONTH)
    series.append(line("b", [3, 4]))

    both = charts.lines(series, MONTH).to_dict()
    assert both == kept(series, frame=MONTH).to_dict()
    assert both == kept(frame=MONTH, series=series).to_dict()


def test_the_figures_asked_for_last_are_kept_and_no_others() -> None:
    drawn: list[float] = []

    def draw(y: float) -> Any:
        drawn.append(y)
        return charts.lines([line("a", [y])], MONTH)

    kept = charts.Kept(draw, most=2)
    for y in (1, 2, 1, 3, 1, 2):
        kept(y)

    assert [1, 2, 3, 2] == drawn
