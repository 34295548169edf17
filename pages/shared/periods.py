"""The period of charts: chosen from a few, in the address, and as charts and files tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import streamlit as st

from pages.shared import charts

KEY = "period"
LENGTHS = {
    "Last 24 hours": timedelta(hours=24),
    "Last 7 days": timedelta(days=7),
    "Last 30 days": timedelta(days=30),
    "Last 90 days": timedelta(days=90),
}
USUAL = "Last 7 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Some time until now."""

    length: timedelta
    #: From when to when, as the reader's clock shows it.
    shown: tuple[datetime, datetime]

    def file(self, name: str) -> str:
        """What a file of this is called: "copy-lag-7-days"."""
        days = self.length.days
        return f"{name}-{days}-days" if days > 1 else f"{name}-24-hours"


def select(on_change: Callable[[], None] | None = None, *, usual: str = USUAL) -> str:
    """The field in which it is chosen; what is chosen."""
    names = list(LENGTHS)
    chosen = st.selectbox(
        "Period", names, index=names.index(usual), key=KEY, bind="query-params",
        label_visibility="collapsed", width=150, on_change=on_change,
    )  # fmt: skip
    return chosen or usual


def of(name: str, now: datetime, zone: tzinfo) -> Period:
    """The period of that name, to the end of this minute: a chart is drawn once a minute."""
    length, until = LENGTHS[name], minute_after(now)
    shown = charts.local(until - length, zone), charts.local(until, zone)
    return Period(length=length, shown=shown)


def minute_after(now: datetime) -> datetime:
    """The next whole minute; now, if it is one."""
    whole = now.replace(second=0, microsecond=0)
    return whole if whole == now else whole + timedelta(minutes=1)


def time_column(zone: tzinfo) -> object:
    """Of a table: when something was measured, or the time at which a stretch begins."""
    return st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=str(zone), width=110)


def day_column(zone: tzinfo) -> object:
    """Of a table: the day on which a stretch begins."""
    return st.column_config.DatetimeColumn(format="D MMM", timezone=str(zone), width=75)
