"""The form that makes a key, and the one time that the key is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import streamlit as st

from core.access.api_key_rules import FOR_STUDENTS, MEANING, Scope
from pages.shared import problems, words
from pages.shared.gate import Desk

#: In the order in which people think of them.
SCOPES = (Scope.READ, Scope.BOOK, Scope.CANCEL, Scope.ADMIN)

assert set(SCOPES) == set(Scope), "every scope can be given"

#: Client and key, from when it was made until somebody says that they have it.
_MADE = "_key_made"
_EMPTY: Mapping[str, object] = {
    "make_client": "",
    "make_forever": False,
    "make_networks": "",
    "make_writes": None,
    "make_student": False,
}
#: The form is empty again, lest a second click make a second key.
_CLEAR = "_key_form_done"


def show_made() -> None:
    """Only in the session that made it: nobody else ever sees it, and nothing keeps it."""
    made = st.session_state.get(_MADE)
    if made is None:
        return
    client, text = made
    with st.container(border=True):
        st.markdown(
            f":material/key: **New key for {words.plain(client)}.** Copy it into the app's "
            "settings now: it is not stored here and cannot be shown again."
        )
        st.code(text, language=None, wrap_lines=True)
        if st.button("I have copied it", type="primary", key="made_kept"):
            del st.session_state[_MADE]
            st.rerun()


def form(desk: Desk) -> None:
    """A new key beside those that there are, so that an app can change over without a pause."""
    if st.session_state.pop(_CLEAR, False):
        st.session_state.update(_EMPTY)  # the next key shares no limit with this one unseen
    with st.form("make", border=True):
        st.header("Make a key", anchor=False)
        client = st.text_input("App", placeholder="student-app", key="make_client")
        st.caption(
            "Lower-case letters, digits and hyphens. Operations and notes show the app "
            "under this name."
        )
        chosen = [
            scope
            for scope in SCOPES
            if st.checkbox(
                f"**{scope.value}**: {MEANING[scope]}",
                value=scope in FOR_STUDENTS,
                key=f"make_{scope.value}",
            )
        ]
        today = desk.now().astimezone(desk.zone).date()
        last = st.date_input(
            "Last day",
            value=today + desk.core.api_keys.lasts,
            min_value=today,
            key="make_last",
            format="YYYY-MM-DD",
        )
        forever = st.checkbox("No last day: it works until it is revoked", key="make_forever")
        with st.expander("Limit what a stolen key can do", icon=":material/shield:"):
            networks = st.text_input(
                "Networks", placeholder="203.0.113.0/24, 198.51.100.7", key="make_networks",
                help="The key works only from these addresses. Empty: from anywhere",
            )  # fmt: skip
            writes = st.number_input(
                "Bookings and cancellations a day", min_value=1, value=None, step=10,
                key="make_writes", placeholder=_usual(desk),
            )  # fmt: skip
            needs_student = st.checkbox(
                "Needs the student's own sign-in with each request", key="make_student",
                help="The app sends the student's Supabase token in X-Student-Token. Requests "
                "without it are refused; with it, the key reaches only that student's records",
            )  # fmt: skip
        sure = st.form_submit_button("Make the key", type="primary", key="make_sure")
    if sure:
        ends = None
        if last is not None and not forever:
            ends = datetime.combine(last + timedelta(days=1), time.min, desk.zone)
        with problems.told("No key was made."):
            key, text = desk.core.api_keys.make(
                client,
                chosen,
                desk.acting(),
                expires_at=ends,
                forever=forever,
                networks=networks.split(","),
                writes_a_day=None if writes is None else int(writes),
                needs_student=needs_student,
            )
            st.session_state[_MADE] = key.client, text
            st.session_state[_CLEAR] = True
            st.rerun()


def _usual(desk: Desk) -> str:
    """How many a key may that has no number of its own."""
    usual = desk.core.idempotent_requests.rationing.limits.writes
    return "no limit" if usual is None else f"{usual:,}, as the settings say"
