"""One look for all charts: title, unit, period, colours, downloads, and the same as a table."""

from pages.shared.charts.figures import (
    Frame,
    bars,
    columns,
    lengths,
    limited,
    lines,
    marked,
    plain,
    stacked,
)
from pages.shared.charts.kept import Kept
from pages.shared.charts.looks import OTHER, SERIES, Colour, Look
from pages.shared.charts.panel import as_csv, clicked, joined, mode_bar, show
from pages.shared.charts.series import (
    BARS,
    LINE_POINTS,
    POINTS_MAX,
    Series,
    local,
    step_for,
    top,
    usual_gap,
    with_gaps,
)

__all__ = [
    "BARS",
    "LINE_POINTS",
    "OTHER",
    "POINTS_MAX",
    "SERIES",
    "Colour",
    "Frame",
    "Kept",
    "Look",
    "Series",
    "as_csv",
    "bars",
    "clicked",
    "columns",
    "joined",
    "lengths",
    "limited",
    "lines",
    "local",
    "marked",
    "mode_bar",
    "plain",
    "show",
    "stacked",
    "step_for",
    "top",
    "usual_gap",
    "with_gaps",
]
