"""The last repairs: who had what repaired, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.drift.repairs import Repair, RowState
from pages.shared import row_buttons, tables, words
from pages.shared.drift import address
from pages.shared.drift.following import REPAIRS
from pages.shared.gate import Desk

SHOWN = 10


def show(desk: Desk) -> None:
    """Newest first; nothing while there is none."""
    repairs = desk.core.drift_queries.repairs(desk.actor, limit=SHOWN)
    if not repairs:
        return
    st.header("Repairs", anchor=False)
    ids = [repair.id for repair in repairs]
    key = f"repairs_{tables.fingerprint(ids)}"
    text = st.column_config.TextColumn
    st.dataframe(
        repairs_frame(repairs, desk.now()),
        key=f"grid_{key}",
        column_config={
            "Open": row_buttons.column("Open", ids, address.open_repair, key=key),
            "State": text(width=150),
            "Repaired": text("Repaired, records", width=120, alignment="right"),
            "When": text(width=90),
            "Who": text(width=190),
            "Reason": text(width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Repairs, newest first",
    )


def repairs_frame(repairs: Sequence[Repair], now: datetime) -> pd.DataFrame:
    """One row for each."""
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(repairs),
            "State": [_state(repair) for repair in repairs],
            "Repaired": [
                f"{repair.counts.get(RowState.REPAIRED, 0):,} of {repair.total:,}"
                for repair in repairs
            ],
            "When": [words.ago(repair.asked_at, now) for repair in repairs],
            "Who": [repair.asked_by for repair in repairs],
            "Reason": [repair.reason for repair in repairs],
        }
    )


def _state(repair: Repair) -> str:
    """Its state, unless something of it still differs."""
    bad = repair.counts.get(RowState.STILL_DIFFERS, 0)
    return f"! {bad:,} still differ" if repair.ended and bad else REPAIRS[repair.state]
