"""One record that drifts: both sides, what speaks for the cause, and what mends it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.credits.records import Kind
from core.drift.differences import Drift
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep
from pages.shared import gate, tables, words
from pages.shared.drift import address
from pages.shared.drift.asking import may_repair
from pages.shared.drift.causes import KINDS, MEANS, SHORT
from pages.shared.drift.rows import column_name, evidence, value
from pages.shared.gate import Desk
from pages.shared.students import names


def show(desk: Desk, sweep: Sweep, kind: Kind, id_: str) -> None:
    """The record, in a drawer over the page."""
    drawer = gate.dialog(
        f"{KINDS[kind]} {id_}", width="medium", position="right", on_dismiss=address.close_record
    )
    drawer(_record)(desk, sweep, kind, id_)


def _record(desk: Desk, sweep: Sweep, kind: Kind, id_: str) -> None:
    drift = find(desk, sweep, kind, id_)
    if drift is None:
        st.info(
            f"The check of {words.exact(sweep.started_at, desk.zone)} found no drift here.",
            icon=":material/check_circle:",
        )
    else:
        _show(desk, drift)
        _repair(desk, drift)
    _links(desk, kind, id_)


def find(desk: Desk, sweep: Sweep, kind: Kind, id_: str) -> Drift | None:
    """As this sweep found it; None when it did not."""
    narrow = Narrow(record=id_, kinds=frozenset({kind}))
    rows = desk.core.drift_queries.page(sweep.id, narrow, desk.actor, limit=200).rows
    return next((row for row in rows if row.record_id == id_), None)


def _show(desk: Desk, drift: Drift) -> None:
    st.markdown(f"**{SHORT[drift.cause]}.** {MEANS[drift.cause]}")
    if drift.columns:
        st.dataframe(
            sides_frame(desk, drift),
            column_config={
                "Column": st.column_config.TextColumn(width=150),
                "Mirror": st.column_config.TextColumn("Supabase shows", width=170),
                "Arrow": st.column_config.TextColumn(words.ARROW, width=30),
                "Truth": st.column_config.TextColumn("HubSpot says", width=170),
            },
            hide_index=True,
            row_height=tables.ROW_PX,
            height="content",
            alt="Columns that differ: Supabase's value, and HubSpot's, which a repair copies",
        )
    else:
        st.caption("Only one side has this record, so there are no values to compare.")
    since = words.relative(drift.since, desk.now(), desk.zone)
    st.html(f"<b>Since</b> {words.exact(drift.since, desk.zone)} ({since})")
    told = evidence(desk, drift)
    st.markdown(f"**Evidence:** {words.plain(told)}")


def sides_frame(desk: Desk, drift: Drift) -> pd.DataFrame:
    """One row for each column that differs, before and after a repair."""
    return pd.DataFrame(
        {
            "Column": [column_name(name, desk.core.catalogue) for name in drift.columns],
            "Mirror": [value(drift.mirror, name) for name in drift.columns],
            "Arrow": [words.ARROW] * len(drift.columns),
            "Truth": [value(drift.truth, name) for name in drift.columns],
        }
    )


def _repair(desk: Desk, drift: Drift) -> None:
    if not drift.repairable:
        st.info("A repair cannot fix it.", icon=":material/person_edit:")
    elif not may_repair(desk):
        st.caption("Only an admin may repair it. Ask one to, with this page's address.")
    elif st.button("Preview its repair", icon=":material/build:", type="primary", key="repair_one"):
        address.preview_repair(f"{drift.kind.value}-{drift.record_id}")
        st.rerun(scope="app")


def _links(desk: Desk, kind: Kind, id_: str) -> None:
    """The student's page, also of a booking, and where else the record is seen."""
    (student,) = names.looked_up(desk, [(kind, id_)])
    if student.id:
        names.link(student.id, f"Open {words.plain(student.told)}")
    names.elsewhere(desk, kind, id_)
