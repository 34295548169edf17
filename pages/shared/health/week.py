"""This week beside last week: a card for each figure, with its two weeks and the way behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.audit.entries import What
from core.credits.roles import ALLOWED, Actor
from core.health.over_time.week import Week
from core.health.over_time.week_rules import Days, Trend, WeekFigure
from core.operations.kinds.registry import CANCELLING, MAKING, REFUNDING
from core.operations.verdicts import OperationKind
from pages.shared import places, words
from pages.shared.audit import address as entries
from pages.shared.drift import history
from pages.shared.gate import Desk
from pages.shared.health import small_chart
from pages.shared.health.links import VIEW, Link
from pages.shared.health.trends import views
from pages.shared.operations.record import finding


@dataclass(frozen=True, slots=True)
class FigureWords:
    """What a figure is called, counted in, and about."""

    name: str
    #: A number with its unit.
    told: Callable[[float], str]
    about: str


def _of(noun: str) -> Callable[[float], str]:
    return lambda number: words.count(round(number), noun)


CARDS: dict[WeekFigure, FigureWords] = {
    WeekFigure.REFUNDED: FigureWords(
        "Refunded",
        _of("credit"),
        "Credits given back, including those that an undo took back later.",
    ),
    WeekFigure.CANCELLED: FigureWords(
        "Cancelled", _of("booking"), "Bookings, whether their credit was given back or kept."
    ),
    WeekFigure.BOOKED: FigureWords(
        "Booked", _of("seat"), "Bookings made in Credit Desk or through its API."
    ),
    WeekFigure.DRIFT_FOUND: FigureWords(
        "Drift found",
        _of("record"),
        "Records that differed in a check. Each counts once a week, on the day it was first found.",
    ),
    WeekFigure.DRIFT_REPAIRED: FigureWords(
        "Drift repaired",
        _of("record"),
        "Records that a repair made the same in HubSpot and Supabase.",
    ),
    WeekFigure.COPY_LAG: FigureWords(
        "Copy lag",
        words.short,
        "99 of 100 copies took no longer than this, averaged over the minutes with copies.",
    ),
    WeekFigure.OWED: FigureWords(
        "Owed", _of("credit"), "Credits of cancelled bookings that were not given back yet."
    ),
    WeekFigure.OUTSTANDING: FigureWords(
        "Outstanding",
        _of("credit"),
        "Credits on all balances in HubSpot, added up by the last full check.",
    ),
}
#: Figures that add up; of all others last week in all is no number.
ADDING = set(WeekFigure) - {WeekFigure.COPY_LAG, WeekFigure.OWED, WeekFigure.OUTSTANDING}
KINDS: Mapping[WeekFigure, Collection[OperationKind]] = {
    WeekFigure.REFUNDED: REFUNDING,
    WeekFigure.CANCELLED: CANCELLING,
    WeekFigure.BOOKED: MAKING,
}
TABS = {
    WeekFigure.DRIFT_FOUND: "By cause",
    WeekFigure.COPY_LAG: "Copy lag",
    WeekFigure.OWED: "Refunds owed",
}
NOTHING_YET = (
    "Nothing to compare yet. Refunds, cancellations, bookings and drift appear here, this week "
    "beside last week."
)
OUTSTANDING = {VIEW: "Trends", views.TAB: "Credits outstanding"}
#: The shortest period of the charts with both weeks, as the address of their page says it.
TWO_WEEKS = {"period": "Last 30 days"}

assert CARDS.keys() == set(WeekFigure), "every figure has its card"


def show(desk: Desk, week: Week) -> None:
    """In two rows where there is room."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header("This week", anchor=False, width="content")
        st.caption(compared(week.days), width="content")
    if not any(trend.now or trend.whole for trend in week.trends.values()):
        st.markdown(NOTHING_YET)
        return
    with st.grid(4, min_column_width=230, gap="small"):
        for figure, trend in week.trends.items():
            _card(figure, trend, week.days, desk.actor)


def compared(days: Days) -> str:
    """Which days, and until when on the last of them: in the reader's zone, which is named."""
    last, this = days.begins
    now, then = _until(this, days.at), _until(last, days.like_now)
    return f"{now}, beside {then} ({days.at:%Z}). Gray bars: all of last week."


def _until(begins: datetime, until: datetime) -> str:
    if begins.date() == until.date():
        return f"{until:%a %-d %b} until {until:%H:%M}"
    return f"{begins:%a %-d %b} to {until:%a %-d %b, %H:%M}"


def _card(figure: WeekFigure, trend: Trend, days: Days, actor: Actor) -> None:
    card, link = CARDS[figure], link_of(figure, days)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            card.name,
            _told(card, trend.now),
            f"{_told(card, trend.before)} last week",
            delta_color="off",
            delta_arrow="off",
            delta_description=f"by then; {trend.whole:,.0f} in all" if figure in ADDING else None,
            help=card.about,
        )
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
        ):
            if link.place.act in ALLOWED[actor.role]:
                st.page_link(
                    places.as_page(link.place),
                    label=link.says,
                    icon=":material/arrow_forward:",
                    icon_position="right",
                    query_params=dict(link.params),
                )
            small_chart.show(trend.days, _titles(card, trend, days), alt=_alt(figure, trend, days))


def link_of(figure: WeekFigure, days: Days) -> Link:
    """Where what a figure counts is listed, or drawn over a longer time."""
    monday = days.begins[1].date().isoformat()
    if figure in KINDS:
        names = [words.KIND[kind] for kind in OperationKind if kind in KINDS[figure]]
        operations = {finding.KIND: names, finding.SINCE: monday}
        return Link(places.OPERATIONS, "See list", operations)
    if figure in TABS:
        return Link(places.DRIFT, "See chart", {history.TAB: TABS[figure]} | TWO_WEEKS)
    if figure is WeekFigure.OUTSTANDING:
        return Link(places.OPERATIONS, "See chart", OUTSTANDING | TWO_WEEKS)
    repaired = {entries.ACT: words.sentence(What.REPAIRED), entries.SINCE: monday}
    return Link(places.AUDIT, "See list", repaired)


def _told(card: FigureWords, number: float | None) -> str:
    return words.NOTHING if number is None else card.told(number)


def _titles(card: FigureWords, trend: Trend, days: Days) -> list[str]:
    return [
        f"{day:%a %-d %b}: {_told(card, number)}"
        for day, number in zip(days.dates, trend.days, strict=True)
    ]


def _alt(figure: WeekFigure, trend: Trend, days: Days) -> str:
    card = CARDS[figure]
    return f"{card.name} by day. {'; '.join(_titles(card, trend, days))}"
