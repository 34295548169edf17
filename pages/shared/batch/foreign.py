"""Foreign writes: somebody else's change that fell between our read and our write."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.operations import Operation
from core.domain.records import Kind
from core.domain.foreign_writes import ForeignWrite
from pages.shared import tables, words
from pages.shared.batch import correction
from pages.shared.gate import Desk


def show_foreign(desk: Desk, operation: Operation) -> None:
    """Who, when, both values and what would put it right. Nothing when there is none."""
    found = desk.core.journal.foreign_writes(operation.id)
    if not found:
        return
    st.warning(
        "Somebody else changed these between our reading and our writing, and HubSpot kept only "
        "ours. The last column is what the balance would be with both.",
        title=f"{words.count(len(found), 'change')} by others written over",
        icon=":material/call_split:",
    )
    st.dataframe(
        foreign_frame(desk, operation, found),
        column_config={
            "Changed": st.column_config.DatetimeColumn(format="distance", timezone=str(desk.zone)),
            "We read": st.column_config.NumberColumn(width=90),
            "They set": st.column_config.NumberColumn(width=90),
            "We set": st.column_config.NumberColumn(width=90),
            "Correction": st.column_config.TextColumn(alignment="right", width=110),
            "Should be": st.column_config.NumberColumn(width=100),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(found), at_most=240),
        alt="Changes by others that were written over",
    )
    correction.show(desk, operation)


def foreign_frame(desk: Desk, operation: Operation, found: list[ForeignWrite]) -> pd.DataFrame:
    """One row for each counter written over."""
    wanted = {write.target_id for write in found if write.kind is Kind.CONTACT}
    names = {
        item.contact_id: item.contact_name
        for item in desk.core.journal.items(operation.id)
        if item.contact_id in wanted
    }
    return pd.DataFrame(
        {
            "Whose": [names.get(w.target_id) or f"{w.kind} {w.target_id}" for w in found],  # type: ignore[call-overload]
            "Credit": [words.credit(w.credit, desk.core.catalogue) for w in found],
            "Changed by": [_source(w) for w in found],
            "Changed": [w.at for w in found],
            "We read": [w.read for w in found],
            "They set": [w.theirs for w in found],
            "We set": [w.ours for w in found],
            "Correction": [f"{w.correction:+d}" for w in found],
            "Should be": [w.ours + w.correction for w in found],
        }
    )


SOURCES = {
    "CRM_UI": "a person in HubSpot",
    "INTEGRATION": "an app",
    "API": "an app",
    "IMPORT": "an import",
    "AUTOMATION_PLATFORM": "a workflow",
    "MERGE_OBJECTS": "a merge",
}


def _source(write: ForeignWrite) -> str:
    kind = SOURCES.get(write.source, write.source or "somebody")
    who = write.user_id or write.source_id
    return f"{kind} ({who})" if who else kind
