"""Every key with what it is for and when it was used, and the withdrawal of the one ticked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.access.api_key_rules import ApiKey
from pages.shared import problems, tables, words
from pages.shared.access.api_keys import making
from pages.shared.gate import Desk

#: State of a key to the colour of its badge.
COLOURS = {"Active": "green", "Expired": "gray", "Revoked": "gray"}

#: What the last withdrawal came to, told after the page was drawn anew.
_TOLD = "_keys_told"


def show(desk: Desk) -> None:
    """For admins only: the gate has seen to that."""
    if done := st.session_state.pop(_TOLD, None):
        st.success(done, icon=":material/check_circle:")
    making.show_made()
    keys = in_use_first(desk.core.api_keys.keys(desk.actor), desk.now())
    st.markdown(
        "Other apps use the API at `/api/v1`, each with its own key: student apps to book and "
        "cancel, an admin app to do what admins do here. "
        "[The reference](/api/v1/docs) describes every request and can send it."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        if keys:
            _withdrawal(desk, _listing(desk, keys))
            if len([key for key in keys if key.holds(desk.now())]) > 1:
                _withdrawal_of_all(desk)
        else:
            st.info("No app has a key yet. Make the first one here.", icon=":material/key:")
    with right:
        making.form(desk)


def in_use_first(keys: Sequence[ApiKey], now: datetime) -> list[ApiKey]:
    """Those that hold, by client; the others stay to be read of."""
    return sorted(keys, key=lambda key: not key.holds(now))


def state(key: ApiKey, now: datetime) -> str:
    """In one word."""
    if key.withdrawn_at is not None:
        return "Revoked"
    return "Active" if key.holds(now) else "Expired"


def _listing(desk: Desk, keys: Sequence[ApiKey]) -> ApiKey | None:
    columns = {
        "State": tables.badge_column("State", list(COLOURS), list(COLOURS.values())),
        "App": st.column_config.TextColumn(width=120),
        "Key": st.column_config.TextColumn(
            width=105, help="The first part of the key, which is not secret"
        ),
        "May": st.column_config.TextColumn(width=125),
        "Last used": st.column_config.TextColumn(width=75),
        "Ends": st.column_config.TextColumn(width=95),
    }
    ids = [key.id for key in keys]
    ticked = tables.one_ticked("keys", frame(desk, keys), ids, columns, alt="Every key of the API")
    if ticked is None:
        st.caption("Select a key to see who made it, or to revoke it.")
        return None
    return keys[ticked]


def frame(desk: Desk, keys: Sequence[ApiKey]) -> pd.DataFrame:
    """One row for each key."""
    now = desk.now()
    return pd.DataFrame(
        {
            "State": [[state(key, now)] for key in keys],
            "App": [key.client for key in keys],
            "Key": [key.id for key in keys],
            "May": [", ".join(s for s in making.SCOPES if s in key.scopes) for key in keys],
            "Last used": [words.ago(key.used_at, now) if key.used_at else "never" for key in keys],
            "Ends": [_ends(desk, key) for key in keys],
        }
    )


def _ends(desk: Desk, key: ApiKey) -> str:
    """The last day on which it holds."""
    if key.expires_at is None:
        return "never"
    return words.day((key.expires_at - timedelta(seconds=1)).astimezone(desk.zone))


def _withdrawal(desk: Desk, key: ApiKey | None) -> None:
    if key is None:
        return
    now = desk.now()
    # as plain text: in Markdown an address becomes a link to write to
    st.text(f"Made by {key.made_by} {words.ago(key.made_at, now)}.")
    if key.withdrawn_at is not None:
        st.text(f"Revoked by {key.withdrawn_by} {words.ago(key.withdrawn_at, now)}.")
        return
    st.text(_held_to(key))
    name = f"key {key.id} of {key.client}"
    with st.container(border=True):
        st.markdown(
            f"**Revoke {name}?** From its next request on {words.plain(key.client)} is refused "
            "with this key. Operations that it confirmed and that have not started do not start. A "
            "revoked key cannot be restored: make a new one first if the app is to keep "
            "working."
        )
        sure = st.checkbox("Yes, revoke this key", key=f"sure_{key.id}")
        if st.button(
            f"Revoke {name}", icon=":material/key_off:", key="withdraw", disabled=not sure
        ):
            with problems.told("Nothing was changed."):
                desk.core.api_keys.withdraw(key.id, desk.acting())
                st.session_state[_TOLD] = f"{words.sentence(name)} is revoked."
                st.rerun()


def _held_to(key: ApiKey) -> str:
    """What holds a thief of this key back, in one line."""
    where = "Works from anywhere."
    if key.networks:
        where = f"Works only from {', '.join(key.networks)}."
    student = " Needs the student's own sign-in." if key.needs_student else ""
    budget = f" At most {key.writes_a_day:,} changes a day." if key.writes_a_day else ""
    return f"{where}{student}{budget}"


def _withdrawal_of_all(desk: Desk) -> None:
    with st.expander("Revoke all keys", icon=":material/key_off:"):
        st.markdown(
            "For when keys were stolen and nobody knows which. Every app is refused from its next "
            "request on and needs a new key. Students cannot book or cancel in the apps until then."
        )
        sure = st.checkbox("Yes, revoke all keys of all apps", key="sure_all")
        if st.button(
            "Revoke all keys", icon=":material/key_off:", key="withdraw_all", disabled=not sure
        ):
            with problems.told("Nothing was changed."):
                found = desk.core.api_keys.withdraw_all(desk.acting())
                number = words.count(len(found), "key")
                st.session_state[_TOLD] = f"{number} revoked: no app can use the API now."
                st.rerun()
