"""The processes that carry operations."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services.readiness import alive
from pages.shared import tables, words
from pages.shared.gate import Desk


def show(desk: Desk) -> None:
    """Who is alive, and who was heard of last when."""
    now = desk.now()
    workers = desk.core.journal.workers()
    lively = {worker.executor_id for worker in alive(workers, now)}
    st.markdown(
        "Workers carry operations out. When one dies, another takes over what it had in hand; "
        "nothing happens twice."
    )
    if not workers:
        st.caption("None was ever heard of.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "State": [["✓ Alive" if w.executor_id in lively else "✕ Silent"] for w in workers],
                "Worker": [w.executor_id for w in workers],
                "Machine": [f"{w.host}, process {w.pid}" for w in workers],
                "Started": [words.ago(w.started_at, now) for w in workers],
                "Heard of": [words.ago(w.heartbeat_at, now) for w in workers],
            }
        ),
        column_config={
            "State": tables.badge_column("State", ["✓ Alive", "✕ Silent"], ["green", "red"])
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Workers",
    )
