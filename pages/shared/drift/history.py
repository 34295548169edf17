"""The charts, one a tab, each with its table beside it. Only the open tab asks the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.drift.store.trends_port import DriftLevel, Gap, Gauge, Level
from core.drift.sweeps import Sweep
from pages.shared import charts, places
from pages.shared.drift import address, figures
from pages.shared.drift.causes import LOOKS
from pages.shared.drift.standing import Standing
from pages.shared.gate import Desk

PERIOD = "period"
TAB = "chart"
#: Sweeps run no more often than this by themselves; by hand they may.
FINEST = timedelta(minutes=10)


def show(desk: Desk, standing: Standing) -> None:
    """The period, and the chart that is chosen."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("History", anchor=False)
        st.space("stretch")
        period = address.PERIODS[
            st.selectbox(
                "Period", list(address.PERIODS), index=list(address.PERIODS).index(address.USUAL),
                key=PERIOD, bind="query-params", label_visibility="collapsed", width=150,
                on_change=address.fresh_charts,
            )
            or address.USUAL
        ]  # fmt: skip
    tabs = st.tabs(list(VIEWS), key=TAB, on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab:
                view(desk, standing, period)


def _levels(
    desk: Desk, standing: Standing, period: timedelta, most: int
) -> tuple[list[DriftLevel], timedelta]:
    step = charts.step_for(period, series=len(LOOKS), at_least=FINEST, most=most)
    since = desk.now() - period
    found = desk.core.drift_queries.history(
        desk.actor, modes=standing.modes, since=since, step=step
    )
    return found, step


def _by_cause(desk: Desk, standing: Standing, period: timedelta) -> None:
    levels, step = _levels(desk, standing, period, charts.BARS)
    if not levels:
        _nothing("No check was completed in this period.")
        return
    if not any(level.counts for level in levels):
        _nothing(f"{len(levels):,} checks found no drift.", good=True)
        return
    bar = charts.usual_gap([level.at for level in levels], step)
    charts.show(
        figures.by_cause(levels, bar, desk.zone),
        figures.by_cause_table(levels),
        {"Checked": _time(desk), "All": st.column_config.NumberColumn(width=60)},
        key=_key("by_cause", period),
        alt="Records that drift, one bar for each check, by cause",
        on_click=_clicked_cause,
    )
    st.caption(
        "Click a part of a bar to see its records below. A bar that stands for several checks "
        "shows the last of them."
    )


def _oldest(desk: Desk, standing: Standing, period: timedelta) -> None:
    levels, step = _levels(desk, standing, period, charts.LINE_POINTS)
    if not levels:
        _nothing("No check was completed in this period.")
        return
    charts.show(
        figures.oldest(levels, step, desk.zone),
        figures.oldest_table(levels),
        {"Checked": _time(desk), "Since": _time(desk)},
        key=_key("oldest", period),
        alt="Age of the oldest drift at each check, in days",
    )


def _gaps(desk: Desk, standing: Standing) -> list[Gap]:
    sweep: Sweep | None = standing.shown
    return desk.core.drift_queries.gaps(sweep.id, desk.actor) if sweep else []


def _balances(desk: Desk, standing: Standing, period: timedelta) -> None:
    del period  # of the sweep shown, whenever it was
    gaps = _gaps(desk, standing)
    if not gaps:
        _nothing("No balance differs between HubSpot and Supabase.", good=True)
        return
    number = st.column_config.NumberColumn
    charts.show(
        figures.balances(gaps, desk.core.catalogue),
        figures.balances_table(gaps, desk.core.catalogue),
        {
            "Credit": st.column_config.TextColumn(width=125),
            "Supabase → HubSpot": st.column_config.TextColumn(width=150, alignment="right"),
            "Contacts": number(width=70),
            "Too many": number(width=75),
            "Too few": number(width=70),
        },
        key=_key("balances", standing.shown.id if standing.shown else ""),
        alt="Balances of the contacts that drift, HubSpot beside Supabase, by credit type",
        on_click=_clicked_credit,
    )  # fmt: skip
    st.caption(
        "Contacts whose balance differs. A repair sets Supabase's figure to HubSpot's. Click a "
        "bar to see its contacts below."
    )


def _differences(desk: Desk, standing: Standing, period: timedelta) -> None:
    del period  # as above
    gaps = _gaps(desk, standing)
    if not gaps:
        _nothing("No balance differs between HubSpot and Supabase.", good=True)
        return
    charts.show(
        figures.differences(gaps),
        figures.differences_table(gaps),
        {},
        key=_key("differences", standing.shown.id if standing.shown else ""),
        alt="Number of balances by difference, Supabase minus HubSpot",
        on_click=_clicked_difference,
    )
    st.caption(
        "Too few: the student sees fewer credits than they own. Too many: the student sees "
        "more, and may book twice. Click a bar to see its contacts below."
    )


def _read(desk: Desk, period: timedelta, *gauges: Gauge) -> tuple[list[Level], timedelta]:
    step = charts.step_for(
        period, series=len(desk.core.catalogue.keys), at_least=timedelta(minutes=1)
    )
    since = desk.now() - period
    return desk.core.drift_queries.levels(gauges, desk.actor, since=since, step=step), step


def _copy_lag(desk: Desk, standing: Standing, period: timedelta) -> None:
    del standing
    levels, step = _read(desk, period, Gauge.COPY_LAG_P50, Gauge.COPY_LAG_P99)
    if not levels:
        _nothing("Nothing was copied to Supabase in this time. It is measured every minute.")
        return
    seconds = st.column_config.NumberColumn
    charts.show(
        figures.gauges(
            levels,
            figures.LAGS,
            step=_hole(step),
            zone=desk.zone,
            unit="seconds from due to copied",
        ),
        figures.gauges_table(levels, figures.LAGS),
        {"From": _time(desk)}
        | {
            name: seconds(f"{short}, s", format="%.2f")
            for (name, *_), short in zip(figures.LAGS, ("p50", "p99"), strict=True)
        },
        key=_key("copy_lag", period),
        alt="Seconds from a change to its copy in Supabase: median and 99th percentile",
    )
    st.caption(
        "Between two marks of time: p50 is the mean of the minutes by their copies, p99 the worst "
        "minute's. No line where nothing was copied."
    )


def _owed(desk: Desk, standing: Standing, period: timedelta) -> None:
    del standing
    levels, step = _read(desk, period, Gauge.OWED)
    if not levels:
        _nothing(
            "Owed refunds were not counted in this period. They are counted every hour, and "
            "after each operation."
        )
        return
    charts.show(
        figures.owed(levels, desk.core.catalogue, max(step, timedelta(hours=1)), desk.zone),
        figures.owed_table(levels, desk.core.catalogue),
        {"From": _time(desk)},
        key=_key("owed", period),
        alt="Credits owed to students for cancelled bookings, by credit type",
    )
    st.caption("Cancelled bookings whose credit has not come back, without what an undo took back.")
    if Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
        st.page_link(
            places.BULK_REFUND.path,
            label="See and refund what is owed",
            icon=places.BULK_REFUND.icon,
            query_params={"by": "Owed"},
        )


def _quota(desk: Desk, standing: Standing, period: timedelta) -> None:
    del standing
    levels, step = _read(desk, period, Gauge.QUOTA, Gauge.QUOTA_DAY)
    if not levels:
        _nothing("The use of HubSpot's limit was not measured yet in this time.")
        return
    share = st.column_config.NumberColumn
    charts.show(
        figures.gauges(
            levels, figures.QUOTAS, step=_hole(step), zone=desk.zone,
            unit="of what HubSpot allows", form=".0%",
        ),
        figures.gauges_table(levels, figures.QUOTAS, scale=100),
        {"From": _time(desk)}
        | {
            name: share(f"{short}, %", format="%.0f")
            for (name, *_), short in zip(figures.QUOTAS, ("Ten seconds", "Day"), strict=True)
        },
        key=_key("quota", period),
        alt="Share of HubSpot's limits that is used",
    )  # fmt: skip
    st.caption("By all processes of the desk together; the day's calls by the whole account.")


VIEWS: dict[str, Callable[[Desk, Standing, timedelta], None]] = {
    "By cause": _by_cause,
    "Balances": _balances,
    "Differences": _differences,
    "Oldest": _oldest,
    "Copy lag": _copy_lag,
    "Refunds owed": _owed,
    "HubSpot quota": _quota,
}


def _hole(step: timedelta) -> timedelta:
    """Measured once a minute: shorter gaps are none."""
    return max(step, timedelta(minutes=3))


def _nothing(told: str, *, good: bool = False) -> None:
    if good:
        st.success(told, icon=":material/check_circle:")
    else:
        st.info(told, icon=":material/query_stats:")


def _time(desk: Desk) -> object:
    return st.column_config.DatetimeColumn(
        format="D MMM, HH:mm", timezone=str(desk.zone), width=110
    )


def _key(name: str, of: object) -> str:
    """A selection must not outlive what it was of."""
    told = of.days if isinstance(of, timedelta) else of
    return f"{name}_{told}_{address.turn()}"


def _clicked_cause(key: str) -> None:
    about = charts.clicked(key)
    address.set_to(cause=list(dict.fromkeys(cause for _, cause in about)))
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
