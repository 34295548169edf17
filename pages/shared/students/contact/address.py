"""Where a person is: the one contact that the address names; and those they had open lately."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.shared.students import names

CONTACT = names.IN_ADDRESS
#: The preview or operation of that contact that is in hand.
IN_HAND = "plan"
#: Of the search; kept in the address while a contact is open, so that "back" leads to its results.
TEXT = "find"
#: Contacts remembered for one person's session.
LATELY_MAX = 8
_LATELY = "_contacts_lately"


def open_contact(contact_id: str) -> None:
    """For callbacks: the rerun comes by itself."""
    st.query_params.pop(IN_HAND, None)
    st.query_params[CONTACT] = contact_id


def leave() -> None:
    """Back to the search, and what was found."""
    for name in (CONTACT, IN_HAND):
        st.query_params.pop(name, None)


def remember(contact_id: str, name: str) -> None:
    """This contact was open just now."""
    kept = {id_: told for id_, told in lately().items() if id_ != contact_id}
    newest = {contact_id: name} | kept
    st.session_state[_LATELY] = dict(list(newest.items())[:LATELY_MAX])


def lately() -> Mapping[str, str]:
    """Contacts open lately in this session, newest first: id to name."""
    kept: dict[str, str] = st.session_state.get(_LATELY, {})
    return kept
