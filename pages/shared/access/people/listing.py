"""Everybody who has a role, a form to give one, and the withdrawal of the one ticked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.access.people import BY_SETTINGS
from core.credits.roles import ALLOWED, Act, Grant, Role, RoleRequest
from pages.shared import problems, tables, words
from pages.shared.access.people import pending
from pages.shared.access.people.pending import WORDS
from pages.shared.gate import Desk

COLOURS = {Role.ADMIN: "violet", Role.MANAGER: "blue", Role.STAFF: "gray"}

assert WORDS.keys() == COLOURS.keys() == set(Role), "every role has its word and colour"

#: What the last change came to, told after the page was drawn anew.
_TOLD = "_people_told"
#: The form is empty again once what it asked for was done.
_GIVEN = "_people_given"


def show(desk: Desk) -> None:
    """For admins only: the gate has seen to that."""
    if done := st.session_state.pop(_TOLD, None):
        st.success(done, icon=":material/check_circle:")
    people = desk.core.access.people(desk.actor)
    st.markdown(
        "People without a role see nothing. Changes apply from the next click on. "
        "Operations that a person confirmed and that have not started do not start once the role "
        "is removed."
    )
    pending.requests(desk, _done)
    pending.strangers(desk, _done)
    left, right = st.columns([3, 2], gap="large")
    with left:
        chosen = _listing(desk, people)
        if chosen is not None:
            _withdrawal(desk, chosen)
    with right:
        _form(desk, people)


def _listing(desk: Desk, people: Sequence[Grant]) -> Grant | None:
    columns = {
        "Role": tables.badge_column("Role", list(WORDS.values()), list(COLOURS.values())),
        "Person": st.column_config.TextColumn(width=200),
        "Given by": st.column_config.TextColumn(width=220),
    }
    ids = [person.email for person in people]
    shown = frame(desk, people)
    ticked = tables.one_ticked("people", shown, ids, columns, alt="Everybody who has a role")
    if ticked is None:
        st.caption("Select a person to remove their role.")
        return None
    return people[ticked]


def frame(desk: Desk, people: Sequence[Grant]) -> pd.DataFrame:
    """One row for each person."""
    by_settings = [person.by == BY_SETTINGS for person in people]
    now = desk.now()
    return pd.DataFrame(
        {
            "Role": [[WORDS[person.role]] for person in people],
            "Person": [person.email for person in people],
            "Given by": [
                f"the setting {BY_SETTINGS}" if settings else person.by
                for person, settings in zip(people, by_settings, strict=True)
            ],
            "When": [
                words.NOTHING if settings else words.ago(person.at, now)
                for person, settings in zip(people, by_settings, strict=True)
            ],
        }
    )


def _withdrawal(desk: Desk, person: Grant) -> None:
    if person.by == BY_SETTINGS:
        st.caption(f"{words.plain(person.email)} is changed in the settings ({BY_SETTINGS}).")
        return
    act = f"Remove the role {WORDS[person.role]} from {person.email}"
    if st.button(act, icon=":material/person_remove:", key="withdraw"):
        with problems.told("Nothing was changed."):
            desk.core.access.withdraw(person.email, desk.acting())
            _done(f"{words.plain(person.email)} has no role any more.")


def _form(desk: Desk, people: Sequence[Grant]) -> None:
    if st.session_state.pop(_GIVEN, False):
        st.session_state["give_email"] = ""
    with st.form("give", border=True):
        st.header("Give a role", anchor=False)
        email = st.text_input(
            "E-mail address", placeholder="As the person signs in", key="give_email"
        )
        role = st.radio(
            "Role", list(Role), format_func=WORDS.__getitem__,
            captions=[may(role) for role in Role], key="give_role",
        )  # fmt: skip
        sure = st.form_submit_button("Give the role", type="primary", key="give_sure")
    if sure and role is not None:
        before = {person.email: person.role for person in people}.get(email.strip().casefold())
        with problems.told("Nothing was changed."):
            given = desk.core.access.grant(email, role, desk.acting())
            st.session_state[_GIVEN] = True
            was = f", {WORDS[before]} before" if before else ""
            who = words.plain(given.email)
            others = desk.core.access.same_people([given.email])
            same = pending.same_mailbox(others.get(given.email, ()))
            if isinstance(given, RoleRequest):
                _done(
                    f"Another admin must approve that {who} becomes {WORDS[role]}. {same}".rstrip()
                )
            _done(f"{who} is now {WORDS[given.role]}{was}. {same}".rstrip())


def may(role: Role) -> str:
    """What this role may, in words: "look contacts and exams up; …"."""
    told = "; ".join(act for act in Act if act in ALLOWED[role])
    return f"May {told}."


def _done(told: str) -> None:
    st.session_state[_TOLD] = told
    st.rerun()
