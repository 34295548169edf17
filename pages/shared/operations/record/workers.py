"""The processes that carry operations."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.health.readiness import alive
from pages.shared import tables, words
from pages.shared.gate import Desk


def show(desk: Desk) -> None:
    """Who is alive, and who was heard of last when."""
    now = desk.now()
    workers = desk.core.readiness.workers(desk.actor)
    lively = {worker.executor_id for worker in alive(workers, now)}
    st.markdown(
        "Workers carry out operations. When one stops, another takes over its work; nothing "
        "happens twice."
    )
    if not workers:
        st.caption("No worker has run.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "State": [
                    ["✓ Running" if w.executor_id in lively else "✕ Silent"] for w in workers
                ],
                "Worker": [w.executor_id for w in workers],
                "Machine": [f"{w.host}, process {w.pid}" for w in workers],
                "Started": [words.ago(w.started_at, now) for w in workers],
                "Last seen": [words.ago(w.heartbeat_at, now) for w in workers],
            }
        ),
        column_config={
            "State": tables.badge_column("State", ["✓ Running", "✕ Silent"], ["green", "red"])
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Workers",
    )
