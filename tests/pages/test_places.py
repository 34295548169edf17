"""Streamlit's objects of pages are made once, and shared by no two runs."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _two_runs() -> None:
    import streamlit as st

    from pages.shared import places

    one, other = (places.as_page(places.AUDIT) for _ in range(2))
    hidden = places.as_page(places.AUDIT, visible=False)
    one._can_be_called = True
    st.session_state["told"] = [
        (each.url_path, each.title, each.visibility, each._can_be_called)
        for each in (one, other, hidden)
    ]


def test_whose_turn_a_page_is_in_one_run_is_not_known_to_another() -> None:
    told = AppTest.from_function(_two_runs).run().session_state["told"]

    assert told == [
        ("audit", "Audit", "visible", True),
        ("audit", "Audit", "visible", False),
        ("audit", "Audit", "hidden", False),
    ]
