"""Which part of the record the page shows."""

from __future__ import annotations

import streamlit as st

from core.credits.errors import UnknownId, UnknownWord
from core.operations.kinds.registry import UnknownKind, kind_of
from pages.shared import problems, status
from pages.shared.gate import Desk
from pages.shared.health.trends import show as show_trends
from pages.shared.operations import address
from pages.shared.operations.record import copies, detail, listing, workers

VIEWS = {
    "Operations": listing.show,
    "Trends": show_trends,
    "Copies to Supabase": copies.show,
    "Workers": workers.show,
}


def show(desk: Desk) -> None:
    """One operation when the address names one, else the chosen list."""
    status.banners(desk)
    id_ = address.named()
    if id_ is None:
        view = st.segmented_control(
            "Show", list(VIEWS), default="Operations", required=True,
            label_visibility="collapsed", key="view", bind="query-params",
        )  # fmt: skip
        with problems.told("Nothing was changed."):
            VIEWS[view or "Operations"](desk)
        return
    try:
        operation = desk.core.operation_queries.operation(id_, desk.actor)
        kind_of(operation.kind)
    except (UnknownId, UnknownWord, UnknownKind) as error:
        problems.show(problems.explain(error))
        st.button("All operations", icon=":material/arrow_back:", on_click=address.close)
        return
    detail.show(desk, operation)
