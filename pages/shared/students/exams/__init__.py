"""Exam sessions on the screen: the list, one session, and the scheduled activation."""

from __future__ import annotations

import streamlit as st

from core.credits.records import ExamId
from pages.shared.gate import Desk
from pages.shared.students.exams import activation, address, listing, view


def show(desk: Desk) -> None:
    """The session that the address names, else the list."""
    id_ = st.query_params.get(address.EXAM, "").strip()
    if id_:
        view.show(desk, ExamId(id_))
        return
    listing.show(desk)
    activation.show(desk)
