"""What the address says: which entries are shown. Its names are the keys of the filters."""

from __future__ import annotations

from datetime import tzinfo

import streamlit as st

from core.audit.entries import Sought, What
from pages.shared import filters

WHO, ACT, OPERATION, SINCE, UNTIL = "who", "act", "operation", "from", "to"
CONTACT, BOOKING = "contact", "booking"
NOTHING: dict[str, object] = {
    WHO: "", ACT: [], OPERATION: "", CONTACT: "", BOOKING: "", SINCE: None, UNTIL: None,
}  # fmt: skip


def sought(zone: tzinfo) -> Sought:
    """What the filters say just now. Days are the reader's, the last one whole."""
    acts = {what.value for what in What}
    return Sought(
        since=filters.since(SINCE, zone),
        until=filters.until(UNTIL, zone),
        actor=filters.text(WHO),
        what=tuple(each for each in st.session_state.get(ACT) or () if each in acts),
        operation_id=filters.text(OPERATION),
        contact_id=filters.text(CONTACT),
        booking_id=filters.text(BOOKING),
    )


def clear() -> None:
    """Show all entries again. For callbacks."""
    st.session_state.update(NOTHING)
