"""Downloads: every list leaves by the same way as from the command line."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.credits.csv_safe import Table
from core.exports.listings import Export, Listing
from pages.shared.access import downloads
from pages.shared.gate import Desk

__all__ = ["csv_button", "example_button", "of"]


def of(listing: Listing, table: Table, named: str) -> Export:
    """What a page holds already: of one preview, operation or repair, which is ``named``."""
    return Export(listing=listing, table=table, narrowed={"id": named})


def csv_button(
    desk: Desk, make: Callable[[Desk], Export], name: str, told: str, *, label: str = "CSV"
) -> None:
    """The file is made when somebody wants it, and the page is not drawn again for it.

    ``make``: is handed the desk with the person as of then. ``told``: what is in it.
    """

    def taken() -> bytes:
        as_of_now = desk.again()
        return desk.core.exporter.taken(make(as_of_now), as_of_now.actor)

    _button(desk, label, taken, name, told)


def example_button(desk: Desk, text: str, name: str, told: str) -> None:
    """A file to begin with. It holds nothing of the desk, and so is no export."""
    _button(desk, "Example", text.encode, name, told)


def _button(desk: Desk, label: str, make: Callable[[], bytes], name: str, told: str) -> None:
    st.download_button(
        label,
        make,
        file_name=f"{name}.csv",
        mime=downloads.kind("text/csv", desk.claims, desk.actor),
        icon=":material/download:",
        help=told,
        on_click="ignore",
    )
