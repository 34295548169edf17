"""A contact read from HubSpot, kept for a moment: a rerun of the page asks nobody again."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.credits.records import ContactId
from core.students.contact_page import Presented
from core.work.clocks import within
from pages.shared.gate import Desk

#: Longer than a person looks at one thing, shorter than they would trust a balance.
KEPT = timedelta(seconds=60)
_KEPT = "_contact_open"


def presented(desk: Desk, id_: ContactId) -> Presented:
    """As read at most ``KEPT`` ago in this session.

    Raises what ``Presenting.contact`` raises.
    """
    kept: Presented | None = st.session_state.get(_KEPT)
    if kept is not None and kept.asked == id_ and within(kept.read_at, desk.now(), KEPT):
        return kept
    with st.spinner("Reading the student from HubSpot …"):
        read = desk.core.contact_page.contact(id_, desk.actor)
    st.session_state[_KEPT] = read
    return read


def forget() -> None:
    """Read anew from now on; for callbacks and after every change."""
    st.session_state.pop(_KEPT, None)
