"""The charts, one a tab, each with its table beside it. Only the open tab asks the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.drift.store.trends_port import DriftLevel, Gap, Gauge, Level
from core.drift.sweeps import Sweep
from pages.shared import charts, periods, places
from pages.shared.charts import Frame
from pages.shared.drift import address, figures, gauges
from pages.shared.drift.causes import LOOKS
from pages.shared.drift.standing import Standing
from pages.shared.gate import Desk
from pages.shared.periods import Period

TAB = "chart"
#: Sweeps run no more often than this by themselves; by hand they may.
FINEST = timedelta(minutes=10)
#: What is counted every hour.
HOUR = timedelta(hours=1)
#: From so long on, HubSpot's limits are told by the day.
DAYS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class View:
    """One tab."""

    draw: Callable[[Desk, Standing, Period], None]
    #: Whether it is of the period chosen above; else of the check that is shown.
    over_time: bool = True


def show(desk: Desk, standing: Standing) -> None:
    """The charts in their tabs; beside the heading the period, where the open one has one."""
    heading = st.container(horizontal=True, vertical_alignment="center")
    tabs = st.tabs(list(VIEWS), key=TAB, on_change="rerun", bind="query-params")
    opened = [(tab, view) for tab, view in zip(tabs, VIEWS.values(), strict=True) if tab.open]
    with heading:
        st.header("History", anchor=False)
        st.space("stretch")
        chosen = periods.USUAL
        if any(view.over_time for _, view in opened):
            chosen = periods.select(address.fresh_charts)
    for tab, view in opened:
        with tab:
            view.draw(desk, standing, periods.of(chosen, desk.now(), desk.zone))


def _levels(
    desk: Desk, standing: Standing, period: Period, most: int
) -> tuple[list[DriftLevel], timedelta]:
    step = charts.step_for(period.length, series=len(LOOKS), at_least=FINEST, most=most)
    found = desk.core.trend_reader.drift(desk.actor, standing.modes, period.length, step)
    return found, step


def _by_cause(desk: Desk, standing: Standing, period: Period) -> None:
    levels, step = _levels(desk, standing, period, charts.BARS)
    if not levels:
        _nothing("No check was completed in this period.")
        return
    if not any(level.counts for level in levels):
        _nothing(f"{len(levels):,} checks found no drift.", good=True)
        return
    bar = charts.usual_gap([level.at for level in levels], step)
    repaired = desk.core.trend_reader.repaired(desk.actor, period.length, step)
    charts.show(
        desk,
        figures.by_cause(
            levels,
            repaired,
            bar,
            Frame(title="Records that drift", unit="records, at each check", period=period.shown),
            desk.zone,
        ),
        figures.by_cause_table(levels),
        {"Checked": periods.time_column(desk.zone), "All": st.column_config.NumberColumn(width=60)},
        key=_key("by_cause", period),
        name=period.file("drift-by-cause"),
        alt="Records that drift, one bar for each check, by cause; repairs are marked",
        on_click=_clicked_cause,
    )
    st.caption(
        "Click a part of a bar to see its records below. A bar that stands for several checks "
        "shows the last of them. ▼ marks when records were repaired."
    )


def _oldest(desk: Desk, standing: Standing, period: Period) -> None:
    levels, step = _levels(desk, standing, period, charts.LINE_POINTS)
    if not levels:
        _nothing("No check was completed in this period.")
        return
    charts.show(
        desk,
        figures.oldest(
            levels,
            step,
            Frame(title="Oldest drift", unit="days, at each check", period=period.shown),
            desk.zone,
        ),
        figures.oldest_table(levels),
        {"Checked": periods.time_column(desk.zone), "Since": periods.time_column(desk.zone)},
        key=_key("oldest", period),
        name=period.file("oldest-drift"),
        alt="Age of the oldest drift at each check, in days",
    )


def _gaps(desk: Desk, standing: Standing) -> list[Gap]:
    sweep: Sweep | None = standing.shown
    return desk.core.drift_queries.gaps(sweep.id, desk.actor) if sweep else []


def _balances(desk: Desk, standing: Standing, _: Period) -> None:
    gaps = _gaps(desk, standing)
    if not gaps:
        _nothing("No balance differs between HubSpot and Supabase.", good=True)
        return
    number = st.column_config.NumberColumn
    charts.show(
        desk,
        figures.balances(
            gaps,
            desk.core.catalogue,
            Frame(title="Wrong balances", unit="credits of the contacts that differ, added up"),
        ),
        figures.balances_table(gaps, desk.core.catalogue),
        {
            "Credit": st.column_config.TextColumn(width=125),
            "Supabase → HubSpot": st.column_config.TextColumn(width=150, alignment="right"),
            "Contacts": number(width=70),
            "Too many": number(width=75),
            "Too few": number(width=70),
        },
        key=_key("balances", standing.shown.id if standing.shown else ""),
        name="wrong-balances",
        alt="Balances of the contacts that drift, HubSpot beside Supabase, by credit type",
        on_click=_clicked_credit,
    )  # fmt: skip
    st.caption(
        "Only contacts whose balance differs: all others are equal. A repair sets Supabase's "
        "figure to HubSpot's. Click a bar to see its contacts below."
    )


def _differences(desk: Desk, standing: Standing, _: Period) -> None:
    gaps = _gaps(desk, standing)
    if not gaps:
        _nothing("No balance differs between HubSpot and Supabase.", good=True)
        return
    charts.show(
        desk,
        figures.differences(
            gaps,
            Frame(title="Wrong balances by difference", unit="balances, by difference in credits"),
        ),
        figures.differences_table(gaps),
        {},
        key=_key("differences", standing.shown.id if standing.shown else ""),
        name="differences",
        alt="Number of balances by difference, Supabase minus HubSpot",
        on_click=_clicked_difference,
    )
    st.caption(
        "Too few: the student sees fewer credits than they own. Too many: the student sees "
        "more, and may book twice. Click a bar to see its contacts below."
    )


def _read(
    desk: Desk,
    period: Period,
    *read: Gauge,
    series: int = 2,
    at_least: timedelta = timedelta(minutes=1),
    most: int = charts.LINE_POINTS,
) -> tuple[list[Level], timedelta]:
    step = charts.step_for(period.length, series=series, at_least=at_least, most=most)
    return desk.core.trend_reader.levels(desk.actor, read, period.length, step), step


def _copy_lag(desk: Desk, _: Standing, period: Period) -> None:
    levels, step = _read(desk, period, Gauge.COPY_LAG_P50, Gauge.COPY_LAG_P99)
    if not levels:
        _nothing("Nothing was copied to Supabase in this time. It is measured every minute.")
        return
    seconds = st.column_config.NumberColumn
    charts.show(
        desk,
        gauges.copy_lag(
            levels,
            _hole(step),
            Frame(title="Copy lag", unit="from a change to its copy", period=period.shown),
            desk.zone,
        ),
        gauges.table(levels, gauges.LAGS),
        {"From": periods.time_column(desk.zone)}
        | {
            name: seconds(f"{short}, s", format="%.2f")
            for (name, *_), short in zip(gauges.LAGS, ("Median", "p99"), strict=True)
        },
        key=_key("copy_lag", period),
        name=period.file("copy-lag"),
        alt="Seconds from a change to its copy in Supabase: median and 99th percentile",
    )
    st.caption(
        "The median is averaged over the minutes of each point, by their copies; the 99th "
        "percentile is that of the worst minute. No line where nothing was copied. Above the "
        "limit, *Overview* warns that students see older balances."
    )


def _owed(desk: Desk, _: Standing, period: Period) -> None:
    types = len(desk.core.catalogue.keys)
    levels, step = _read(desk, period, Gauge.OWED, series=types, at_least=HOUR, most=charts.BARS)
    if not levels:
        _nothing(
            "Owed refunds were not counted in this period. They are counted every hour, and "
            "after each operation."
        )
        return
    bar = charts.usual_gap(sorted({level.at for level in levels}), step)
    charts.show(
        desk,
        gauges.by_type(
            levels,
            desk.core.catalogue,
            bar,
            Frame(title="Refunds owed", unit="credits, as counted last", period=period.shown),
            desk.zone,
        ),
        gauges.by_type_table(levels, desk.core.catalogue),
        {"From": periods.time_column(desk.zone)},
        key=_key("owed", period),
        name=period.file("refunds-owed"),
        alt="Credits owed to students for cancelled bookings, by credit type",
    )
    st.caption(
        "Cancelled bookings whose credit was not given back. Credits that an undo took back are "
        "not counted."
    )
    if Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
        st.page_link(
            places.as_page(places.BULK_REFUND),
            label="See and refund what is owed",
            icon=places.BULK_REFUND.icon,
            query_params={"by": "Owed"},
        )


def _quota(desk: Desk, _: Standing, period: Period) -> None:
    by_day = period.length >= DAYS
    fine: dict[str, Any] = {"at_least": HOUR, "most": charts.POINTS_MAX} if by_day else {}
    levels, step = _read(desk, period, Gauge.QUOTA, Gauge.QUOTA_DAY, **fine)
    if not levels:
        _nothing("The use of HubSpot's limit was not measured yet in this time.")
        return
    if by_day:
        levels, step = gauges.peaks_of_days(levels, desk.zone), timedelta(days=1)
    unit = "% of what HubSpot allows, peak of each day" if by_day else "% of what HubSpot allows"
    share = st.column_config.NumberColumn
    charts.show(
        desk,
        gauges.quota(
            levels,
            _hole(step),
            Frame(title="HubSpot calls used", unit=unit, period=period.shown),
            desk.zone,
        ),
        gauges.table(levels, gauges.QUOTAS, scale=100),
        {"From": periods.time_column(desk.zone)}
        | {
            name: share(f"{short}, %", format="%.0f")
            for (name, *_), short in zip(gauges.QUOTAS, ("Ten seconds", "Day"), strict=True)
        },
        key=_key("quota", period),
        name=period.file("hubspot-calls"),
        alt="Share of HubSpot's limits that is used",
    )
    st.caption("By all processes of the desk together; the day's calls by the whole account.")


def _repair_times(desk: Desk, _: Standing, period: Period) -> None:
    found = desk.core.trend_reader.repair_times(desk.actor, period.length, desk.zone)
    if not found.tallies:
        _nothing("Nothing was repaired in this period.")
        return
    by = "week" if found.stretches.weekly else "day"
    charts.show(
        desk,
        gauges.repair_times(
            found,
            Frame(
                title="Time from drift to repair",
                unit=f"of records repaired, by {by}",
                period=(charts.local(found.stretches.edges[0], desk.zone), period.shown[1]),
            ),
            desk.zone,
        ),
        gauges.repair_times_table(found),
        {"From": periods.day_column(desk.zone)},
        key=_key("repair_times", period),
        name=period.file("time-to-repair"),
        alt=f"How long records had drifted when they were repaired, by {by}: median and longest",
    )
    st.caption("Whole weeks begin on Monday. " if found.stretches.weekly else "")


VIEWS: dict[str, View] = {
    "By cause": View(_by_cause),
    "Wrong balances": View(_balances, over_time=False),
    "Differences": View(_differences, over_time=False),
    "Oldest": View(_oldest),
    "Time to repair": View(_repair_times),
    "Copy lag": View(_copy_lag),
    "Refunds owed": View(_owed),
    "HubSpot quota": View(_quota),
}


def _hole(step: timedelta) -> timedelta:
    """Measured once a minute: shorter gaps are none."""
    return max(step, timedelta(minutes=3))


def _nothing(told: str, *, good: bool = False) -> None:
    if good:
        st.success(told, icon=":material/check_circle:")
    else:
        st.info(told, icon=":material/query_stats:")


def _key(name: str, of: Period | str) -> str:
    """A selection must not outlive what it was of."""
    told = of if isinstance(of, str) else of.length.days
    return f"{name}_{told}_{address.turn()}"


def _clicked_cause(key: str) -> None:
    about = charts.clicked(key)
    names = [cause for _, *causes in about for cause in causes]
    address.set_to(cause=list(dict.fromkeys(names)))
    if about:
        st.query_params[address.SWEEP] = about[-1][0]
    else:
        st.query_params.pop(address.SWEEP, None)


def _clicked_credit(key: str) -> None:
    about = charts.clicked(key)
    address.set_to(credit=about[-1][0] if about else None)


def _clicked_difference(key: str) -> None:
    about = charts.clicked(key)
    address.set_to(difference=about[-1][0] if about else None)
