"""What checks found, as charts and as the tables beside them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pandas as pd

from core.credits.catalogue import Catalogue, CreditType
from core.drift.causes import Cause
from core.drift.store.trends_port import DriftLevel, Gap
from pages.shared import charts, words
from pages.shared.charts import Colour, Frame, Look, Series
from pages.shared.drift import address
from pages.shared.drift.causes import LOOKS, SHORT

TRUTH = Look(Colour.BLUE)
MIRROR = Look(Colour.ORANGE, "/")
TOO_MANY = Look(Colour.GREEN)
TOO_FEW = Look(Colour.ORANGE, "/")
OTHER = "Other causes"


@charts.Kept
def by_cause(
    levels: Sequence[DriftLevel],
    repaired: Sequence[tuple[datetime, int]],
    step: timedelta,
    frame: Frame,
    zone: tzinfo,
) -> Any:
    """One bar for each step, the causes one upon the other; repairs are marked above."""
    weights = {cause: sum(level.counts.get(cause, 0) for level in levels) for cause in LOOKS}
    shown, others = charts.top(weights)
    x = [charts.local(level.at, zone) for level in levels]
    series = [
        Series(
            name=SHORT[cause],
            look=LOOKS[cause],
            x=x,
            y=[level.counts.get(cause, 0) for level in levels],
            about=[charts.joined(level.sweep_id, SHORT[cause]) for level in levels],
        )
        for cause in shown
    ]
    if others:
        names = [SHORT[cause] for cause in others]
        series.append(
            Series(
                name=OTHER,
                look=charts.OTHER,
                x=x,
                y=[sum(level.counts.get(c, 0) for c in others) for level in levels],
                about=[charts.joined(level.sweep_id, *names) for level in levels],
                told=[_each_of(level, others) for level in levels],
            )
        )
    figure = charts.stacked(series, step, frame)
    marks = [
        (charts.local(at, zone), f"{words.count(number, 'record')}") for at, number in repaired
    ]
    return charts.marked(figure, "Repaired", marks)


def _each_of(level: DriftLevel, causes: Sequence[Cause]) -> str:
    """How many, and of which causes: "3 (Orphan row 2, Contact gone 1)"."""
    some = [f"{SHORT[cause]} {n:,}" for cause in causes if (n := level.counts.get(cause, 0))]
    number = sum(level.counts.get(cause, 0) for cause in causes)
    return f"{number:,} ({', '.join(some)})" if some else "0"


def by_cause_table(levels: Sequence[DriftLevel]) -> pd.DataFrame:
    """Newest first."""
    newest = list(reversed(levels))
    causes = [cause for cause in LOOKS if any(level.counts.get(cause) for level in levels)]
    return pd.DataFrame(
        {
            "Checked": [level.swept_at for level in newest],
            "All": [sum(level.counts.values()) for level in newest],
            **{SHORT[c]: [level.counts.get(c, 0) for level in newest] for c in causes},
        }
    )


@charts.Kept
def oldest(levels: Sequence[DriftLevel], step: timedelta, frame: Frame, zone: tzinfo) -> Any:
    """How long the oldest record had drifted when it was swept, in days; 0 when none did."""
    times = [charts.local(level.at, zone) for level in levels]
    ages = {at: age_of(level) for at, level in zip(times, levels, strict=True)}
    points = [(at, age / timedelta(days=1)) for at, age in ages.items()]
    x, y = charts.with_gaps(points, charts.usual_gap(times, step))
    told = [words.span(ages.get(at, timedelta(0))) for at in x]
    line = Series(name="Oldest drift", look=Look(Colour.BLUE), x=x, y=y, told=told)
    figure = charts.lines([line], frame)
    most = max((age / timedelta(days=1) for age in ages.values()), default=0)
    return figure.update_yaxes(range=[0, 1.1 * max(1, most)])


def age_of(level: DriftLevel) -> timedelta:
    """Of its oldest drift, when it was swept."""
    if level.oldest_since is None:
        return timedelta(0)
    return max(level.swept_at - level.oldest_since, timedelta(0))


def oldest_table(levels: Sequence[DriftLevel]) -> pd.DataFrame:
    """Newest first."""
    newest = list(reversed(levels))
    return pd.DataFrame(
        {
            "Checked": [level.swept_at for level in newest],
            "Oldest drift": [
                words.span(age_of(level)) if level.counts else words.NOTHING for level in newest
            ],
            "Since": [level.oldest_since for level in newest],
        }
    )


@charts.Kept
def balances(gaps: Sequence[Gap], catalogue: Catalogue, frame: Frame) -> Any:
    """What the drifting contacts have in HubSpot, and what students see of it."""
    keys = _found(gaps, catalogue)
    names = [words.credit(key, catalogue) for key in keys]

    def side(name: str, look: Look, sums: Sequence[int]) -> Series:
        text = [f"{n:,}" for n in sums]
        return Series(name=name, look=look, x=names, y=sums, text=text, about=names)

    truth = [sum(gap.truth for gap in gaps if gap.credit == key) for key in keys]
    mirror = [sum(gap.mirror for gap in gaps if gap.credit == key) for key in keys]
    sides = [side("HubSpot", TRUTH, truth), side("Supabase", MIRROR, mirror)]
    return charts.bars(sides, frame)


def balances_table(gaps: Sequence[Gap], catalogue: Catalogue) -> pd.DataFrame:
    """For each credit type that differs: before a repair and after it, and both directions."""
    keys = _found(gaps, catalogue)
    return pd.DataFrame([_balance_row(key, gaps, catalogue) for key in keys])


def _balance_row(key: CreditType, gaps: Sequence[Gap], catalogue: Catalogue) -> dict[str, Any]:
    of = [gap for gap in gaps if gap.credit == key]
    return {
        "Credit": words.credit(key, catalogue),
        "Contacts": sum(gap.contacts for gap in of),
        "Supabase → HubSpot": words.change(sum(g.mirror for g in of), sum(g.truth for g in of)),
        "Too many": sum(gap.difference * gap.contacts for gap in of if gap.difference > 0),
        "Too few": -sum(gap.difference * gap.contacts for gap in of if gap.difference < 0),
    }


def _found(gaps: Sequence[Gap], catalogue: Catalogue) -> list[CreditType]:
    there = {gap.credit for gap in gaps}
    return [key for key in catalogue.keys if key in there]


@charts.Kept
def differences(gaps: Sequence[Gap], frame: Frame) -> Any:
    """How many balances are wrong by how much."""
    counted = _binned(gaps)

    def side(name: str, look: Look, sign: int) -> Series:
        bins = [b for b in address.BINS if (b.most or b.least or 0) * sign > 0]
        numbers = [counted.get(b, 0) for b in bins]
        return Series(
            name=name,
            look=look,
            x=[b.name for b in bins],
            y=numbers,
            text=[f"{n:,}" if n else "" for n in numbers],
            about=[b.name for b in bins],
        )

    sides = [
        side("Too few", TOO_FEW, -1),
        side("Too many", TOO_MANY, 1),
    ]
    figure = charts.columns(sides, frame)
    figure.update_xaxes(nticks=len(address.BINS))
    return figure.update_layout(barmode="overlay", hovermode="closest")


def differences_table(gaps: Sequence[Gap]) -> pd.DataFrame:
    """One row for each bar that stands."""
    counted = _binned(gaps)
    bins = [each for each in address.BINS if counted.get(each)]
    return pd.DataFrame(
        {
            f"Supabase {address.MINUS} HubSpot": [each.name for each in bins],
            "Balances": [counted[each] for each in bins],
        }
    )


def _binned(gaps: Sequence[Gap]) -> dict[address.Bin, int]:
    counted: dict[address.Bin, int] = {}
    for gap in gaps:
        each = address.bin_of(gap.difference)
        counted[each] = counted.get(each, 0) + gap.contacts
    return counted
