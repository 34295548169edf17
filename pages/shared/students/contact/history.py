"""How the balances came about: a line in steps for each, and every step with its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]
import streamlit as st

from core.credits.catalogue import Catalogue, CreditType
from core.exports.listings import Listing
from core.students.balance_history import Step
from core.students.contact_page import Presented
from pages.shared import charts, exports, tables, words
from pages.shared.charts import Frame, Look, Series
from pages.shared.gate import Desk

#: Up to so many credits each one has its line on the scale.
WHOLE_UP_TO = 10
#: The chart of the student who is open: kept no longer than this person's session.
_DRAWN = "_balance_history_drawn"
COLUMNS = {
    "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
    "Balance": st.column_config.TextColumn(width=130),
    "Change": st.column_config.TextColumn("Change, credits", width=100, alignment="right"),
    "Cause": st.column_config.TextColumn(width=160),
    "Of": st.column_config.TextColumn("Booking and source", width="large"),
}


def show(desk: Desk, presented: Presented) -> None:
    """The chart, the same as a table, and the way to the operations behind it."""
    st.header("Balance history", anchor=False)
    if presented.steps is None:
        st.info("HubSpot gives no history of this student's balances.", icon=":material/history:")
        return
    if not presented.steps:
        st.caption("No balance has changed.")
        return
    catalogue = desk.core.catalogue
    steps = [
        replace(step, told=desk.core.account_directory.named(step.told)) for step in presented.steps
    ]
    draw = st.session_state.setdefault(_DRAWN, charts.Kept(figure, most=1))
    st.plotly_chart(
        draw(steps, catalogue, presented.read_at, desk.zone),
        key="steps",
        config=charts.mode_bar("balance-history"),
        alt=told(steps, catalogue),
    )
    frame = steps_frame(steps, catalogue, desk.zone)
    st.dataframe(
        frame,
        column_config=COLUMNS,
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(steps), at_most=330),
        alt="Every change of a balance, newest first",
        key="steps_table",
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        exports.csv_button(
            desk,
            lambda _: exports.of(Listing.BALANCES, charts.as_csv(frame), str(presented.asked)),
            f"balance-history-{presented.asked}",
            "Every change of a balance",
        )
    if any(step.inferred for step in steps):
        st.caption(
            "“Probably”: HubSpot names the app alone; the booking is the one made or given back "
            "at that moment."
        )


def told(steps: Sequence[Step], catalogue: Catalogue) -> str:
    """The chart in a sentence, for who cannot see it."""
    keys = dict.fromkeys(step.credit for step in steps)
    names = ", ".join(words.credit(key, catalogue) for key in keys)
    return f"Balances over time in steps: {names}; {words.count(len(steps), 'change')}"


def figure(steps: Sequence[Step], catalogue: Catalogue, until: datetime, zone: tzinfo) -> go.Figure:
    """A line in steps for each balance that ever changed, up to now; hovering tells the cause."""
    series, causes = [], []
    for look, key in zip(charts.SERIES, catalogue.keys, strict=False):
        own = [s for s in reversed(steps) if s.credit == key and s.after is not None]
        if not own:
            continue
        series.append(_line(own, key, look, catalogue, until, zone))
        causes.append([*(f"{cause_words(s)}<br>{charts.plain(s.told)}" for s in own), "now"])
    begins = min(each.x[0] for each in series)
    period = (begins, charts.local(until, zone))
    made = charts.lines(series, Frame(title="Balances", unit="credits", period=period))
    made.update_traces(line_shape="hv", mode="lines+markers")
    for trace, about in zip(made.data, causes, strict=True):
        trace.customdata = about
        trace.hovertemplate = "%{y} · %{customdata}<extra></extra>"
    if max((value for each in series for value in each.y), default=0) <= WHOLE_UP_TO:
        made.update_yaxes(dtick=1)  # nobody has half a credit
    return made.update_layout(hovermode="closest")


def _line(
    own: Sequence[Step],
    key: CreditType,
    look: Look,
    catalogue: Catalogue,
    until: datetime,
    zone: tzinfo,
) -> Series:
    times = [charts.local(step.at, zone) for step in own]
    values = [float(step.after or 0) for step in own]
    return Series(
        name=words.credit(key, catalogue),
        look=look,
        x=[*times, charts.local(until, zone)],
        y=[*values, values[-1]],
    )


def steps_frame(steps: Sequence[Step], catalogue: Catalogue, zone: tzinfo) -> pd.DataFrame:
    """One row for each change, newest first."""
    return pd.DataFrame(
        {
            "When": [charts.local(step.at, zone) for step in steps],
            "Balance": [words.credit(step.credit, catalogue) for step in steps],
            "Change": [change_words(step) for step in steps],
            "Cause": [cause_words(step) for step in steps],
            "Of": [_of(step) for step in steps],
        }
    )


def change_words(step: Step) -> str:
    """Before and after; the raw value where it is no number."""
    if step.after is None:
        return f"{step.before if step.before is not None else words.NOTHING} {words.ARROW} ?"
    return words.change(step.before or 0, step.after)


def cause_words(step: Step) -> str:
    """What the change came from."""
    cause = words.sentence(step.cause)
    return f"{cause}, probably" if step.inferred else cause


def _of(step: Step) -> str:
    if step.after is None:
        return f"HubSpot held {step.raw}; {step.told}"
    if step.operation_id:
        return f"{step.told}, operation {step.operation_id}"
    return step.told
