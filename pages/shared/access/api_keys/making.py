"""The form that makes a key, and the one time that the key is shown."""

from __future__ import annotations

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
        st.session_state["make_client"] = ""
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
        last = st.date_input(
            "Last day",
            value=None,
            min_value=desk.now().astimezone(desk.zone).date(),
            key="make_last",
            format="YYYY-MM-DD",
            help="Empty: until it is revoked",
        )
        sure = st.form_submit_button("Make the key", type="primary", key="make_sure")
    if sure:
        ends = None
        if last is not None:
            ends = datetime.combine(last + timedelta(days=1), time.min, desk.zone)
        with problems.told("No key was made."):
            key, text = desk.core.admitting.make(client, chosen, desk.acting(), expires_at=ends)
            st.session_state[_MADE] = key.client, text
            st.session_state[_CLEAR] = True
            st.rerun()
