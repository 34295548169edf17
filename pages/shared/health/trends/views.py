"""The charts of trends, one a tab. Only the open tab asks the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.drift.store.trends_port import Gauge
from core.health.over_time.trend_rules import Acts, Figure
from pages.shared import charts, periods, places
from pages.shared.charts import Frame
from pages.shared.drift import gauges
from pages.shared.gate import Desk
from pages.shared.health.trends import figures
from pages.shared.periods import Period

TAB = "trend"
SPLIT = "split"
USUAL = "Last 30 days"
DAY = timedelta(days=1)
#: What is counted, with the title of its chart, its unit, and how its file is called.
COUNTED = {
    Figure.REFUNDED: ("Refunds", "credits given back"),
    Figure.CANCELLED: ("Cancellations", "bookings cancelled"),
}


def show(desk: Desk) -> None:
    """The period, and the chart that is chosen."""
    heading = st.container(horizontal=True, vertical_alignment="center")
    with heading:
        st.header("Trends", anchor=False)
        st.space("stretch")
        chosen = periods.select(usual=USUAL)
    tabs = st.tabs(list(VIEWS), key=TAB, on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab:
                view(desk, periods.of(chosen, desk.now(), desk.zone))


def _acts(desk: Desk, period: Period) -> Acts:
    return desk.core.trend_reader.acts(desk.actor, period.length, desk.zone)


def _counted(figure: Figure) -> Callable[[Desk, Period], None]:
    title, unit = COUNTED[figure]

    def view(desk: Desk, period: Period) -> None:
        ways = list(figures.BY)
        by = st.segmented_control(
            "Split by", ways, default=ways[0], required=True, key=SPLIT, bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        _parts(desk, period, figure, by or ways[0], title, unit)

    return view


def _parts(desk: Desk, period: Period, figure: Figure, by: str, title: str, unit: str) -> None:
    acts = _acts(desk, period)
    if not any(acts.by_slot(figure)):
        _nothing(f"No {unit} in this period.")
        return
    told = f"{title} {by.lower()}"
    name = told.lower().replace(" ", "-")
    frame = Frame(title=told, unit=f"{unit} {_each(acts)}")
    charts.show(
        desk,
        figures.parts(acts, figure, by, frame, desk.zone),
        figures.parts_table(acts, figure, by),
        {"From": periods.day_column(desk.zone), "All": st.column_config.NumberColumn(width=60)},
        key=f"{name}_{period.length.days}",
        name=period.file(name),
        alt=f"{told}, {unit} {_each(acts)}",
    )
    st.caption(f"Counted when the operation was confirmed. {_so_far(acts)}")


def _bookings(desk: Desk, period: Period) -> None:
    acts = _acts(desk, period)
    if not any(acts.by_slot(Figure.BOOKED)) and not any(acts.by_slot(Figure.CANCELLED)):
        _nothing("Nothing was booked or cancelled in this period.")
        return
    frame = Frame(title="Booked and cancelled", unit=f"bookings {_each(acts)}")
    charts.show(
        desk,
        figures.bookings(acts, frame, desk.zone),
        figures.bookings_table(acts),
        {"From": periods.day_column(desk.zone)},
        key=f"bookings_{period.length.days}",
        name=period.file("booked-and-cancelled"),
        alt=f"Bookings made beside bookings cancelled, {_each(acts)}",
    )
    st.caption(
        "Only what is booked and cancelled through Credit Desk or its API, not through other apps. "
        f"{_so_far(acts)}"
    )


def _exams(desk: Desk, period: Period) -> None:
    found = desk.core.trend_reader.exams(desk.actor, period.length, desk.zone).tallies
    if not found:
        _nothing("Nothing was booked or cancelled in this period.")
        return
    charts.show(
        desk,
        figures.exams(found, Frame(title="Booked and cancelled by exam", unit="bookings")),
        figures.exams_table(found),
        {"Exam": st.column_config.TextColumn(width=240)},
        key=f"exams_{period.length.days}",
        name=period.file("exams"),
        alt="Bookings made and cancelled, by exam, the most cancellations first",
    )
    left = len(found) - figures.EXAMS_MAX
    st.caption(
        "The exams with the most cancellations."
        + (f" The table has {left:,} more." if left > 0 else "")
    )


def _outstanding(desk: Desk, period: Period) -> None:
    types = len(desk.core.catalogue.keys)
    step = charts.step_for(period.length, series=types, at_least=DAY / 24, most=charts.BARS)
    levels = desk.core.trend_reader.levels(desk.actor, [Gauge.OUTSTANDING], period.length, step)
    if not levels:
        _nothing("No full check was completed in this period. Full checks count these credits.")
        st.page_link(places.as_page(places.DRIFT), label="Run a full check", icon=places.DRIFT.icon)
        return
    bar = charts.usual_gap(sorted({level.at for level in levels}), step)
    frame = Frame(
        title="Credits outstanding", unit="credits, at each full check", period=period.shown
    )
    charts.show(
        desk,
        gauges.by_type(levels, desk.core.catalogue, bar, frame, desk.zone),
        gauges.by_type_table(levels, desk.core.catalogue),
        {"From": periods.time_column(desk.zone)},
        key=f"outstanding_{period.length.days}",
        name=period.file("credits-outstanding"),
        alt="Credits that students hold in HubSpot at each full check, by credit type",
    )
    st.caption("All credits that students hold in HubSpot and have not spent.")


VIEWS: dict[str, Callable[[Desk, Period], None]] = {
    "Refunds": _counted(Figure.REFUNDED),
    "Cancellations": _counted(Figure.CANCELLED),
    "Bookings": _bookings,
    "Exams": _exams,
    "Credits outstanding": _outstanding,
}


def _each(acts: Acts) -> str:
    return "a week" if acts.stretches.weekly else "a day"


def _so_far(acts: Acts) -> str:
    if acts.stretches.weekly:
        return "Whole weeks from Monday; this week so far."
    return "Whole days; today so far."


def _nothing(told: str) -> None:
    st.info(told, icon=":material/query_stats:")
