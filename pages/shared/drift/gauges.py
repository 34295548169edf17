"""What is measured all the time, as charts and as the tables beside them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import pandas as pd

from core.credits.catalogue import Catalogue
from core.drift.store.trends_port import Gauge, Level
from core.health.matters import HANDLING, Matter
from core.health.needs import QUOTA_ABOVE
from core.health.over_time.trend_rules import RepairTimes
from pages.shared import charts, words
from pages.shared.charts import Colour, Frame, Look, Series

#: Name, how it is drawn, which gauge, and whether the most of a step counts or its mean.
Shown = tuple[str, Look, Gauge, bool]
LAGS: tuple[Shown, ...] = (
    ("Median", Look(Colour.BLUE), Gauge.COPY_LAG_P50, False),
    ("99th percentile", Look(Colour.ORANGE, dash="dot"), Gauge.COPY_LAG_P99, True),
)
QUOTAS: tuple[Shown, ...] = (
    ("Ten-second limit", Look(Colour.BLUE), Gauge.QUOTA, True),
    ("Daily limit", Look(Colour.ORANGE, dash="dot"), Gauge.QUOTA_DAY, True),
)


@charts.Kept
def copy_lag(levels: Sequence[Level], step: timedelta, frame: Frame, zone: tzinfo) -> Any:
    """Both lines, and when students begin to see older balances for it."""
    series = [
        replace(each, told=list(map(words.short, each.y)))
        for each in _lines_of(levels, LAGS, step, zone)
    ]
    limit_s = HANDLING[Matter.BEHIND].shown_after.total_seconds()
    return charts.limited(charts.lengths(series, frame), f"Limit ({words.short(limit_s)})", limit_s)


@charts.Kept
def quota(levels: Sequence[Level], step: timedelta, frame: Frame, zone: tzinfo) -> Any:
    """The share that is used at its peak, and where *Overview* begins to warn."""
    figure = charts.lines(_lines_of(levels, QUOTAS, step, zone), frame, form=".0%")
    most = max((level.most for level in levels), default=0)
    figure.update_yaxes(range=[0, 1.05 * max(1, most)])
    return charts.limited(figure, f"Limit ({QUOTA_ABOVE:.0%})", QUOTA_ABOVE)


def peaks_of_days(levels: Sequence[Level], zone: tzinfo) -> list[Level]:
    """One level for each gauge and day of the reader's calendar, which is that of its peak."""
    found: dict[tuple[Gauge, str, date], Level] = {}
    for level in levels:
        day = level.at.astimezone(zone).date()
        key = (level.gauge, level.of, day)
        begins = datetime.combine(day, time(), zone)
        if key not in found or level.most > found[key].most:
            found[key] = replace(level, at=begins)
    return sorted(found.values(), key=lambda level: level.at)


def _lines_of(
    levels: Sequence[Level], shown: Sequence[Shown], step: timedelta, zone: tzinfo
) -> list[Series]:
    """A line for each gauge."""
    series = []
    for name, look, gauge, most in shown:
        points = [
            (charts.local(level.at, zone), level.most if most else level.mean)
            for level in levels
            if level.gauge is gauge
        ]
        x, y = charts.with_gaps(points, step)
        series.append(Series(name=name, look=look, x=x, y=y))
    return series


def table(levels: Sequence[Level], shown: Sequence[Shown], scale: float = 1) -> pd.DataFrame:
    """Newest first, a column for each gauge."""
    times = sorted({level.at for level in levels}, reverse=True)
    values = {(level.at, level.gauge): level for level in levels}
    columns: dict[str, list[Any]] = {"From": list[Any](times)}
    for name, _, gauge, most in shown:
        found = [values.get((at, gauge)) for at in times]
        columns[name] = [
            None if level is None else scale * (level.most if most else level.mean)
            for level in found
        ]
    return pd.DataFrame(columns)


@charts.Kept
def by_type(
    levels: Sequence[Level], catalogue: Catalogue, step: timedelta, frame: Frame, zone: tzinfo
) -> Any:
    """What each credit type's gauge stood at, one upon the other."""
    series = [
        Series(
            name=credit.label,
            look=charts.SERIES[n % len(charts.SERIES)],
            x=[charts.local(level.at, zone) for level in levels if level.of == credit.key],
            y=[level.last for level in levels if level.of == credit.key],
        )
        for n, credit in enumerate(catalogue.credits)
    ]
    return charts.stacked(series, step, frame)


def by_type_table(levels: Sequence[Level], catalogue: Catalogue) -> pd.DataFrame:
    """Newest first, a column for each credit type."""
    times: list[datetime] = sorted({level.at for level in levels}, reverse=True)
    values = {(level.at, level.of): level.last for level in levels}
    return pd.DataFrame(
        {
            "From": times,
            "All": [sum(v for (at, _), v in values.items() if at == time) for time in times],
            **{c.label: [values.get((at, c.key)) for at in times] for c in catalogue.credits},
        }
    )


#: How the time to repair is told.
REPAIR_TIMES = (("Median", Look(Colour.BLUE)), ("Longest", Look(Colour.ORANGE, dash="dot")))


@charts.Kept
def repair_times(found: RepairTimes, frame: Frame, zone: tzinfo) -> Any:
    """Median and longest of each day or week in which something was repaired."""
    edges = found.stretches.edges
    series = []
    for (name, look), seconds in zip(REPAIR_TIMES, _medians_and_longest(found), strict=True):
        points = [
            (charts.local(edges[each.slot], zone), s)
            for each, s in zip(found.tallies, seconds, strict=True)
        ]
        x, y = charts.with_gaps(points, found.stretches.length)
        told = [words.short(value) for value in y]
        series.append(Series(name=name, look=look, x=x, y=y, told=told))
    return charts.lengths(series, frame)


def _medians_and_longest(found: RepairTimes) -> tuple[list[float], list[float]]:
    return [each.median_s for each in found.tallies], [each.longest_s for each in found.tallies]


def repair_times_table(found: RepairTimes) -> pd.DataFrame:
    """Newest first; days and weeks without a repair are left out."""
    newest = list(reversed(found.tallies))
    return pd.DataFrame(
        {
            "From": [found.stretches.edges[each.slot] for each in newest],
            "Repaired": [each.records for each in newest],
            "Median": [words.short(each.median_s) for each in newest],
            "Longest": [words.short(each.longest_s) for each in newest],
        }
    )
