"""CSV for people who open it in a spreadsheet; the command line writes the same."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.spreadsheets import FORMULA_STARTS, csv_bytes

__all__ = ["FORMULA_STARTS", "csv_button", "csv_bytes"]


def csv_button(make: Callable[[], bytes], name: str, told: str, *, label: str = "CSV") -> None:
    """The file is made when somebody wants it, and the page is not drawn again for it.

    ``told``: what is in it.
    """
    st.download_button(
        label,
        make,
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        help=told,
        on_click="ignore",
    )
