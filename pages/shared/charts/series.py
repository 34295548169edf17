"""What is drawn, and how much of it: no more points than needed, no line through a hole. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, TypeVar

from pages.shared.charts.looks import Look

T = TypeVar("T")

#: In one chart. SVG makes an element of each.
POINTS_MAX = 5000
#: Along the axis: more are told apart by nobody, and a bar needs a few pixels for its pattern.
LINE_POINTS = 400
BARS = 130
#: So many series have a colour each; the others are one together.
TOP = 4
#: Marks of time that people count in.
STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080)
)


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
    #: What hovering tells of each point in place of its number.
    told: Sequence[str] = ()


def top(weights: Mapping[T, float]) -> tuple[list[T], list[T]]:
    """The heaviest, and the others; both in the order given, without what weighs nothing.

    One alone is not put together with nothing: it is among the heaviest.
    """
    some = [each for each, weight in weights.items() if weight]
    if len(some) <= TOP + 1:
        return some, []
    heaviest = set(sorted(some, key=lambda each: -weights[each])[:TOP])
    return [e for e in some if e in heaviest], [e for e in some if e not in heaviest]


def step_for(
    period: timedelta, *, series: int, at_least: timedelta = STEPS[0], most: int = LINE_POINTS
) -> timedelta:
    """The shortest step with which so many series stay below ``POINTS_MAX`` and readable."""
    points = min(POINTS_MAX // max(series, 1), most)
    fits = (step for step in STEPS if step >= at_least and period / step <= points)
    return next(fits, STEPS[-1])


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
