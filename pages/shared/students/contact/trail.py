"""What the desk did for this student: each booking of each operation, newest first."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.states import ItemState
from core.students.contact_page import Presented, TrailRow
from pages.shared import charts, places, row_buttons, tables, words
from pages.shared.gate import Desk
from pages.shared.operations import address


def show(desk: Desk, presented: Presented) -> None:
    """Operations that had to do with the student, with who, why and what came of it."""
    st.header("Done by Credit Desk", anchor=False)
    if not presented.trail:
        st.caption("Credit Desk has done nothing for this student yet.")
        return
    rows = presented.trail
    names = [words.ITEM[state] for state in ItemState]
    colours = [tables.ITEM_COLOURS[state] for state in ItemState]
    may = Act.WATCH in ALLOWED[desk.actor.role]
    ids = [row.operation.id for row in rows]
    key = f"trail_{tables.fingerprint(ids)}"
    frame = trail_frame(rows, desk)
    st.dataframe(
        frame if may else frame.drop(columns="Open"),
        column_config={
            "Open": row_buttons.column("Open", ids, _open, key=key),
            "State": tables.badge_column("State", names, colours),
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
            "What": st.column_config.TextColumn(width=150),
            "Booking": st.column_config.TextColumn(width=280),
            "Balance": st.column_config.TextColumn(
                "Balance, credits", width=110, alignment="right"
            ),
            "Who": st.column_config.TextColumn(width=180),
            "Reason": st.column_config.TextColumn(width="medium"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(rows), at_most=330),
        alt="What Credit Desk did for the student, newest first",
    )
    if to := st.session_state.pop("_trail_to", None):
        st.switch_page(places.OPERATIONS.path, query_params={address.OPERATION: to})


def _open(id_: str) -> None:
    """A callback may not switch pages; the run after it does."""
    st.session_state["_trail_to"] = id_


def trail_frame(rows: Sequence[TrailRow], desk: Desk) -> pd.DataFrame:
    """One row for each booking of each operation."""
    catalogue = desk.core.catalogue
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(rows),
            "State": [[words.ITEM[row.item.state]] for row in rows],
            "When": [charts.local(row.operation.confirmed_at, desk.zone) for row in rows],
            "What": [words.KIND[row.operation.kind] for row in rows],
            "Booking": [row.item.booking_name or row.item.booking_id for row in rows],
            "Credit": [words.credit(row.item.credit, catalogue) for row in rows],
            "Balance": [words.change(row.item.before, row.item.after) for row in rows],
            "Who": [row.operation.confirmed_by for row in rows],
            "Reason": [row.operation.reason for row in rows],
        }
    )
