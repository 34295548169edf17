"""Where a person is: the one session that the address names."""

from __future__ import annotations

import streamlit as st

EXAM = "exam"


def open_exam(exam_id: str) -> None:
    """For callbacks: the rerun comes by itself."""
    st.query_params[EXAM] = exam_id


def leave() -> None:
    """Back to the list, as it was narrowed."""
    st.query_params.pop(EXAM, None)
