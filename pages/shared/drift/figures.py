"""What the store aggregated, as charts and as the tables beside them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pandas as pd

from core.credits.catalogue import Catalogue, CreditType
from core.drift.store.trends_port import DriftLevel, Gap, Gauge, Level
from pages.shared import charts, words
from pages.shared.charts import Colour, Look, Series
from pages.shared.drift import address
from pages.shared.drift.causes import LOOKS, SHORT

TRUTH = Look(Colour.ACCENT)
MIRROR = Look(Colour.TEAL, "/")
TOO_MANY = Look(Colour.TEAL)
TOO_FEW = Look(Colour.ORANGE, "/")
#: Credit types, in their order.
TYPES = (
    Look(Colour.ACCENT),
    Look(Colour.TEAL, dash="dash"),
    Look(Colour.ORANGE, dash="dot"),
    Look(Colour.VIOLET, dash="dashdot"),
    Look(Colour.GRAY, dash="longdash"),
)


def by_cause(levels: Sequence[DriftLevel], step: timedelta, zone: tzinfo) -> Any:
    """One bar for each step, the causes one upon the other; the last figure stands by each name."""
    causes = [cause for cause in LOOKS if any(level.counts.get(cause) for level in levels)]
    last = levels[-1].counts if levels else {}
    series = [
        Series(
            name=f"{SHORT[cause]} ({last.get(cause, 0):,})",
            look=LOOKS[cause],
            x=[charts.local(level.at, zone) for level in levels],
            y=[level.counts.get(cause, 0) for level in levels],
            about=[charts.joined(level.sweep_id, SHORT[cause]) for level in levels],
        )
        for cause in causes
    ]
    return charts.stacked(series, step, unit="records")


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


def oldest(levels: Sequence[DriftLevel], step: timedelta, zone: tzinfo) -> Any:
    """How long the oldest record had drifted when it was swept, in days; 0 when none did."""
    points = [(charts.local(level.at, zone), age_of(level) / timedelta(days=1)) for level in levels]
    x, y = charts.with_gaps(points, max(step, timedelta(hours=3)))
    line = Series(name="Age of the oldest drift", look=Look(Colour.ACCENT), x=x, y=y)
    return charts.lines([line], unit="days")


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


def balances(gaps: Sequence[Gap], catalogue: Catalogue) -> Any:
    """What the drifting contacts have in HubSpot, and what students see of it."""
    keys = _found(gaps, catalogue)
    names = [words.credit(key, catalogue) for key in keys]

    def side(name: str, look: Look, sums: Sequence[int]) -> Series:
        text = [f"{n:,}" for n in sums]
        return Series(name=name, look=look, x=names, y=sums, text=text, about=names)

    truth = [sum(gap.truth for gap in gaps if gap.credit == key) for key in keys]
    mirror = [sum(gap.mirror for gap in gaps if gap.credit == key) for key in keys]
    sides = [side("HubSpot", TRUTH, truth), side("Supabase", MIRROR, mirror)]
    return charts.bars(sides, unit="credits of the contacts that drift", sideways=True)


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


def differences(gaps: Sequence[Gap]) -> Any:
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
        side("Too few in Supabase", TOO_FEW, -1),
        side("Too many in Supabase", TOO_MANY, 1),
    ]
    figure = charts.bars(sides, unit="balances")
    names = [b.name for b in address.BINS]
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    return figure.update_layout(barmode="overlay")


def differences_table(gaps: Sequence[Gap]) -> pd.DataFrame:
    """One row for each bar that stands."""
    counted = _binned(gaps)
    bins = [each for each in address.BINS if counted.get(each)]
    return pd.DataFrame(
        {
            f"Mirror {address.MINUS} truth": [each.name for each in bins],
            "Balances": [counted[each] for each in bins],
        }
    )


def _binned(gaps: Sequence[Gap]) -> dict[address.Bin, int]:
    counted: dict[address.Bin, int] = {}
    for gap in gaps:
        each = address.bin_of(gap.difference)
        counted[each] = counted.get(each, 0) + gap.contacts
    return counted


#: Name, how it is drawn, which gauge, and whether the most of a step counts or its mean.
LAGS = (
    ("Half are copied within (p50)", Look(Colour.ACCENT), Gauge.COPY_LAG_P50, False),
    ("99 of 100 within (p99)", Look(Colour.ORANGE, dash="dot"), Gauge.COPY_LAG_P99, True),
)
QUOTAS = (
    ("Of the ten-second limit, at its peak", Look(Colour.ACCENT), Gauge.QUOTA, True),
    ("Of the day's calls", Look(Colour.ORANGE, dash="dot"), Gauge.QUOTA_DAY, True),
)


def gauges(
    levels: Sequence[Level], shown: Sequence[tuple[str, Look, Gauge, bool]], *,
    step: timedelta, zone: tzinfo, unit: str, form: str = "",
) -> Any:  # fmt: skip
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
    return charts.lines(series, unit=unit, form=form)


def gauges_table(
    levels: Sequence[Level],
    shown: Sequence[tuple[str, Look, Gauge, bool]],
    scale: float = 1,
) -> pd.DataFrame:
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


def owed(levels: Sequence[Level], catalogue: Catalogue, step: timedelta, zone: tzinfo) -> Any:
    """A line for each credit type."""
    series = []
    for n, credit in enumerate(catalogue.credits):
        points = [(charts.local(e.at, zone), e.last) for e in levels if e.of == credit.key]
        x, y = charts.with_gaps(points, step)
        last = f" ({points[-1][1]:,.0f})" if points else ""
        series.append(Series(name=f"{credit.label}{last}", look=TYPES[n % len(TYPES)], x=x, y=y))
    return charts.lines(series, unit="credits owed")


def owed_table(levels: Sequence[Level], catalogue: Catalogue) -> pd.DataFrame:
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
