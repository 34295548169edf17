"""Copies to Supabase that are due, and those that were given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.domain.records import Kind
from core.domain.roles import ALLOWED, Act
from core.gateways.ports import Due
from pages.shared import problems, tables, words
from pages.shared.batch.figures import cards
from pages.shared.gate import Desk

ROWS = 200
KINDS = {Kind.CONTACT: "Contact", Kind.BOOKING: "Booking", Kind.EXAM: "Exam"}

assert KINDS.keys() == set(Kind), "every kind of record has its word"


def show(desk: Desk) -> None:
    """How much is due, since when; what failed for good, with its error and a way to try again."""
    st.markdown(
        "Every change in HubSpot is copied to Supabase at once. What waits here follows by itself; "
        "what was given up waits for you."
    )
    state = desk.core.journal.outbox()
    oldest = words.span(desk.now() - state.oldest) if state.oldest else words.NOTHING
    cards(
        [
            ("Due", words.count(state.due, "copy", "copies")),
            ("Oldest waits", oldest),
            ("Given up", words.count(state.dead, "copy", "copies")),
        ],
        in_a_row=4,
    )
    if state.dead:
        st.header("Given up after eight tries", anchor=False)
        _grid(desk, desk.core.journal.outbox_rows(dead=True, limit=ROWS), "dead")
        if Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
            _try_again(desk, state.dead)
    if state.due:
        st.header("Due", anchor=False)
        _grid(desk, desk.core.journal.outbox_rows(dead=False, limit=ROWS), "due")
    if not state.due and not state.dead:
        st.success("Supabase has every change.", icon=":material/cloud_done:")


def _try_again(desk: Desk, dead: int) -> None:
    label = f"Try {words.count(dead, 'copy', 'copies')} again"
    if st.button(label, icon=":material/replay:", key="revive"):
        with problems.told("Nothing was changed."):
            desk.acting().require(Act.RUN_BATCHES)
            desk.core.journal.revive()
            desk.core.mirroring.nudge()
            st.rerun()


def _grid(desk: Desk, rows: Sequence[Due], name: str) -> None:
    if len(rows) == ROWS:
        st.caption(f"The first {ROWS}.")
    st.dataframe(
        copies_frame(rows, desk.now()),
        column_config={
            "What": st.column_config.TextColumn(width=90),
            "Record": st.column_config.TextColumn("HubSpot record", width=140),
            "Waits": st.column_config.TextColumn(width=100, alignment="right"),
            "Tries": st.column_config.NumberColumn(width=70),
            "Next": st.column_config.TextColumn("Next try", width=100, alignment="right"),
            "Error": st.column_config.TextColumn("Last error", width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(rows), at_most=320),
        key=f"copies_{name}",
        alt=f"Copies that are {name}",
    )


def copies_frame(rows: Sequence[Due], now: datetime) -> pd.DataFrame:
    """One row for each record whose copy waits."""
    return pd.DataFrame(
        {
            "What": [KINDS[row.kind] for row in rows],
            "Record": [row.record_id for row in rows],
            "Waits": [words.span(now - row.due_since) if row.due_since else "" for row in rows],
            "Tries": [row.attempts for row in rows],
            "Next": [_next(row, now) for row in rows],
            "Error": [row.error for row in rows],
        }
    )


def _next(row: Due, now: datetime) -> str:
    if row.dead:
        return "none"
    if row.next_try_at is None or row.next_try_at <= now:
        return "now"
    return f"in {words.span(row.next_try_at - now)}"
