"""What the address says: which entries are shown. Its names are the keys of the filters."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

import streamlit as st

from core.audit.entries import Sought, What

WHO, ACT, OPERATION, SINCE, UNTIL = "who", "act", "operation", "from", "to"
CONTACT, BOOKING = "contact", "booking"
NOTHING: dict[str, object] = {
    WHO: "", ACT: [], OPERATION: "", CONTACT: "", BOOKING: "", SINCE: None, UNTIL: None,
}  # fmt: skip


def sought(zone: tzinfo) -> Sought:
    """What the filters say just now. Days are the reader's, the last one whole."""
    acts = {what.value for what in What}
    since, until = _day(SINCE), _day(UNTIL)
    return Sought(
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
        actor=_text(WHO),
        what=tuple(each for each in st.session_state.get(ACT) or () if each in acts),
        operation_id=_text(OPERATION),
        contact_id=_text(CONTACT),
        booking_id=_text(BOOKING),
    )


def _day(name: str) -> date | None:
    chosen = st.session_state.get(name)
    return chosen if isinstance(chosen, date) else None


def _text(name: str) -> str:
    return str(st.session_state.get(name) or "").strip()


def clear() -> None:
    """Show all entries again. For callbacks."""
    st.session_state.update(NOTHING)
