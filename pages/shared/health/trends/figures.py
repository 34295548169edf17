"""What was done, as charts and as the tables beside them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd

from core.health.over_time.trend_rules import Acts, Figure, Stretches, number
from core.health.store.tallies_port import ActTally, ExamTally
from core.operations.kinds.registry import NAMES
from pages.shared import charts, words
from pages.shared.charts import Colour, Frame, Look, Series

BOOKED = Look(Colour.BLUE)
CANCELLED = Look(Colour.ORANGE, "/")
#: In the chart; the table has all.
EXAMS_MAX = 10
FROM, ALL = "From", "All"
NO_REASON = "No reason given"
#: What refunds and cancellations are told apart by.
BY: dict[str, Callable[[ActTally], str]] = {
    "By kind": lambda tally: NAMES[tally.kind],
    "By reason": lambda tally: words.straight(tally.reason).strip() or NO_REASON,
    "By person": lambda tally: tally.by,
}


def days(stretches: Stretches, zone: tzinfo) -> list[str]:
    """What each stretch is called along the axis: the day on which it begins."""
    return [f"{edge.astimezone(zone):%-d %b}" for edge in stretches.edges]


def split(acts: Acts, figure: Figure, by: str) -> tuple[list[str], list[str]]:
    """Names of what did the most of it, and of the others; by weight."""
    weights: Counter[str] = Counter()
    for tally in acts.tallies:
        weights[BY[by](tally)] += number(tally, figure)
    return charts.top(dict(sorted(weights.items(), key=lambda each: (-each[1], each[0]))))


@charts.Kept
def parts(acts: Acts, figure: Figure, by: str, frame: Frame, zone: tzinfo) -> Any:
    """Stacks of each stretch: the top four, and all others."""
    x, name_of = days(acts.stretches, zone), BY[by]
    shown, others = split(acts, figure, by)

    def of(names: Sequence[str]) -> list[int]:
        return acts.by_slot(figure, lambda tally: name_of(tally) in names)

    series = [
        Series(name=name, look=look, x=x, y=of([name]))
        for name, look in zip(shown, charts.SERIES, strict=False)
    ]
    if others:
        series.append(Series(name=f"{len(others):,} others", look=charts.OTHER, x=x, y=of(others)))
    return charts.columns(series, frame, whole=True)


def parts_table(acts: Acts, figure: Figure, by: str) -> pd.DataFrame:
    """Newest first, all in their own column however many they are."""
    shown, others = split(acts, figure, by)
    name_of = BY[by]
    columns = {
        _quoted(name): acts.by_slot(figure, lambda tally, name=name: name_of(tally) == name)  # type: ignore[misc]
        for name in (*shown, *others)
    }
    return _newest_first(acts.stretches, {ALL: acts.by_slot(figure), **columns})


def _quoted(name: str) -> str:
    """A reason may be called like a column of ours."""
    return f"“{name}”" if name in {FROM, ALL} else name


@charts.Kept
def bookings(acts: Acts, frame: Frame, zone: tzinfo) -> Any:
    """Bookings that were made beside those that were cancelled."""
    x = days(acts.stretches, zone)
    made = Series(name="Booked", look=BOOKED, x=x, y=acts.by_slot(Figure.BOOKED))
    gone = Series(name="Cancelled", look=CANCELLED, x=x, y=acts.by_slot(Figure.CANCELLED))
    return charts.columns([made, gone], frame)


def bookings_table(acts: Acts) -> pd.DataFrame:
    """Newest first."""
    made, gone = acts.by_slot(Figure.BOOKED), acts.by_slot(Figure.CANCELLED)
    more = [b - c for b, c in zip(made, gone, strict=True)]
    return _newest_first(acts.stretches, {"Booked": made, "Cancelled": gone, "Net": more})


@charts.Kept
def exams(tallies: Sequence[ExamTally], frame: Frame) -> Any:
    """Those with the most cancellations; bookings that were made beside them."""
    most = tallies[:EXAMS_MAX]
    names = exam_names(most)
    made = [each.booked for each in most]
    gone = [each.cancelled for each in most]
    series = [
        Series(name=name, look=look, x=names, y=y, text=[f"{n:,}" for n in y])
        for name, look, y in (("Booked", BOOKED, made), ("Cancelled", CANCELLED, gone))
    ]
    return charts.bars(series, frame)


def exams_table(tallies: Sequence[ExamTally]) -> pd.DataFrame:
    """All of them, the most cancellations first."""
    return pd.DataFrame(
        {
            "Exam": exam_names(tallies),
            "Cancelled": [each.cancelled for each in tallies],
            "Booked": [each.booked for each in tallies],
        }
    )


def exam_names(tallies: Sequence[ExamTally]) -> list[str]:
    """Type and day of each; where two share them, the record ids tell them apart."""
    names = [", ".join(part for part in (each.mock_type, _day(each)) if part) for each in tallies]
    often = Counter(names)
    return [
        name if name and often[name] == 1 else f"{name or 'Exam'} ({each.exam_id})"
        for name, each in zip(names, tallies, strict=True)
    ]


def _day(tally: ExamTally) -> str:
    return words.day(tally.exam_date) if tally.exam_date else ""


def _newest_first(stretches: Stretches, columns: dict[str, list[int]]) -> pd.DataFrame:
    newest = {name: list(reversed(values)) for name, values in columns.items()}
    return pd.DataFrame({FROM: list(reversed(stretches.edges)), **newest})
