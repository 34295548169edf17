"""Contacts on the screen: the search, and the page of one."""

from __future__ import annotations

import streamlit as st

from core.credits.records import ContactId
from pages.shared.gate import Desk
from pages.shared.students.contact import address, searching, view


def show(desk: Desk) -> None:
    """The contact that the address names, else the search."""
    id_ = st.query_params.get(address.CONTACT, "").strip()
    if id_:
        view.show(desk, ContactId(id_))
    else:
        searching.show(desk)
