"""The few numbers that matter, and the credits by type beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.credits.catalogue import Catalogue, CreditType
from core.operations.plans import Row
from core.operations.states import Progress
from pages.shared import tables, words

#: Each figure with its unit is a string; a card is as wide as the longest usual one needs.
Figure = tuple[str, str]


def side_by_side(figures: Sequence[Figure], table: pd.DataFrame, told: str = "") -> None:
    """Cards on the left with a sentence below; on the right the credits by type, if any."""
    left, right = st.columns(2)
    with left:
        cards(figures, in_a_row=len(figures) if len(figures) < 4 else 2)
        if told:
            st.caption(told)
    if not table.empty:
        with right:
            _by_type(table)


def cards(figures: Sequence[Figure], *, in_a_row: int) -> None:
    """One card for each figure."""
    with st.grid(in_a_row, min_column_width=130, gap="small"):
        for label, value in figures:
            st.metric(*words.fitting(label, value), border=True, height="stretch")


def _by_type(table: pd.DataFrame) -> None:
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        column_config={
            "Credit type": st.column_config.TextColumn(width=150),
            "Credits": number("Credits", format="%+d", width=80),
            "Students": number("Students", format="localized", width=80),
            "Balances": st.column_config.TextColumn(
                "Balances in total", width=150, alignment="right"
            ),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Credits by type",
    )


def planned_by_type(rows: Sequence[Row], catalogue: Catalogue) -> pd.DataFrame:
    """For each credit type: credits, students, and their balances in total, before and after."""
    first: dict[tuple[CreditType, str], int] = {}
    last: dict[tuple[CreditType, str], int] = {}
    back: dict[CreditType, int] = {}
    for row in rows:
        if row.credit is None or row.contact_id is None or row.before is None or row.after is None:
            continue
        first.setdefault((row.credit, row.contact_id), row.before)
        last[row.credit, row.contact_id] = row.after
        back[row.credit] = back.get(row.credit, 0) + row.after - row.before
    keys = [key for key in catalogue.keys if key in back]
    return pd.DataFrame(
        {
            "Credit type": [words.credit(key, catalogue) for key in keys],
            "Credits": [back[key] for key in keys],
            "Students": [sum(of == key for of, _ in first) for key in keys],
            "Balances": [words.change(_total(first, key), _total(last, key)) for key in keys],
        }
    )


def _total(balances: Mapping[tuple[CreditType, str], int], key: CreditType) -> int:
    return sum(n for (of, _), n in balances.items() if of == key)


def landed_by_type(progress: Progress, catalogue: Catalogue) -> pd.DataFrame:
    """Credits that have landed, by type; with a minus what was taken."""
    keys = [key for key in catalogue.keys if progress.net.get(key)]
    return pd.DataFrame(
        {
            "Credit type": [words.credit(key, catalogue) for key in keys],
            "Credits": [progress.net[key] for key in keys],
        }
    )
